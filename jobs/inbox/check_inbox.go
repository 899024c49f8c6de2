// Package inbox hears what people answer: it reads the messages of accounts, takes the ones
// that vendor webhooks tell, moves conversations on, and sees when a human takes over.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/messages"
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
	Now() time.Time // by its own clock; zero: not known
	messages.ChatReader
}

// NewCheckInbox returns the worker of [CheckInboxArgs].
func NewCheckInbox(d Deps) river.Worker[CheckInboxArgs] {
	return &checkInbox{Answers: newAnswers(d), linkedin: d.LinkedIn}
}

type checkInbox struct {
	river.WorkerDefaults[CheckInboxArgs]
	*Answers

	linkedin inbox
}

// Slugs resolved in one run: each costs a profile read, of which an account
// should make about 100 a day.
const resolveAtOnce = 10

// Timeout bounds one look into an inbox.
func (w *checkInbox) Timeout(*river.Job[CheckInboxArgs]) time.Duration { return queue.MaxJobTimeout }

// Work stores what leads wrote since the last look, then handles each answer in a
// transaction of its own: one that fails stops no other. What is stored is handled whether
// or not all could be read, since one page that fails must not silence the account. Further
// back is read last, for the same reason.
func (w *checkInbox) Work(ctx context.Context, job *river.Job[CheckInboxArgs]) error {
	account := job.Args.AccountID
	// A slug that cannot be resolved must not keep the others from being heard.
	failed := w.resolveSlugs(ctx, account)
	look, err := w.readNew(ctx, account)
	if err != nil {
		// First, since the queue judges by the first vendor's error that it finds.
		failed = errors.Join(fmt.Errorf("read inbox of account %s: %w", account, err), failed)
	}
	failed = errors.Join(failed, w.hearAll(ctx, account, ""))
	if err != nil || !look.DeepIsDue {
		return failed
	}
	fresh, err := w.readDeep(ctx, account, look)
	if err != nil {
		failed = errors.Join(failed, fmt.Errorf("read back in inbox of account %s: %w", account, err))
	}
	if fresh {
		failed = errors.Join(failed, w.hearAll(ctx, account, ""))
	}
	return failed
}

// resolveSlugs finds the provider id of contacted leads from before the workers
// of whom only a slug or a profile URL is known. Who cannot be found is asked for
// again after a day.
func (w *checkInbox) resolveSlugs(ctx context.Context, accountID string) error {
	leads, err := w.LeadListUnresolved(ctx, w.pool, store.LeadListUnresolvedParams{AccountID: accountID, MaxRows: resolveAtOnce})
	if err != nil {
		return fmt.Errorf("list leads without provider id: %w", err)
	}
	var failed error
	var exhausted bool
	for _, lead := range leads {
		var id string
		var missing bool
		if !exhausted {
			id, err = w.resolve(ctx, accountID, unipile.Slug(lead.LinkedinID, lead.Url))
			if _, ok := errors.AsType[*messages.ProfilesUsedUpError](err); ok {
				return failed
			}
			missing = err == nil && id == ""
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
		if missing {
			err = w.LeadSetProvider(ctx, w.pool, store.LeadSetProviderParams{ID: lead.ID, IsMissing: true})
		} else {
			err = messages.Identify(ctx, w.pool, accountID, lead.ID, id)
		}
		if err != nil {
			return errors.Join(failed, fmt.Errorf("note who lead %s is: %w", lead.ID, err))
		}
	}
	return failed
}

// resolve asks for the provider id behind a slug; empty when there is nobody.
func (w *checkInbox) resolve(ctx context.Context, accountID, slug string) (string, error) {
	if slug == "" {
		return "", nil
	}
	// Half of the day's reads are left to first messages, which may have to wait for one.
	if err := messages.TakeProfileRead(ctx, w.pool, accountID, w.settings.ProfileReadsPerDay/2); err != nil {
		return "", err
	}
	profile, err := w.linkedin.Profile(ctx, accountID, slug)
	if e := integrations.As(err); e != nil && e.Kind == integrations.Rejected {
		return "", nil
	}
	return profile.ProviderID, err
}
