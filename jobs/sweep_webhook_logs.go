package jobs

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SweepWebhookLogsArgs asks for a delivery of every due webhook row.
// Repeating it is safe: a row that has a job is not due.
type SweepWebhookLogsArgs struct{}

// Kind names the job.
func (SweepWebhookLogsArgs) Kind() string { return "sweep_webhook_logs" }

// InsertOpts lets one run at a time.
func (SweepWebhookLogsArgs) InsertOpts() river.InsertOpts { return sweepOpts() }

// WebhookLogs gives a deliver_webhook job to each due row of webhook_logs.
func (s *Sweeps) WebhookLogs(ctx context.Context, client *queue.Client) ([]Item, error) {
	maxTries := int32(len(s.settings.WebhookSchedule) + 1)
	return giveJobs(ctx, client,
		func(limit int32) ([]uuid.UUID, error) {
			return s.WebhookLogListDue(ctx, s.Pool, store.WebhookLogListDueParams{MaxTries: maxTries, MaxRows: limit})
		},
		func(id uuid.UUID) river.JobArgs { return DeliverWebhookArgs{WebhookLogID: id} })
}
