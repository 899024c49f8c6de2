package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// CheckInboxArgs reads the new messages of one account. The sweep enqueues it
// while leads wait. Repeating it is safe: messages have unique ids, and a lead's
// answer is taken in the transaction that moves the lead on.
type CheckInboxArgs struct {
	AccountID string `json:"account_id"`
}

// Kind names the job.
func (CheckInboxArgs) Kind() string { return "check_inbox" }

// InsertOpts makes one job an account. The next period brings another, so that
// many tries are not worth it.
func (CheckInboxArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Inbox, 3) }

// inbox is what Unipile must offer to hear answers.
type inbox interface {
	Messages(ctx context.Context, accountID string, after time.Time, cursor string) (unipile.MessagePage, error)
	Profile(ctx context.Context, accountID, identifier string) (unipile.Profile, error)
	chatReader
}

type checkInbox struct {
	river.WorkerDefaults[CheckInboxArgs]
	database

	linkedin inbox
	funnel   *Funnel
}

const (
	// Messages are synchronised late, so each read goes back a little; known ids
	// are dropped. https://developer.unipile.com/docs/get-messages
	inboxOverlap = 10 * time.Minute
	// How far back the first look into an account goes: leads from before the
	// workers may have answered already.
	inboxFirstLook = 7 * 24 * time.Hour
	// Slugs resolved in one run: each costs a profile read, of which an account
	// should make about 100 a day.
	resolveAtOnce = 10
)

// Timeout bounds one look into an inbox.
func (w *checkInbox) Timeout(*river.Job[CheckInboxArgs]) time.Duration { return queue.MaxJobTimeout }

// Work stores what leads wrote since the last look, then handles each answer in a
// transaction of its own: one that fails stops no other.
func (w *checkInbox) Work(ctx context.Context, job *river.Job[CheckInboxArgs]) error {
	account := job.Args.AccountID
	// A slug that cannot be resolved must not keep the others from being heard.
	resolveErr := w.resolveSlugs(ctx, account)
	if err := w.readNew(ctx, account); err != nil {
		return fmt.Errorf("read inbox of account %s: %w", account, errors.Join(err, resolveErr))
	}
	if err := w.handleNew(ctx, account); err != nil {
		return fmt.Errorf("handle answers of account %s: %w", account, errors.Join(err, resolveErr))
	}
	if _, err := w.InboxMessageSettle(ctx, w.Pool, account); err != nil {
		return fmt.Errorf("settle messages of account %s: %w", account, err)
	}
	return resolveErr
}

