package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SendDMArgs sends one message of the ledger. The planner enqueues it
// when the message's turn is near. Repeating it is safe: the ledger is claimed
// before anything is sent, and a message whose outcome is not known is looked up
// in the chat first.
type SendDMArgs struct {
	MessageID int64 `json:"message_id"`
}

// Kind names the job.
func (SendDMArgs) Kind() string { return "send_dm" }

// InsertOpts makes one job a message.
func (SendDMArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Messages, 10) }

// writer is what Unipile must offer to send a message and to look for it.
type writer interface {
	StartChat(ctx context.Context, accountID, recipientID, text string) (unipile.Sent, error)
	SendMessage(ctx context.Context, accountID, chatID, text string) (unipile.Sent, error)
	chatReader
}

type sendDM struct {
	river.WorkerDefaults[SendDMArgs]
	database

	linkedin writer
	funnel   *Funnel
	settings Settings
}

// sendMargin covers the difference between a worker's clock and the database's.
const sendMargin = 5 * time.Second

// Timeout leaves a look-up time for several calls.
func (w *sendDM) Timeout(*river.Job[SendDMArgs]) time.Duration { return queue.MaxJobTimeout }

// Work claims, sends and records: two short transactions, none while sending.
func (w *sendDM) Work(ctx context.Context, job *river.Job[SendDMArgs]) error {
	// The clock runs from before the claim: a worker that was frozen in between
	// finds its time over and sends nothing, when others may already look it up.
	sendCtx, cancel := context.WithTimeout(ctx, w.settings.SendTimeout)
	defer cancel()
	m, err := w.claim(ctx, job.Args.MessageID)
	if err != nil || m == nil {
		return err
	}
	if m.State == store.MessageUnknown {
		return w.lookUp(ctx, m)
	}
	sent, err := w.send(sendCtx, m)
	// Whatever became of ctx meanwhile, the outcome must be written down.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err != nil {
		return w.recordFailure(ctx, m, err)
	}
	return w.recordSent(ctx, m, sent, time.Time{})
}

// claim takes the message for this attempt. It returns nil when there is nothing
// to do, and a *queue.NotYet when it is not its turn.
func (w *sendDM) claim(ctx context.Context, id int64) (*store.MessageLockRow, error) {
	var claimed *store.MessageLockRow
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		m, err := w.MessageLock(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lock message %d: %w", id, err)
		}
		claim := uuid.New()
		m.Claim = &claim
		switch m.State {
		case store.MessageSending:
			// Nobody else can still be sending once the time of a send is over.
			if over := m.ClaimedAt.Add(w.settings.SendTimeout + sendMargin); m.Now.Before(over) {
				return &queue.NotYet{Until: over, Reason: "another attempt may be sending it"}
			}
		case store.MessageUnknown:
			if m.NotBefore != nil && m.Now.Before(*m.NotBefore) {
				return &queue.NotYet{Until: *m.NotBefore, Reason: "the provider's reads lag behind"}
			}
		case store.MessageQueued:
			ready, err := w.mayGoOut(ctx, tx, m)
			if err != nil || !ready {
				return err
			}
			if err := w.MessageClaim(ctx, tx, store.MessageClaimParams{ID: id, Claim: &claim}); err != nil {
				return fmt.Errorf("claim message %d: %w", id, err)
			}
			m.ClaimedAt = &m.Now
			claimed = &m
			return nil
		default:
			return nil // sent, failed or skipped: done
		}
		if err := w.MessageTake(ctx, tx, store.MessageTakeParams{ID: id, Claim: &claim}); err != nil {
			return fmt.Errorf("take over message %d: %w", id, err)
		}
		m.State = store.MessageUnknown
		claimed = &m
		return nil
	})
	return claimed, err
}

// mayGoOut checks everything that may have changed since the message was
// planned. The account's row is locked, so that two workers count the same writes.
func (w *sendDM) mayGoOut(ctx context.Context, tx pgx.Tx, m store.MessageLockRow) (bool, error) {
	if reason := unwanted(m); reason != "" {
		if _, err := w.MessageSkip(ctx, tx, store.MessageSkipParams{ID: m.ID, Reason: reason}); err != nil {
			return false, fmt.Errorf("skip message %d: %w", m.ID, err)
		}
		return false, nil
	}
	if m.CampaignRests {
		return false, nil // the planner gives it a job when the campaign goes on
	}
	if err := w.AccountEnsure(ctx, tx, m.AccountID); err != nil {
		return false, fmt.Errorf("make row of account %s: %w", m.AccountID, err)
	}
	account, err := w.AccountLock(ctx, tx, m.AccountID)
	if err != nil {
		return false, fmt.Errorf("lock account %s: %w", m.AccountID, err)
	}
	sit, err := readSituation(ctx, tx, w.Queries, account, w.settings.Limits, m.Now)
	if err != nil {
		return false, err
	}
	p := sit.pots[store.Pot(m.Purpose)]
	at, ok := p.next(later(soon(m.Now, m.NotBefore), sit.nextWrite))
	if !ok || p.paused {
		return false, nil // the planner gives it a job when the pause is over
	}
	if at.After(m.Now) {
		return false, &queue.NotYet{Until: at, Reason: "the account's limits"}
	}
	next := m.Now.Add(w.settings.Limits.drawGap())
	if err := w.AccountSetNextWrite(ctx, tx, store.AccountSetNextWriteParams{ID: m.AccountID, NextWriteAt: &next}); err != nil {
		return false, fmt.Errorf("set next write of account %s: %w", m.AccountID, err)
	}
	return true, nil
}

