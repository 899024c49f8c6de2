package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// PruneArgs forgets what nobody needs any more, by age. Repeating it is safe: it
// finds the same rows.
type PruneArgs struct{}

// Kind names the job.
func (PruneArgs) Kind() string { return "prune" }

// InsertOpts lets one run at a time.
func (PruneArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Upkeep, 3) }

type prune struct {
	river.WorkerDefaults[PruneArgs]
	database

	retention Retention
}

// pruneBatch rows are forgotten in one transaction.
const pruneBatch = 5000

// Work goes on in batches until nothing old is left.
func (w *prune) Work(ctx context.Context, _ *river.Job[PruneArgs]) error {
	now := time.Now()
	comments := func() (int64, error) {
		before := now.Add(-w.retention.Comments)
		return w.CommentPrune(ctx, w.Pool, store.CommentPruneParams{Before: before, MaxRows: pruneBatch})
	}
	inbox := func() (int64, error) {
		before := now.Add(-w.retention.Inbox)
		return w.InboxMessagePrune(ctx, w.Pool, store.InboxMessagePruneParams{Before: before, MaxRows: pruneBatch})
	}
	own := func() (int64, error) {
		return w.OwnMessagePrune(ctx, w.Pool, store.OwnMessagePruneParams{Before: now.Add(-week), MaxRows: pruneBatch})
	}
	reads := func() (int64, error) {
		return w.CommentReadPrune(ctx, w.Pool, store.CommentReadPruneParams{Before: now.Add(-2 * day), MaxRows: pruneBatch})
	}
	attempts := func() (int64, error) {
		before := now.Add(-w.retention.Attempts)
		return w.WebhookAttemptPrune(ctx, w.Pool, store.WebhookAttemptPruneParams{Before: before, MaxRows: pruneBatch})
	}
	for name, forget := range map[string]func() (int64, error){
		"comments": comments, "inbox messages": inbox, "own messages": own, "comment reads": reads,
		"webhook attempts":  attempts,
		"webhook secrets":   func() (int64, error) { return w.WebhookSecretPrune(ctx, w.Pool, pruneBatch) },
		"awaited relations": func() (int64, error) { return w.expire(ctx) },
	} {
		for rows := int64(pruneBatch); rows == pruneBatch; {
			var err error
			if rows, err = forget(); err != nil {
				return fmt.Errorf("prune %s: %w", name, err)
			}
		}
	}
	return nil
}

// expire gives up waiting for people who did not become connections in time.
func (w *prune) expire(ctx context.Context) (rows int64, err error) {
	err = w.inTx(ctx, func(tx pgx.Tx) error {
		expired, err := w.RelationTakeExpired(ctx, tx, pruneBatch)
		if err != nil {
			return err
		}
		rows = int64(len(expired))
		var leads []uuid.UUID
		for _, r := range expired {
			if r.LeadID != nil {
				leads = append(leads, *r.LeadID)
			}
		}
		_, err = w.LeadExpire(ctx, tx, leads)
		return err
	})
	return rows, err
}
