package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// database is what most jobs embed: the pool and the queries.
type database struct {
	Pool *pgxpool.Pool
	*store.Queries
}

// inTx runs f in one transaction, rolled back when f fails.
func (d database) inTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	return store.InTx(ctx, d.Pool, f)
}

// Item is a row that a sweep found due, and the job that works on it.
type Item struct {
	RowID string
	JobID int64
}

// Sweep gives a job to every due row of one table that has none, so that a row
// written by a producer, or whose job was lost, is never forgotten. It may run
// any number of times at once: jobs are unique by row.
type Sweep func(ctx context.Context, client *queue.Client) ([]Item, error)

// Sweeps are the sweeps of all tables.
type Sweeps struct {
	database
	settings Settings
}

// NewSweeps returns the sweeps of a database.
func NewSweeps(pool *pgxpool.Pool, settings Settings) *Sweeps {
	return &Sweeps{database: database{Pool: pool, Queries: store.New()}, settings: settings.withDefaults()}
}

// sweepWorker runs a sweep as a job, for the periodic runs.
type sweepWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]

	sweep Sweep
}

// Timeout leaves time for tens of thousands of rows.
func (w *sweepWorker[T]) Timeout(*river.Job[T]) time.Duration { return queue.MaxJobTimeout }

// Work runs the sweep.
func (w *sweepWorker[T]) Work(ctx context.Context, _ *river.Job[T]) error {
	_, err := w.sweep(ctx, river.ClientFromContext[pgx.Tx](ctx))
	return err
}

// sweepOpts makes one run of a sweep at a time. A failed one is not worth many
// tries, since the next period brings another.
func sweepOpts() river.InsertOpts { return queue.OncePerRow(queue.Sweeps, 2) }

// sweepBatch rows are given a job in one statement.
const sweepBatch = 1000

// giveJobs lists due rows and inserts a job for each, batch after batch, until
// none is due without a job.
func giveJobs(
	ctx context.Context, client *queue.Client,
	list func(limit int32) ([]uuid.UUID, error), args func(id uuid.UUID) river.JobArgs,
) ([]Item, error) {
	var items []Item
	for {
		ids, err := list(sweepBatch)
		if err != nil {
			return items, fmt.Errorf("list due rows: %w", err)
		}
		params := make([]river.InsertManyParams, len(ids))
		for i, id := range ids {
			params[i] = river.InsertManyParams{Args: args(id)}
		}
		inserted, err := insertMany(ctx, client, params)
		if err != nil {
			return items, err
		}
		for i, job := range inserted {
			items = append(items, Item{RowID: ids[i].String(), JobID: job})
		}
		if len(ids) < sweepBatch {
			return items, nil
		}
	}
}

// insertMany returns the id of each job, whether it is new or was there.
func insertMany(ctx context.Context, client *queue.Client, params []river.InsertManyParams) ([]int64, error) {
	if len(params) == 0 {
		return nil, nil
	}
	results, err := client.InsertMany(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("insert %d jobs: %w", len(params), err)
	}
	ids := make([]int64, len(results))
	for i, r := range results {
		ids[i] = r.Job.ID
		if r.UniqueSkippedAsDuplicate && waits(r.Job.State) {
			// The row is due now although its job would be tried later: bring it forward.
			if _, err := client.JobRetry(ctx, r.Job.ID); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
				return nil, fmt.Errorf("bring job %d forward: %w", r.Job.ID, err)
			}
		}
	}
	return ids, nil
}

// waits reports whether a job in this state is there but not yet up for work.
func waits(state rivertype.JobState) bool {
	return state == rivertype.JobStateRetryable || state == rivertype.JobStateScheduled
}
