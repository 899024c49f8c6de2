package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations/mx"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/leads"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// chats is what Unipile must offer to understand an answer.
type chats interface {
	messages.ChatReader
	Now() time.Time // by its own clock; zero: not known
}

const day = 24 * time.Hour

// Settings is how answers are read.
type Settings struct {
	Limits             accounts.Limits
	ProfileReadsPerDay int
}

// Deps is what the inbox works with.
type Deps struct {
	Pool     *pgxpool.Pool
	LinkedIn *unipile.Client
	Mail     *mx.Checker // nil: domains of addresses are not looked up
	Funnel   *queue.Funnel
	Settings Settings
}

func newAnswers(d Deps) *Answers {
	return &Answers{
		Queries: store.New(), pool: d.Pool, chats: d.LinkedIn, mail: d.Mail, funnel: d.Funnel, settings: d.Settings,
	}
}

// Answers reads what leads wrote and moves their conversations on: the states are
// drawn at [conversation.Turn.Hear].
type Answers struct {
	*store.Queries

	pool *pgxpool.Pool

	chats    chats
	mail     *mx.Checker // nil: domains are not looked up
	funnel   *queue.Funnel
	settings Settings
}

// hearAll handles every stored message of an account that is not handled yet, or those
// of one person, oldest first and each in a transaction of its own: one that fails
// stops no other.
func (w *Answers) hearAll(ctx context.Context, accountID, senderID string) error {
	run := w.newHearing()
	var failed error
	var decided []int64
	next := store.InboxMessageListUnhandledParams{AccountID: accountID, SenderID: senderID, MaxRows: 500}
	for {
		messages, err := w.InboxMessageListUnhandled(ctx, w.pool, next)
		if err != nil {
			return errors.Join(failed, fmt.Errorf("list unhandled messages of account %s: %w", accountID, err))
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			next.AfterSentAt, next.AfterID = m.SentAt, m.ID
			if err := run.hear(ctx, accountID, m); err != nil {
				failed = errors.Join(failed, fmt.Errorf("message %d: %w", m.ID, err))
				continue
			}
			decided = append(decided, m.ID)
		}
	}
	if failed != nil {
		failed = fmt.Errorf("handle messages of account %s: %w", accountID, failed)
	}
	// Only what was decided: a "stop" that arrived meanwhile, or whose lead moved on or was
	// locked, has its turn yet.
	settled := store.InboxMessageSettleParams{AccountID: accountID, Ids: decided}
	if _, err := w.InboxMessageSettle(ctx, w.pool, settled); err != nil {
		return errors.Join(failed, fmt.Errorf("settle messages of account %s: %w", accountID, err))
	}
	return failed
}

// heard is a message of a lead.
type heard = store.InboxMessageListUnhandledRow

// hearTries is how often a message is decided about anew at once when its lead moved on.
const hearTries = 3

// hear decides what one message means and writes it down. No error means that it is
// decided: nothing is left to be heard in it, unless the person is asked yet.
func (w *hearing) hear(ctx context.Context, accountID string, m heard) error {
	err := errMeanwhile
	for try := 0; try < hearTries && errors.Is(err, errMeanwhile); try++ {
		err = w.hearOnce(ctx, accountID, m)
	}
	if errors.Is(err, errHandled) {
		return nil
	}
	return err
}

func (w *hearing) hearOnce(ctx context.Context, accountID string, m heard) error {
	asked := store.LeadFindAskedParams{AccountID: accountID, ProviderID: m.SenderID}
	lead, err := w.LeadFindAsked(ctx, w.pool, asked)
	unasked := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !unasked {
		return fmt.Errorf("find lead: %w", err)
	}
	lies := before
	if !unasked {
		lies = w.question(lead, m).orderOf(m)
	}
	if lies == unclear && lead.ChatID == nil {
		// Our question is known among the provider's messages by its chat, where that told no id.
		if _, err := w.inOurChat(ctx, accountID, lead, m); err != nil {
			return err
		}
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
	err = w.decide(ctx, accountID, m, move == conversation.MoveOptOut, func(tx pgx.Tx) error {
		if _, err := w.LeadLock(ctx, tx, lead.ID); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("lock lead %s: %w", lead.ID, err)
		}
		now, err := w.LeadFindAsked(ctx, tx, asked)
		if errors.Is(err, pgx.ErrNoRows) || (err == nil && now.ID != lead.ID) {
			return errMeanwhile
		}
		if err != nil {
			return fmt.Errorf("find lead %s again: %w", lead.ID, err)
		}
		if err := w.setHandled(ctx, tx, m, lead, reply); err != nil {
			return err
		}
		switch move {
		case conversation.MoveCapture:
			captured, err := leads.Capture(ctx, tx, leads.Origin{
				LeadID: lead.ID, CampaignID: store.Value(lead.CampaignID), AskedBy: lead.ScrapeJobID,
				AccountID: accountID, PersonID: m.SenderID, ChatID: m.ChatID, Answer: m.MessageID,
			}, reply.Address)
			if err == nil && !captured {
				return errMeanwhile
			}
			return err
		case conversation.MoveOptOut:
			return leads.OptOut(ctx, tx, accountID, m.SenderID)
		case conversation.MoveAsk:
			return w.askAgain(ctx, tx, accountID, lead, m, turn, wording, reply)
		default:
			return nil // the lead goes on waiting; the result says why
		}
	})
	if err == nil {
		w.count(move == conversation.MoveCapture, move == conversation.MoveOptOut)
	}
	return err
}

