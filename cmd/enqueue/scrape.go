package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/jobs/polls"
	"github.com/bravorevos/workers/store"
)

func scrapeCommand(environ []string) *cobra.Command {
	return subcommand[uuid.UUID]{
		source: scrapeJobs,
		statuses: statuses{
			known: []string{"scheduled", "running", "failed"},
			usual: []string{"scheduled", "running"},
			refused: map[string]string{
				"paused":    "whoever paused it must set it to scheduled first",
				"completed": "whoever completed it must set it to scheduled first",
			},
		},
	}.attach(&cobra.Command{
		Use:   "scrape",
		Short: "Poll the comments of posts now",
		Long: `scrape gives a poll to each matching scrape job now, whenever its next check is.
A poll that waits for another try is brought forward. Jobs of a campaign that
rests (paused, completed, not begun or ended) and of a paused account are skipped;
"worker accounts" shows and resumes accounts. With --status failed, jobs that were
given up are set to scheduled again.`,
		Example: `  enqueue scrape                                  every post that is watched
  enqueue scrape --campaign 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921
  enqueue scrape --status failed --since 7d --dry-run`,
	}, environ)
}

func scrapeJobs(q *store.Queries, f filter) source[uuid.UUID] {
	return source[uuid.UUID]{
		noun:     "scrape jobs",
		argument: "scrape_job_id",
		args:     func(id uuid.UUID) river.JobArgs { return polls.PollCommentsArgs{ScrapeJobID: id} },
		ready: func(ctx context.Context, db store.DBTX, ids []uuid.UUID) error {
			return q.ScrapeJobReopen(ctx, db, ids)
		},
		page: func(ctx context.Context, db store.DBTX, after uuid.UUID, limit int32) ([]row[uuid.UUID], error) {
			list, err := q.ScrapeJobListPollable(ctx, db, store.ScrapeJobListPollableParams{
				AfterID: after, MaxRows: limit, Statuses: f.statuses, Ids: f.ids,
				CampaignID: f.campaign, ClientID: f.client, Since: f.since, Until: f.until,
			})
			rows := make([]row[uuid.UUID], len(list))
			for i, job := range list {
				rows[i].id = job.ID
				switch {
				case job.CampaignRests:
					rows[i].skip = campaignRests
				case job.AccountPaused:
					rows[i].skip = accountPaused
				}
			}
			return rows, err
		},
	}
}
