package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

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
	*answers

	linkedin inbox
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
	if err := w.hearAll(ctx, account, ""); err != nil {
		return errors.Join(err, resolveErr)
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
	walk := unipile.NewWalk("list messages", accountID, "")
	for cursor := ""; ; {
		page, err := w.linkedin.Messages(ctx, accountID, since, cursor)
		if err != nil {
			return err
		}
		for _, m := range page.Messages {
			newest = later(newest, m.At)
		}
		if _, err := w.storeMessages(ctx, w.Pool, accountID, page.Messages); err != nil {
			return err
		}
		if err := w.noteOwn(ctx, w.Pool, accountID, page.Messages); err != nil {
			return err
		}
		if cursor, err = walk.Next(page); err != nil {
			return err
		}
		if cursor == "" {
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
