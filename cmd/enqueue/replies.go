package main

import (
	"context"
	"errors"
	"strings"

	"github.com/riverqueue/river"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/store"
)

func repliesCommand(environ []string) *cobra.Command {
	accounts := []string{} // never nil: Postgres would take that for NULL
	cmd := subcommand[string]{
		source: func(q *store.Queries, f filter) source[string] { return inboxes(q, f, accounts) },
		statuses: statuses{
			known: []string{
				store.LeadCommentDetected, store.LeadDMSent, store.LeadEmailCaptured, store.LeadWebhookSent,
				store.LeadCompleted, store.LeadNotConnected, store.LeadOptedOut, store.LeadExpired,
			},
			usual: []string{store.LeadDMSent},
		},
	}.attach(&cobra.Command{
		Use:   "replies",
		Short: "Look for answers of leads now",
		Long: `replies reads the inbox of each LinkedIn account that writes to matching leads,
once an account. The filters are about the leads: --id is a lead's, --since and
--until say when it was made, and --status is dm_sent unless told, which are those
that were asked and have not answered. Paused accounts are skipped; "worker
accounts" shows and resumes them.`,
		Example: `  enqueue replies                                 every account with waiting leads
  enqueue replies --account aZ3kQ9TsR2m1
  enqueue replies --id 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921   one lead's answer`,
	}, environ)
	cmd.Flags().Func("account", "only the LinkedIn account with this `id` at Unipile, may be repeated", func(v string) error {
		for id := range strings.SplitSeq(v, ",") {
			if id == "" {
				return errors.New("empty")
			}
			accounts = append(accounts, id)
		}
		return nil
	})
	return cmd
}

func inboxes(q *store.Queries, f filter, accounts []string) source[string] {
	return source[string]{
		noun:     "accounts",
		argument: "account_id",
		args:     func(id string) river.JobArgs { return inbox.CheckInboxArgs{AccountID: id} },
		page: func(ctx context.Context, db store.DBTX, after string, limit int32) ([]row[string], error) {
			list, err := q.AccountListToRead(ctx, db, store.AccountListToReadParams{
				AfterID: after, MaxRows: limit, AccountIds: accounts, Statuses: f.statuses, LeadIds: f.ids,
				CampaignID: f.campaign, ClientID: f.client, Since: f.since, Until: f.until,
			})
			rows := make([]row[string], len(list))
			for i, account := range list {
				rows[i].id = account.ID
				if account.Paused {
					rows[i].skip = accountPaused
				}
			}
			return rows, err
		},
	}
}
