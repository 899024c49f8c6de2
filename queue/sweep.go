package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Item is a row that a sweep found due, and the job that works on it.
type Item struct {
	RowID string
	JobID int64
}

// Sweep gives a job to every due row of one table that has none, so that a row
// written by a producer, or whose job was lost, is never forgotten. It may run
// any number of times at once: jobs are unique by row.
type Sweep func(ctx context.Context, client *Client) ([]Item, error)

// SweepWorker runs a sweep as a job, for the periodic runs.
type SweepWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]

	Sweep Sweep
}

// Timeout leaves time for tens of thousands of rows.
func (w *SweepWorker[T]) Timeout(*river.Job[T]) time.Duration { return MaxJobTimeout }

// Work runs the sweep.
func (w *SweepWorker[T]) Work(ctx context.Context, _ *river.Job[T]) error {
	_, err := w.Sweep(ctx, river.ClientFromContext[pgx.Tx](ctx))
	return err
}

// SweepOpts makes one run of a sweep at a time. A failed one is not worth many
// tries, since the next period brings another.
func SweepOpts() river.InsertOpts { return OncePerRow(Sweeps, 2) }

// SweepBatch rows are given a job in one statement.
const SweepBatch = 1000

// EnqueueDue lists due rows and inserts a job for each, batch after batch, until
// none is due without a job.
func EnqueueDue(
	ctx context.Context, client *Client,
	list func(limit int32) ([]uuid.UUID, error), args func(id uuid.UUID) river.JobArgs,
) ([]Item, error) {
	var items []Item
	for {
		ids, err := list(SweepBatch)
		if err != nil {
			return items, fmt.Errorf("list due rows: %w", err)
		}
		params := make([]river.InsertManyParams, len(ids))
		for i, id := range ids {
			params[i] = river.InsertManyParams{Args: args(id)}
		}
		inserted, err := EnqueueMany(ctx, client, params)
		if err != nil {
			return items, err
		}
		for i, job := range inserted {
			items = append(items, Item{RowID: ids[i].String(), JobID: job})
		}
		if len(ids) < SweepBatch {
			return items, nil
		}
	}
}

// EnqueueMany returns the id of each job, whether it is new or was there.
func EnqueueMany(ctx context.Context, client *Client, params []river.InsertManyParams) ([]int64, error) {
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
		if r.UniqueSkippedAsDuplicate && Waits(r.Job.State) {
			// The row is due now although its job would be tried later: bring it forward.
			if _, err := client.JobRetry(ctx, r.Job.ID); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
				return nil, fmt.Errorf("bring job %d forward: %w", r.Job.ID, err)
			}
		}
	}
	return ids, nil
}

// Waits reports whether a job in this state is there but not yet up for work.
func Waits(state rivertype.JobState) bool {
	return state == rivertype.JobStateRetryable || state == rivertype.JobStateScheduled
}
