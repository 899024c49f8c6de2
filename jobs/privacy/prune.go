package privacy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
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

// NewPrune returns the worker of [PruneArgs].
func NewPrune(pool *pgxpool.Pool, retention Retention) river.Worker[PruneArgs] {
	return &prune{Queries: store.New(), pool: pool, retention: retention}
}

type prune struct {
	river.WorkerDefaults[PruneArgs]
	*store.Queries

	pool *pgxpool.Pool

	retention Retention
}

// pruneBatch rows are forgotten in one transaction, so that none of them is long.
const pruneBatch = 2000

// Work goes on in batches until nothing old is left of any kind. One that fails keeps no
// other from being forgotten.
func (w *prune) Work(ctx context.Context, _ *river.Job[PruneArgs]) error {
	var failed []error
	for _, kind := range RetentionKinds() {
		kept, forgotten := w.retention.of(kind)
		if !forgotten {
			continue
		}
		failed = append(failed, inBatches(kind.Name, func() (int64, error) {
			return Forget(ctx, w.pool, kind, kept, pruneBatch)
		}))
	}
	return errors.Join(append(failed,
		// What knows its own end, or whose row is gone.
		inBatches("webhook secrets", func() (int64, error) { return w.WebhookSecretPrune(ctx, w.pool, pruneBatch) }),
		inBatches("takeovers", func() (int64, error) { return w.TakeoverPrune(ctx, w.pool, pruneBatch) }),
		inBatches("awaited relations", func() (int64, error) { return w.expire(ctx) }),
	)...)
}

// Forget forgets up to so many rows of a kind that are older than an age, and returns how
// many they were.
func Forget(ctx context.Context, db store.DBTX, kind RetentionKind, age time.Duration, rows int32) (int64, error) {
	return kind.forget(ctx, db, oldRows{AgeSeconds: age.Seconds(), MaxRows: rows})
}

func inBatches(name string, forget func() (int64, error)) error {
	for {
		rows, err := forget()
		if err != nil {
			return fmt.Errorf("prune %s: %w", name, err)
		}
		if rows < pruneBatch {
			return nil
		}
	}
}

// expire gives up waiting for people who did not become connections in time.
func (w *prune) expire(ctx context.Context) (rows int64, err error) {
	err = store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
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