var (
	// errMeanwhile rolls back when the lead moved on between reading and locking it: the
	// message is to be decided about anew.
	errMeanwhile = errors.New("the lead moved on meanwhile")
	// errHandled rolls back when another attempt was faster.
	errHandled = errors.New("the message is handled already")
)

func (w *Answers) setHandled(ctx context.Context, tx pgx.Tx, m heard, lead store.LeadFindAskedRow, reply conversation.Reply) error {
	result := string(reply.Kind)
	rows, err := w.InboxMessageSetHandled(ctx, tx, store.InboxMessageSetHandledParams{
		ID: m.ID, LeadID: &lead.ID, Result: &result, Reason: reply.Reason,
	})
	if err != nil {
		return fmt.Errorf("set message %d handled: %w", m.ID, err)
	}
	if rows == 0 {
		return errHandled
	}
	return nil
}

// question is what a lead was asked, as far back as the provider's clock was set since.
func (w *Answers) question(lead store.LeadFindAskedRow, m heard) question {
	q := questionOf(lead)
	if now := w.chats.Now(); isKnown(q.claimedAt) && !now.IsZero() {
		q.setBack = max(q.claimedAt.Add(m.Now.Sub(q.askedAt)).Sub(now), 0)
	}
	return q
}

// hearStop handles a message that answers no question of ours: only that somebody
// wants no messages is heard, in whatever state their leads are.
func (w *hearing) hearStop(ctx context.Context, accountID string, m heard, asked bool) error {
	known, err := w.LeadKnownSince(ctx, w.pool, store.LeadKnownSinceParams{AccountID: accountID, ProviderID: m.SenderID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find leads: %w", err)
	}
	reply := conversation.Reply{Kind: conversation.ReplyNone, Reason: "before_question"}
	if !m.SentAt.Before(w.leadSince(known, m)) && conversation.ReadReply(m.Body).Kind == conversation.ReplyOptOut {
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
	err = w.decide(ctx, accountID, m, reply.Kind == conversation.ReplyOptOut, func(tx pgx.Tx) error {
		if err := w.setHandled(ctx, tx, m, store.LeadFindAskedRow{}, reply); err != nil || reply.Kind == conversation.ReplyNone {
			return err
		}
		return leads.OptOut(ctx, tx, accountID, m.SenderID)
	})
	if err == nil {
		w.count(false, reply.Kind == conversation.ReplyOptOut)
	}
	return err
}

// leadSince is since when a "stop" of a lead counts, by the provider's clock as far as
// that is known: one too many is heard rather than one too few.
func (w *Answers) leadSince(since time.Time, m heard) time.Time {
	now := w.chats.Now()
	if now.IsZero() {
		return since.Add(-day)
	}
	return since.Add(now.Sub(m.Now)).Add(-estimatedSlack)
}

// read says what an answer gives, if it is one: in our chat with that person.
func (w *hearing) read(
	ctx context.Context, accountID string, lead store.LeadFindAskedRow, m heard, turn conversation.Turn,
) (conversation.Reply, error) {
	ours, err := w.inOurChat(ctx, accountID, lead, m)
	if err != nil || !ours {
		return conversation.Reply{Kind: conversation.ReplyNone, Reason: "other_chat"}, err
	}
	around, err := w.InboxMessageListAround(ctx, w.pool, store.InboxMessageListAroundParams{
		AccountID: accountID, SenderID: m.SenderID, ChatID: m.ChatID,
		SentAt: m.SentAt, ID: m.ID, Since: w.question(lead, m).earliest(),
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
func (w *hearing) inOurChat(ctx context.Context, accountID string, lead store.LeadFindAskedRow, m heard) (bool, error) {
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
		err = store.InTxWithin(ctx, w.pool, w.patience, func(tx pgx.Tx) error {
			return w.MessageSetChat(ctx, tx, store.MessageSetChatParams{ID: lead.MessageID, ChatID: m.ChatID})
		})
	}
	if store.IsLocked(err) {
		err = nil // it saves a look next time, no more
	}
	return true, err
}

// isPrivate asks the provider whether a message stands in a one-to-one chat.
func (w *hearing) isPrivate(ctx context.Context, accountID string, m heard) (bool, error) {
	if m.ChatID == nil {
		return false, nil
	}
	chats, err := messages.ChatsWith(ctx, w.chats, accountID, m.SenderID)
	return err == nil && slices.Contains(chats, *m.ChatID), err
}

// answerDelay is how long a second question waits: like a person would, and for the
// rest of an address that comes in pieces.
func (w *Answers) answerDelay() time.Duration { return w.settings.Limits.LikeAPerson() }

// Steps of the funnel that are counted here.
const (
	stepAnswerRead = "answer_read"
	stepOptedOut   = "opted_out"
)

// Steps lists them.
func Steps() []string { return []string{stepAnswerRead, leads.StepEmailCaptured, stepOptedOut} }

// count counts an answer that was handled, and what it brought.
func (w *Answers) count(captured, optedOut bool) {
	w.funnel.Count(stepAnswerRead, 1)
	if captured {
		w.funnel.Count(leads.StepEmailCaptured, 1)
	}
	if optedOut {
		w.funnel.Count(stepOptedOut, 1)
	}
}
