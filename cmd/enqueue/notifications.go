package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/jobs/emails"
	"github.com/bravorevos/workers/store"
)

func notificationsCommand(environ []string) *cobra.Command {
	var anyway bool
	cmd := &cobra.Command{
		Use:   "notifications",
		Short: "Send notification emails that were left",
		Long: `notifications sends each matching notification of type pod_repost. With --status
failed, those that could not be sent are set to pending again: mend the cause
first. A campaign is that of the notification's post, a client that of its user.

What the workers close without an email is skipped: a notification that is older
than a day, or its post; one to the author of the post; and one that may have
arrived although Resend did not say so ("Outcome unknown"), which a second try
might bring twice. --anyway sends those too, of the rows named by --id, whatever
their status but sent; they have a day from then on.`,
		Example: `  enqueue notifications                           every one that is pending
  enqueue notifications --status failed --since 2026-11-20 --dry-run
  enqueue notifications --id 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921
  enqueue notifications --anyway --id 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921`,
	}
	cmd.Flags().BoolVar(&anyway, "anyway", false, "send also what is too old, to the author of the post, or may have arrived; wants --id")
	return subcommand[uuid.UUID]{
		source: func(q *store.Queries, f filter) source[uuid.UUID] { return notifications(q, f, anyway) },
		check: func(f *filter, _ options) error {
			if !anyway {
				return nil
			}
			if len(f.ids) == 0 {
				return usagef("--anyway wants --id: say who shall have an email that is late, or perhaps a second one")
			}
			if len(f.statuses) == 0 {
				f.statuses = []string{"pending", "failed"} // the ids say which
			}
			return nil
		},
		statuses: statuses{
			known: []string{"pending", "failed"},
			usual: []string{"pending"},
			refused: map[string]string{
				"sent": "these people have the email, and would get it twice",
			},
		},
	}.attach(cmd, environ)
}

func notifications(q *store.Queries, f filter, anyway bool) source[uuid.UUID] {
	return source[uuid.UUID]{
		noun:     "notifications",
		argument: "notification_id",
		args:     func(id uuid.UUID) river.JobArgs { return emails.SendEmailArgs{NotificationID: id} },
		ready: func(ctx context.Context, db store.DBTX, ids []uuid.UUID) error {
			if anyway {
				if err := q.EmailRelease(ctx, db, ids); err != nil {
					return err
				}
			}
			return q.NotificationReopen(ctx, db, ids)
		},
		page: func(ctx context.Context, db store.DBTX, after uuid.UUID, limit int32) ([]row[uuid.UUID], error) {
			ids, err := q.NotificationListSendable(ctx, db, store.NotificationListSendableParams{
				AfterID: after, MaxRows: limit, Statuses: f.statuses, Ids: f.ids,
				CampaignID: f.campaign, ClientID: f.client, Since: f.since, Until: f.until,
			})
			rows := allRows(ids)
			if err != nil || anyway {
				return rows, err
			}
			refused, err := emails.NotificationRefusals(ctx, db, ids)
			for i := range rows {
				rows[i].skip = outcome(refused[rows[i].id].Reason) // what the job would close again
			}
			return rows, err
		},
	}
}
