package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/store"
)

func webhooksCommand(environ []string) *cobra.Command {
	return subcommand[uuid.UUID]{
		source: webhookLogs,
		statuses: statuses{
			known: []string{"pending", "failed"},
			usual: []string{"pending", "failed"},
			refused: map[string]string{
				"sent": "the receiver has these, and would get them twice",
			},
		},
	}.attach(&cobra.Command{
		Use:   "webhooks",
		Short: "Deliver webhooks again",
		Long: `webhooks delivers each matching row of webhook_logs at once, also one that was
given up: its tries count from zero again. Every try of a row carries the same
webhook-id. Rows that were delivered are never delivered again.`,
		Example: `  enqueue webhooks --since 24h --dry-run          what an outage left
  enqueue webhooks --since 24h
  enqueue webhooks --status failed --client 5d2e8c1a-3b4f-4e6d-8a7b-9c0d1e2f3a4b
  enqueue webhooks --id 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921`,
	}, environ)
}

func webhookLogs(q *store.Queries, f filter) source[uuid.UUID] {
	return source[uuid.UUID]{
		noun:     "webhooks",
		argument: "webhook_log_id",
		args:     func(id uuid.UUID) river.JobArgs { return jobs.DeliverWebhookArgs{WebhookLogID: id} },
		ready: func(ctx context.Context, db store.DBTX, ids []uuid.UUID) error {
			return q.WebhookLogReplayMany(ctx, db, ids)
		},
		page: func(ctx context.Context, db store.DBTX, after uuid.UUID, limit int32) ([]row[uuid.UUID], error) {
			ids, err := q.WebhookLogListReplayable(ctx, db, store.WebhookLogListReplayableParams{
				AfterID: after, MaxRows: limit, Statuses: f.statuses, Ids: f.ids,
				CampaignID: f.campaign, ClientID: f.client, Since: f.since, Until: f.until,
			})
			return allRows(ids), err
		},
	}
}
