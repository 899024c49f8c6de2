package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/store"
)

func notificationsCommand(environ []string) *cobra.Command {
	return subcommand[uuid.UUID]{
		source: notifications,
		statuses: statuses{
			known: []string{"pending", "failed"},
			usual: []string{"pending"},
			refused: map[string]string{
				"sent": "these people have the email, and would get it twice",
			},
		},
	}.attach(&cobra.Command{
		Use:   "notifications",
		Short: "Send notification emails that were left",
		Long: `notifications sends each matching notification of type pod_repost. With --status
failed, those that could not be sent are set to pending again: mend the cause
first. A campaign is that of the notification's post, a client that of its user.`,
		Example: `  enqueue notifications                           every one that is pending
  enqueue notifications --status failed --since 2026-11-20 --dry-run
  enqueue notifications --id 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921`,
	}, environ)
}

func notifications(q *store.Queries, f filter) source[uuid.UUID] {
	return source[uuid.UUID]{
		noun:     "notifications",
		argument: "notification_id",
		args:     func(id uuid.UUID) river.JobArgs { return jobs.SendEmailArgs{NotificationID: id} },
		ready: func(ctx context.Context, db store.DBTX, ids []uuid.UUID) error {
			return q.NotificationReopen(ctx, db, ids)
		},
		page: func(ctx context.Context, db store.DBTX, after uuid.UUID, limit int32) ([]row[uuid.UUID], error) {
			ids, err := q.NotificationListSendable(ctx, db, store.NotificationListSendableParams{
				AfterID: after, MaxRows: limit, Statuses: f.statuses, Ids: f.ids,
				CampaignID: f.campaign, ClientID: f.client, Since: f.since, Until: f.until,
			})
			return allRows(ids), err
		},
	}
}