// readNew stores the messages of leads. Strangers' are not kept.
func (w *checkInbox) readNew(ctx context.Context, accountID string) error {
	if err := w.AccountEnsure(ctx, w.Pool, accountID); err != nil {
		return fmt.Errorf("make account row: %w", err)
	}
	account, err := w.AccountGet(ctx, w.Pool, accountID)
	if err != nil {
		return fmt.Errorf("read account: %w", err)
	}
	since := time.Now().Add(-inboxFirstLook)
	if account.InboxReadUntil != nil {
		since = account.InboxReadUntil.Add(-inboxOverlap)
	}
	newest := time.Time{}
	for cursor := ""; ; {
		page, err := w.linkedin.Messages(ctx, accountID, since, cursor)
		if err != nil {
			return err
		}
		for _, m := range page.Messages {
			newest = later(newest, m.At)
		}
		if err := w.storeMessages(ctx, accountID, page.Messages); err != nil {
			return err
		}
		if err := w.noteOwn(ctx, accountID, page.Messages); err != nil {
			return err
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	// Only now: a read that broke off starts again from the same point.
	if newest.IsZero() {
		return nil
	}
	// A time from the future (a clock, or a bug at the provider) would make us deaf.
	if now := time.Now(); newest.After(now) {
		newest = now
	}
	return w.AccountSetInboxRead(ctx, w.Pool, store.AccountSetInboxReadParams{
		ID: accountID, InboxReadUntil: newest, InboxRewinds: account.InboxRewinds,
	})
}

func (w *checkInbox) storeMessages(ctx context.Context, accountID string, messages []unipile.Message) error {
	var inbound []unipile.Message
	var people []string
	for _, m := range messages {
		if m.FromAccount || m.IsEvent || m.Deleted || m.Hidden || m.SenderID == "" || m.At.IsZero() {
			continue
		}
		inbound = append(inbound, m)
		people = append(people, m.SenderID)
	}
	if len(inbound) == 0 {
		return nil
	}
	known, err := w.LeadListKnownPeople(ctx, w.Pool, store.LeadListKnownPeopleParams{AccountID: accountID, People: people})
	if err != nil {
		return fmt.Errorf("find leads among senders: %w", err)
	}
	for _, m := range inbound {
		if !slices.Contains(known, m.SenderID) {
			continue
		}
		_, err := w.InboxMessageInsert(ctx, w.Pool, store.InboxMessageInsertParams{
			AccountID: accountID,
			MessageID: m.ID,
			ChatID:    nullable(m.ChatID),
			SenderID:  m.SenderID,
			Body:      storable(m.Text),
			SentAt:    m.At,
		})
		if err != nil {
			return fmt.Errorf("store message %s: %w", m.ID, err)
		}
	}
	return nil
}

// ownMatch is how far apart our record of a send and the provider's time of it may
// lie, where only the text tells that it is ours.
const ownMatch = 10 * time.Minute

// noteOwn counts what the account's owner typed in LinkedIn.
func (w *checkInbox) noteOwn(ctx context.Context, accountID string, messages []unipile.Message) error {
	for _, m := range messages {
		if !m.FromAccount || m.IsEvent || m.ID == "" || m.At.IsZero() {
			continue
		}
		_, err := w.OwnMessageInsert(ctx, w.Pool, store.OwnMessageInsertParams{
			AccountID: accountID, MessageID: m.ID, SentAt: m.At, Body: storable(m.Text),
			Earliest: m.At.Add(-ownMatch), Latest: m.At.Add(ownMatch),
		})
		if err != nil {
			return fmt.Errorf("note own message %s: %w", m.ID, err)
		}
	}
	return nil
}

// handleNew handles every stored answer of people who were asked.
func (w *checkInbox) handleNew(ctx context.Context, accountID string) error {
	var failed error
	next := store.InboxMessageListUnhandledParams{AccountID: accountID, MaxRows: 500}
	for {
		answers, err := w.InboxMessageListUnhandled(ctx, w.Pool, next)
		if err != nil {
			return fmt.Errorf("list unhandled answers: %w", err)
		}
		if len(answers) == 0 {
			return failed
		}
		for _, a := range answers {
			next.AfterSentAt, next.AfterID = a.SentAt, a.ID
			if err := w.handle(ctx, accountID, a); err != nil {
				failed = errors.Join(failed, fmt.Errorf("answer %d: %w", a.ID, err))
			}
		}
	}
}

// handle decides what one answer means and writes it down.
func (w *checkInbox) handle(ctx context.Context, accountID string, a store.InboxMessageListUnhandledRow) error {
	asked := store.LeadFindAskedParams{AccountID: accountID, ProviderID: a.SenderID}
	lead, err := w.LeadFindAsked(ctx, w.Pool, asked)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // answered meanwhile by an earlier message
	}
	if err != nil {
		return fmt.Errorf("find lead: %w", err)
	}
	// Before the transaction, since it may ask the provider.
	reply, err := w.judge(ctx, accountID, lead, a)
	if err != nil {
		return err
	}
	err = w.inTx(ctx, func(tx pgx.Tx) error {
		now, err := w.LeadFindAsked(ctx, tx, asked)
		if errors.Is(err, pgx.ErrNoRows) || (err == nil && now.ID != lead.ID) {
			return errMeanwhile
		}
		if err != nil {
			return fmt.Errorf("lock lead %s: %w", lead.ID, err)
		}
		return w.apply(ctx, tx, accountID, lead, a, reply)
	})
	if errors.Is(err, errMeanwhile) {
		return nil // the next look decides again
	}
	if err == nil {
		w.funnel.Answer(reply.Kind == conversation.ReplyFound, reply.Kind == conversation.ReplyOptOut)
	}
	return err
}

// errMeanwhile rolls back when the lead moved on between reading and locking it.
var errMeanwhile = errors.New("the lead moved on meanwhile")

// apply writes down what an answer means for its lead.
func (w *checkInbox) apply(
	ctx context.Context, tx pgx.Tx, accountID string,
	lead store.LeadFindAskedRow, a store.InboxMessageListUnhandledRow, reply conversation.Reply,
) error {
	switch reply.Kind {
	case conversation.ReplyFound:
		if err := w.capture(ctx, tx, accountID, lead, a, reply.Address); err != nil {
			return err
		}
	case conversation.ReplyOptOut:
		move := store.LeadMoveParams{ID: lead.ID, FromStatus: store.LeadDMSent, ToStatus: store.LeadOptedOut}
		if _, err := w.LeadMove(ctx, tx, move); err != nil {
			return fmt.Errorf("opt lead %s out: %w", lead.ID, err)
		}
	case conversation.ReplyAsk, conversation.ReplyNone:
		// The lead goes on waiting; the result says why.
	}
	result := string(reply.Kind)
	return w.InboxMessageSetHandled(ctx, tx, store.InboxMessageSetHandledParams{ID: a.ID, LeadID: &lead.ID, Result: &result})
}

// judge reads the answer, if it is one: after our question, in our chat.
func (w *checkInbox) judge(
	ctx context.Context, accountID string, lead store.LeadFindAskedRow, a store.InboxMessageListUnhandledRow,
) (conversation.Reply, error) {
	none := conversation.Reply{Kind: conversation.ReplyNone}
	if a.SentAt.Before(lead.AskedAt.Add(-clockSkew)) {
		return none, nil
	}
	ours, err := w.inOurChat(ctx, accountID, lead, a)
	if err != nil || !ours {
		return none, err
	}
	return conversation.ReadReply(a.Body), nil
}

// inOurChat makes sure that the message stands in the one-to-one chat with that
// person: in a group, an address may be somebody else's.
func (w *checkInbox) inOurChat(
	ctx context.Context, accountID string, lead store.LeadFindAskedRow, a store.InboxMessageListUnhandledRow,
) (bool, error) {
	if a.ChatID == nil {
		return false, nil
	}
	if lead.ChatID != nil && *lead.ChatID == *a.ChatID {
		return true, nil
	}
	// The provider may have told no chat id when we wrote, and leads from before
	// the workers have none.
	chats, err := chatsWith(ctx, w.linkedin, accountID, a.SenderID)
	if err != nil || !slices.Contains(chats, *a.ChatID) {
		return false, err
	}
	if lead.MessageID != nil {
		err = w.MessageSetChat(ctx, w.Pool, store.MessageSetChatParams{ID: *lead.MessageID, ChatID: a.ChatID})
	}
	return true, err
}

// resolveSlugs finds the provider id of contacted leads from before the workers
// of whom only a slug or a profile URL is known. Who cannot be found is asked for
// again after a day.
func (w *checkInbox) resolveSlugs(ctx context.Context, accountID string) error {
	leads, err := w.LeadListUnresolved(ctx, w.Pool, store.LeadListUnresolvedParams{AccountID: accountID, MaxRows: resolveAtOnce})
	if err != nil {
		return fmt.Errorf("list leads without provider id: %w", err)
	}
	var failed error
	var exhausted bool
	for _, lead := range leads {
		var id string
		if !exhausted {
			id, err = w.resolve(ctx, accountID, slugOf(lead.LinkedinID, lead.Url))
			switch e := integrations.As(err); {
			case err == nil:
			case e != nil && e.Kind == integrations.Limited:
				exhausted = true // no error: the limit is that of profiles, and messages have none
			case e == nil || e.Status == 0 || e.Kind == integrations.Denied:
				return errors.Join(failed, fmt.Errorf("resolve lead %s: %w", lead.ID, err))
			default:
				failed = errors.Join(failed, fmt.Errorf("resolve lead %s: %w", lead.ID, err))
			}
		}
		if err := w.identify(ctx, w.Pool, accountID, lead.ID, id); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}
