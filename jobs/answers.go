package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations/mx"
	"github.com/bravorevos/workers/store"
)

// chats is what Unipile must offer to understand an answer.
type chats interface {
	chatReader
	Now() time.Time // by its own clock; zero: not known
}

// answers reads what leads wrote and moves their conversations on: the states are
// drawn at [conversation.Turn.Hear].
type answers struct {
	database

	chats    chats
	mail     *mx.Checker // nil: domains are not looked up
	funnel   *Funnel
	settings Settings
}

// hearAll handles every stored message of an account that is not handled yet, or those
// of one person, oldest first and each in a transaction of its own: one that fails
// stops no other.
func (w *answers) hearAll(ctx context.Context, accountID, senderID string) error {
	var failed error
	var heardOut []int64
	next := store.InboxMessageListUnhandledParams{AccountID: accountID, SenderID: senderID, MaxRows: 500}
	for {
		messages, err := w.InboxMessageListUnhandled(ctx, w.Pool, next)
		if err != nil {
			return fmt.Errorf("list unhandled messages of account %s: %w", accountID, err)
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			next.AfterSentAt, next.AfterID = m.SentAt, m.ID
			heardOut = append(heardOut, m.ID)
			if err := w.hear(ctx, accountID, m); err != nil {
				failed = errors.Join(failed, fmt.Errorf("message %d: %w", m.ID, err))
			}
		}
	}
	if failed != nil {
		return fmt.Errorf("handle messages of account %s: %w", accountID, failed)
	}
	// Only what was listened to: a "stop" that arrived meanwhile has its turn yet.
	settled := store.InboxMessageSettleParams{AccountID: accountID, Ids: heardOut}
	if _, err := w.InboxMessageSettle(ctx, w.Pool, settled); err != nil {
		return fmt.Errorf("settle messages of account %s: %w", accountID, err)
	}
	return nil
}

// heard is a message of a lead.
type heard = store.InboxMessageListUnhandledRow

// hear decides what one message means and writes it down.
func (w *answers) hear(ctx context.Context, accountID string, m heard) error {
	asked := store.LeadFindAskedParams{AccountID: accountID, ProviderID: m.SenderID}
	lead, err := w.LeadFindAsked(ctx, w.Pool, asked)
	unasked := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !unasked {
		return fmt.Errorf("find lead: %w", err)
	}
	lies := before
	if !unasked {
		lies = questionOf(lead).orderOf(m)
	}
	if lies != after {
		// What is not clear yet is looked at again, unless it is a "stop".
		return w.hearStop(ctx, accountID, m, !unasked && lies == before)
	}
	turn, wording, err := w.turn(ctx, lead, m)
	if err != nil {
		return err
	}
	// Before the transaction, since it may ask the provider and the DNS.
	reply, err := w.read(ctx, accountID, lead, m, turn)
	if err != nil {
		return err
	}
	move := turn.Move(reply)
	err = w.inTx(ctx, func(tx pgx.Tx) error {
		now, err := w.LeadFindAsked(ctx, tx, asked)
		if errors.Is(err, pgx.ErrNoRows) || (err == nil && now.ID != lead.ID) {
			return errMeanwhile
		}
		if err != nil {
			return fmt.Errorf("lock lead %s: %w", lead.ID, err)
		}
		if err := w.setHandled(ctx, tx, m, lead, reply); err != nil {
			return err
		}
		switch move {
		case conversation.MoveCapture:
			return w.capture(ctx, tx, origin{
				leadID: lead.ID, campaignID: deref(lead.CampaignID), askedBy: lead.ScrapeJobID,
				accountID: accountID, personID: m.SenderID, chatID: m.ChatID, answer: m.MessageID,
			}, reply.Address)
		case conversation.MoveOptOut:
			return w.optOut(ctx, tx, accountID, m.SenderID)
		case conversation.MoveAsk:
			return w.askAgain(ctx, tx, accountID, lead, m, turn, wording, reply)
		default:
			return nil // the lead goes on waiting; the result says why
		}
	})
	if errors.Is(err, errMeanwhile) {
		return nil // the next look decides again
	}
	if err == nil {
		w.funnel.Answer(move == conversation.MoveCapture, move == conversation.MoveOptOut)
	}
	return err
}

// errMeanwhile rolls back when another attempt was faster, or the lead moved on between
// reading and locking it.
var errMeanwhile = errors.New("the lead moved on meanwhile")

func (w *answers) setHandled(ctx context.Context, tx pgx.Tx, m heard, lead store.LeadFindAskedRow, reply conversation.Reply) error {
	result := string(reply.Kind)
	rows, err := w.InboxMessageSetHandled(ctx, tx, store.InboxMessageSetHandledParams{
		ID: m.ID, LeadID: &lead.ID, Result: &result, Reason: reply.Reason,
	})
	if err != nil {
		return fmt.Errorf("set message %d handled: %w", m.ID, err)
	}
	if rows == 0 {
		return errMeanwhile
	}
	return nil
}