// unwanted says why a waiting message must not go out any more, or "".
func unwanted(m store.MessageLockRow) string {
	switch {
	case !m.HasLead:
		return "lead_deleted"
	case m.LeadStatus == store.LeadOptedOut, m.OptedOutElsewhere:
		return "opted_out"
	case m.Purpose == store.PurposeFirstDM && m.LeadStatus != store.LeadCommentDetected:
		return "already_contacted"
	case m.Purpose == store.PurposeBackupLink && !store.LeadHasEmail(m.LeadStatus):
		return "no_email"
	default:
		return ""
	}
}

func (w *sendDM) send(ctx context.Context, m *store.MessageLockRow) (unipile.Sent, error) {
	if m.ChatID != nil && *m.ChatID != "" {
		return w.linkedin.SendMessage(ctx, m.AccountID, *m.ChatID, m.Body)
	}
	return w.linkedin.StartChat(ctx, m.AccountID, m.RecipientID, m.Body)
}

// recordSent closes the message and moves the lead on. A zero time means now.
func (w *sendDM) recordSent(ctx context.Context, m *store.MessageLockRow, sent unipile.Sent, at time.Time) error {
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		arg := store.MessageRecordSentParams{ID: m.ID, Claim: m.Claim, ChatID: sent.ChatID, ProviderMessageID: sent.MessageID}
		if !at.IsZero() {
			arg.SentAt = &at
		}
		rows, err := w.MessageRecordSent(ctx, tx, arg)
		if err != nil {
			return err
		}
		if rows == 0 {
			return errors.New("its claim was taken over")
		}
		if m.Purpose != store.PurposeFirstDM {
			return nil
		}
		if m.LeadID != nil {
			move := store.LeadMoveParams{ID: *m.LeadID, FromStatus: store.LeadCommentDetected, ToStatus: store.LeadDMSent}
			if _, err := w.LeadMove(ctx, tx, move); err != nil {
				return err
			}
		}
		if m.ScrapeJobID != nil {
			return w.ScrapeJobAddCounts(ctx, tx, store.ScrapeJobAddCountsParams{ID: *m.ScrapeJobID, Dms: 1})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record message %d as sent: %w", m.ID, err)
	}
	w.funnel.MessageSent(m.Purpose)
	return nil
}

// recordFailure writes down what a failed send means for the message. Where the
// provider may have sent it all the same, the message is in doubt and the next
// attempt looks it up.
func (w *sendDM) recordFailure(ctx context.Context, m *store.MessageLockRow, cause error) error {
	outcome := store.MessageRecordOutcomeParams{ID: m.ID, Claim: m.Claim, ErrorType: "no_answer"}
	vendor := integrations.As(cause)
	if vendor != nil {
		outcome.ErrorType = cmp.Or(vendor.Type, fmt.Sprintf("status_%d", vendor.Status))
		outcome.ErrorDetail = vendor.Detail
	}
	cause = fmt.Errorf("send message %d: %w", m.ID, cause)
	result := cause
	switch {
	case vendor == nil || vendor.OutcomeUnknown:
		outcome.State = store.MessageUnknown
		until := m.ClaimedAt.Add(w.settings.ReadLag)
		outcome.NotBefore = &until
		result = &queue.NotYet{Until: until, Reason: "outcome unknown: " + outcome.ErrorType}
	case vendor.Kind == integrations.Rejected:
		outcome.State = store.MessageFailed
	default:
		outcome.State = store.MessageQueued
		if vendor.Kind == integrations.Temporary {
			until := m.Now.Add(queue.DefaultSchedule.Wait(int(m.Attempts) + 1))
			outcome.NotBefore = &until
			result = &queue.RetryAt{Err: cause, At: until}
		}
	}
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := w.MessageRecordOutcome(ctx, tx, outcome)
		if err != nil || rows == 0 {
			return err // zero rows: another attempt took it over and will record
		}
		if outcome.State == store.MessageFailed && m.Purpose == store.PurposeFirstDM && m.LeadID != nil && unreachable(vendor) {
			move := store.LeadMoveParams{ID: *m.LeadID, FromStatus: store.LeadCommentDetected, ToStatus: store.LeadNotConnected}
			_, err = w.LeadMove(ctx, tx, move)
		}
		return err
	})
	if err != nil {
		return errors.Join(cause, fmt.Errorf("record outcome of message %d: %w", m.ID, err))
	}
	if outcome.State == store.MessageFailed {
		w.funnel.MessageFailed(m.Purpose)
	}
	return result
}
