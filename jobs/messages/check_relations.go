package messages

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// CheckRelationsArgs reads an account's newest connections, for people who could
// not be written to before. The sweep of inboxes enqueues it a few times a day, at
// random times, as Unipile recommends:
// https://developer.unipile.com/docs/detecting-accepted-invitations
// Repeating it is safe: who was found is waited for no longer.
type CheckRelationsArgs struct {
	AccountID string `json:"account_id"`
}

// Kind names the job.
func (CheckRelationsArgs) Kind() string { return "check_relations" }

// InsertOpts makes one job an account.
func (CheckRelationsArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Inbox, 3) }

// relationReader is what Unipile must offer to see new connections.
type relationReader interface {
	Relations(ctx context.Context, accountID, cursor string) (unipile.RelationPage, error)
}

// NewCheckRelations returns the worker of [CheckRelationsArgs].
func NewCheckRelations(d Deps) river.Worker[CheckRelationsArgs] {
	return &checkRelations{Queries: store.New(), pool: d.Pool, linkedin: d.LinkedIn, settings: d.Settings}
}

type checkRelations struct {
	river.WorkerDefaults[CheckRelationsArgs]
	*store.Queries

	pool *pgxpool.Pool

	linkedin relationReader
	settings Settings
}

// relationPages bound one look: a connection that is new stands among the newest.
const relationPages = 10

// Timeout bounds one look.
func (w *checkRelations) Timeout(*river.Job[CheckRelationsArgs]) time.Duration {
	return queue.MaxJobTimeout
}

// Work reads pages until they are older than anybody is waited for.
func (w *checkRelations) Work(ctx context.Context, job *river.Job[CheckRelationsArgs]) error {
	account := job.Args.AccountID
	oldest, err := w.RelationOldestAwaited(ctx, w.pool, account)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read who account %s waits for: %w", account, err)
	}
	// Before the calls: a look that fails is not repeated at once.
	next := store.AccountSetRelationsCheckParams{ID: account, RelationsCheckAt: new(w.nextLook(ctx))}
	if err := w.AccountSetRelationsCheck(ctx, w.pool, next); err != nil {
		return fmt.Errorf("set next look of account %s: %w", account, err)
	}
	walk := unipile.NewWalk("list relations", account, "")
	for cursor, page := "", 0; page < relationPages; page++ {
		found, err := w.linkedin.Relations(ctx, account, cursor)
		if err != nil {
			return fmt.Errorf("read relations of account %s: %w", account, err)
		}
		if err := w.take(ctx, account, found); err != nil {
			return err
		}
		// Newest first is only likely, so a page ends the look when all of it is old.
		if cursor, err = walk.Next(found); err != nil {
			return fmt.Errorf("read relations of account %s: %w", account, err)
		}
		if cursor == "" || allBefore(found.Relations, oldest.Add(-day)) {
			break
		}
	}
	return nil
}

func (w *checkRelations) take(ctx context.Context, accountID string, page unipile.RelationPage) error {
	people := make([]string, len(page.Relations))
	for i, r := range page.Relations {
		people[i] = r.PersonID
	}
	patience := store.NewPatience()
	appeared := func(people []string) error {
		return store.InTxWithin(ctx, w.pool, patience, func(tx pgx.Tx) error {
			return RelationsAppeared(ctx, tx, accountID, people, w.settings.Limits.LikeAPerson())
		})
	}
	err := appeared(people)
	if !store.IsLocked(err) {
		return err
	}
	// One of their leads is locked: the others need not wait for it.
	err = nil
	for _, person := range people {
		err = errors.Join(err, appeared([]string{person}))
	}
	return err
}

// nextLook is a few hours from now, never at the same time of day.
func (w *checkRelations) nextLook(ctx context.Context) time.Time {
	every := w.settings.Relations
	return queue.Now(ctx).Add(every/2 + rand.N(every))
}

func allBefore(relations []unipile.Relation, t time.Time) bool {
	for _, r := range relations {
		if r.At.IsZero() || !r.At.Before(t) {
			return false
		}
	}
	return true
}