// hearStop handles a message that answers no question of ours: only that somebody
// wants no messages is heard, in whatever state their leads are.
func (w *answers) hearStop(ctx context.Context, accountID string, m heard, asked bool) error {
	known, err := w.LeadKnownSince(ctx, w.Pool, store.LeadKnownSinceParams{AccountID: accountID, ProviderID: m.SenderID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find leads: %w", err)
	}
	reply := conversation.Reply{Kind: conversation.ReplyNone, Reason: "before_question"}
	if !m.SentAt.Before(w.leadSince(known.Since, m)) && conversation.ReadReply(m.Body).Kind == conversation.ReplyOptOut {
		private, err := w.isPrivate(ctx, accountID, m)
		if err != nil {
			return err
		}
		if private {
			reply = conversation.Reply{Kind: conversation.ReplyOptOut, Reason: conversation.ReasonOptOut}
		}
	}
	if reply.Kind == conversation.ReplyNone && !asked {
		return nil // may be an answer yet, when the question is recorded
	}
	err = w.inTx(ctx, func(tx pgx.Tx) error {
		if err := w.setHandled(ctx, tx, m, store.LeadFindAskedRow{}, reply); err != nil || reply.Kind == conversation.ReplyNone {
			return err
		}
		return w.optOut(ctx, tx, accountID, m.SenderID)
	})
	if errors.Is(err, errMeanwhile) {
		return nil
	}
	if err == nil {
		w.funnel.Answer(false, reply.Kind == conversation.ReplyOptOut)
	}
	return err
}

// leadSince is since when a "stop" of a lead counts, by the provider's clock as far as
// that is known: one too many is heard rather than one too few.
func (w *answers) leadSince(since time.Time, m heard) time.Time {
	now := w.chats.Now()
	if now.IsZero() {
		return since.Add(-day)
	}
	return since.Add(now.Sub(m.Now)).Add(-estimatedSlack)
}

// optOut ends all contact of the clients on this account with a person.
func (w *answers) optOut(ctx context.Context, tx pgx.Tx, accountID, personID string) error {
	if _, err := w.OptOutSet(ctx, tx, store.OptOutSetParams{AccountID: accountID, PersonID: &personID}); err != nil {
		return fmt.Errorf("record opt-out: %w", err)
	}
	return nil
}

// read says what an answer gives, if it is one: in our chat with that person.
func (w *answers) read(
	ctx context.Context, accountID string, lead store.LeadFindAskedRow, m heard, turn conversation.Turn,
) (conversation.Reply, error) {
	ours, err := w.inOurChat(ctx, accountID, lead, m)
	if err != nil || !ours {
		return conversation.Reply{Kind: conversation.ReplyNone, Reason: "other_chat"}, err
	}
	around, err := w.InboxMessageListAround(ctx, w.Pool, store.InboxMessageListAroundParams{
		AccountID: accountID, SenderID: m.SenderID, ChatID: m.ChatID,
		SentAt: m.SentAt, ID: m.ID, Since: questionOf(lead).earliest(),
	})
	if err != nil {
		return conversation.Reply{}, fmt.Errorf("read messages around: %w", err)
	}
	var before, after []string
	for _, a := range around {
		if a.IsLater {
			after = append(after, a.Body)
		} else {
			before = append(before, a.Body)
		}
	}
	reply := turn.Hear(before, m.Body)
	// The first piece of an address may come after the last.
	for i := 0; i < len(after) && reply.Kind != conversation.ReplyFound && reply.Kind != conversation.ReplyOptOut; i++ {
		whole := turn.Hear(slices.Concat(before, []string{m.Body}, after[:i]), after[i])
		if whole.Reason == conversation.ReasonSplit {
			reply = whole
		}
	}
	if reply.Kind == conversation.ReplyFound && w.mail != nil && w.mail.Accepts(ctx, reply.Address) == mx.Refused {
		return conversation.Reply{Kind: conversation.ReplyAsk, Reason: conversation.ReasonNoMail}, nil
	}
	return reply, nil
}

// inOurChat makes sure that the message stands in the one-to-one chat with that
// person: in a group, an address may be somebody else's.
func (w *answers) inOurChat(ctx context.Context, accountID string, lead store.LeadFindAskedRow, m heard) (bool, error) {
	if lead.ChatID != nil && m.ChatID != nil && *lead.ChatID == *m.ChatID {
		return true, nil
	}
	// The provider may have told no chat id when we wrote, and leads from before
	// the workers have none.
	private, err := w.isPrivate(ctx, accountID, m)
	if err != nil || !private {
		return false, err
	}
	if lead.MessageID != 0 {
		err = w.MessageSetChat(ctx, w.Pool, store.MessageSetChatParams{ID: lead.MessageID, ChatID: m.ChatID})
	}
	return true, err
}

// isPrivate asks the provider whether a message stands in a one-to-one chat.
func (w *answers) isPrivate(ctx context.Context, accountID string, m heard) (bool, error) {
	if m.ChatID == nil {
		return false, nil
	}
	chats, err := chatsWith(ctx, w.chats, accountID, m.SenderID)
	return err == nil && slices.Contains(chats, *m.ChatID), err
}

// answerDelay is how long a second question waits: like a person would, and for the
// rest of an address that comes in pieces.
func (w *answers) answerDelay() time.Duration { return w.settings.afterRelation() }
