package polls

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SweepScrapeJobsArgs asks for a poll of every due scrape job. Repeating it
// is safe: a row that has a job is not due.
type SweepScrapeJobsArgs struct{}

// Kind names the job.
func (SweepScrapeJobsArgs) Kind() string { return "sweep_scrape_jobs" }

// InsertOpts lets one run at a time.
func (SweepScrapeJobsArgs) InsertOpts() river.InsertOpts { return queue.SweepOpts() }

// Sweep gives a poll_comments job to each due row of scrape_jobs.
func Sweep(pool *pgxpool.Pool) queue.Sweep {
	q := store.New()
	return func(ctx context.Context, client *queue.Client) ([]queue.Item, error) {
		return queue.EnqueueDue(ctx, client,
			func(limit int32) ([]uuid.UUID, error) { return q.ScrapeJobListDue(ctx, pool, limit) },
			func(id uuid.UUID) river.JobArgs { return PollCommentsArgs{ScrapeJobID: id} })
	}
}
