package messages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// recordSent closes the message and moves the lead on: sent at a time by our clock, zero
// for now, and by the provider's, zero where it did not say.
func (w *sendDM) recordSent(ctx context.Context, m *store.MessageLockRow, sent unipile.Sent, at, byProvider time.Time) error {
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		arg := store.MessageRecordSentParams{ID: m.ID, Claim: m.Claim, ChatID: sent.ChatID, ProviderMessageID: sent.MessageID}
		if !at.IsZero() {
			arg.SentAt = &at
		}
		if !byProvider.IsZero() {
			arg.ProviderSentAt = &byProvider
		}
		rows, err := w.MessageRecordSent(ctx, tx, arg)
		if err != nil {
			return err
		}
		if rows == 0 {
			return errors.New("its claim was taken over")
		}
		return afterSent(ctx, tx, m.ID, m.Purpose, m.LeadID, m.ScrapeJobID)
	})
	if err != nil {
		return fmt.Errorf("record message %d as sent: %w", m.ID, err)
	}
	w.funnel.Count(stepSent(m.Purpose), 1)
	return nil
}

// afterSent is what follows from a message that went out.
func afterSent(ctx context.Context, tx pgx.Tx, id int64, purpose string, lead, scrapeJob *uuid.UUID) error {
	q := store.New()
	switch purpose {
	case store.PurposeFirstDM:
		return moveLeadOrLater(ctx, tx, id, lead, scrapeJob)
	case store.PurposeSecondQuestion, store.PurposeThirdQuestion:
		if _, err := q.InboxMessageReopen(ctx, tx, id); err != nil {
			return fmt.Errorf("reopen answers to message %d: %w", id, err)
		}
	}
	return nil
}

// recordFailure writes down what a failed send means for the message. Where the
// provider may have sent it all the same, the message is in doubt and the next
// attempt looks it up.
func (w *sendDM) recordFailure(ctx context.Context, m *store.MessageLockRow, cause error) error {
	vendor := integrations.As(cause)
	if alreadyThere(m, vendor) {
		return w.recordSent(ctx, m, unipile.Sent{}, time.Time{}, time.Time{})
	}
	outcome, result := w.judgeFailure(m, cause)
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		rows, err := w.MessageRecordOutcome(ctx, tx, outcome)
		if err != nil || rows == 0 {
			return err // zero rows: another attempt took it over and will record
		}
		switch {
		case outcome.State == store.MessageFailed && m.Purpose == store.PurposeFirstDM && unipile.Unreachable(vendor):
			return w.cannotBeReached(ctx, tx, m, vendor.Type)
		case m.Purpose == store.PurposeInvitation && vendor != nil && vendor.Type == unipile.TypeAlreadyConnected:
			return RelationsAppeared(ctx, tx, m.AccountID, []string{m.RecipientID}, w.settings.Limits.LikeAPerson())
		default:
			return nil
		}
	})
	if err != nil {
		return errors.Join(cause, fmt.Errorf("record outcome of message %d: %w", m.ID, err))
	}
	if outcome.State == store.MessageFailed {
		w.countFailed(m.Purpose)
	}
	return result
}

// judgeFailure says in which state a failed send leaves its message, and what the
// queue is told.
func (w *sendDM) judgeFailure(m *store.MessageLockRow, cause error) (store.MessageRecordOutcomeParams, error) {
	outcome := store.MessageRecordOutcomeParams{ID: m.ID, Claim: m.Claim, ErrorType: "no_answer"}
	vendor := integrations.As(cause)
	if vendor != nil {
		outcome.ErrorType = cmp.Or(vendor.Type, fmt.Sprintf("status_%d", vendor.Status))
		outcome.ErrorDetail = vendor.Detail
	}
	_, notSent := errors.AsType[*notSentError](cause)
	cause = fmt.Errorf("send message %d: %w", m.ID, cause)
	switch {
	case notSent:
		outcome.State, outcome.ErrorType, outcome.CostsNothing = store.MessageQueued, "not_tried", true
		return outcome, cause
	case vendor == nil || vendor.OutcomeUnknown:
		outcome.State = store.MessageUnknown
		until := m.ClaimedAt.Add(w.settings.ReadLag)
		outcome.NotBefore = &until
		return outcome, &queue.NotYet{Until: until, Reason: "outcome unknown: " + outcome.ErrorType}
	case vendor.Type == unipile.TypeResourceNotFound && store.Value(m.ChatID) != "":
		// The owner deleted the chat; the person may still be there.
		outcome.State, outcome.ChatIsGone = store.MessageQueued, true
		return outcome, &queue.Recorded{Err: cause}
	case vendor.Kind == integrations.Rejected, vendor.Type == unipile.TypeInvalidPost && m.Attempts >= unipile.MissesBelieved:
		outcome.State = store.MessageFailed
		return outcome, &queue.Recorded{Err: cause}
	case vendor.Kind == integrations.Temporary:
		outcome.State = store.MessageQueued
		until := m.Now.Add(queue.DefaultSchedule.Wait(int(m.Attempts) + 1))
		outcome.NotBefore = &until
		return outcome, &queue.RetryAt{Err: cause, At: until}
	case vendor.Kind == integrations.Limited && vendor.Scope == integrations.ScopeTarget:
		outcome.State = store.MessageQueued
		until := m.Now.Add(max(vendor.RetryAfter, time.Hour))
		outcome.NotBefore = &until
		return outcome, &queue.Recorded{Err: cause}
	case vendor.Scope == integrations.ScopeAccount:
		// The account is paused, and the planner goes on with its messages when that
		// is over: the job must not wait beside it.
		outcome.State, outcome.CostsNothing = store.MessageQueued, true
		return outcome, &queue.Recorded{Err: cause, Limits: store.Pot(m.Purpose)}
	default:
		outcome.State, outcome.CostsNothing = store.MessageQueued, true
		return outcome, cause
	}
}

// alreadyThere knows the refusals that say an invitation of ours is there: only
// one that was tried before can be.
func alreadyThere(m *store.MessageLockRow, e *integrations.Error) bool {
	return e != nil && m.Purpose == store.PurposeInvitation && m.Attempts > 0 && e.Type == unipile.TypeAlreadyInvited
}

// Steps of the funnel that are counted here.
const (
	stepDMSent          = "dm_sent"
	stepDMFailed        = "dm_failed"
	stepBackupLinkSent  = "backup_link_sent"
	stepPublicReplySent = "public_reply_sent"
	stepInvitationSent  = "invitation_sent"
	stepQuestionSent    = "question_sent"
	stepFollowUpSent    = "follow_up_sent"
)

// Steps lists them.
func Steps() []string {
	return []string{
		stepDMSent, stepDMFailed, stepBackupLinkSent, stepPublicReplySent, stepInvitationSent, stepQuestionSent, stepFollowUpSent,
	}
}

// stepSent is the step of a message that is recorded as sent.
func stepSent(purpose string) string {
	switch purpose {
	case store.PurposeFirstDM:
		return stepDMSent
	case store.PurposePublicReply:
		return stepPublicReplySent
	case store.PurposeInvitation:
		return stepInvitationSent
	case store.PurposeSecondQuestion, store.PurposeThirdQuestion:
		return stepQuestionSent
	case store.PurposeFollowUp:
		return stepFollowUpSent
	default:
		return stepBackupLinkSent
	}
}

// countFailed counts a first message that the provider refused for ever.
func (w *sendDM) countFailed(purpose string) {
	if purpose == store.PurposeFirstDM {
		w.funnel.Count(stepDMFailed, 1)
	}
}
