package jobs

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
)

// SweepScrapeJobsArgs asks for a poll of every due scrape job. Repeating it
// is safe: a row that has a job is not due.
type SweepScrapeJobsArgs struct{}

// Kind names the job.
func (SweepScrapeJobsArgs) Kind() string { return "sweep_scrape_jobs" }

// InsertOpts lets one run at a time.
func (SweepScrapeJobsArgs) InsertOpts() river.InsertOpts { return sweepOpts() }

// ScrapeJobs gives a poll_comments job to each due row of scrape_jobs.
func (s *Sweeps) ScrapeJobs(ctx context.Context, client *queue.Client) ([]Item, error) {
	return giveJobs(ctx, client,
		func(limit int32) ([]uuid.UUID, error) { return s.ScrapeJobListDue(ctx, s.Pool, limit) },
		func(id uuid.UUID) river.JobArgs { return PollCommentsArgs{ScrapeJobID: id} })
}
