package jobs_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// Ensure that jobs whose arguments name no row, as a human may insert them, hide no
// due row from any sweep, and that rows with a job stay out.
func TestSweepsBesideJobsWithOddArguments(t *testing.T) {
	t.Parallel()
	for _, args := range []string{`{}`, `[]`, `{"%s": null}`, `{"%s": "no id"}`, `{"%s": 7.5}`, `{"%s": {}}`} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			campaign := b.campaign(nil)
			scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
			b.lead(row{"campaign_id": campaign, "linkedin_id": member(9), "status": "dm_sent"})
			message, _ := b.message(1, nil)
			hook, notification := b.webhookLog(nil), b.notification(nil)
			for kind, argument := range map[string]string{
				"poll_comments": "scrape_job_id", "send_dm": "message_id", "check_inbox": "account_id",
				"deliver_webhook": "webhook_log_id", "send_email": "notification_id",
			} {
				b.exec("INSERT INTO workers.river_job (kind, args, queue, max_attempts) VALUES ($1, replace($2, '%s', $3)::jsonb, 'upkeep', 3)",
					kind, args, argument)
			}
			sweep := func() map[string][]string {
				return map[string][]string{
					"scrape jobs": b.run(b.sweeps.ScrapeJobs), "messages": b.run(b.sweeps.Messages), "inboxes": b.run(b.sweeps.Inboxes),
					"webhook rows": b.run(b.sweeps.WebhookLogs), "notifications": b.run(b.sweeps.Notifications),
				}
			}
			id := func(id uuid.UUID) []string { return []string{id.String()} }
			want := map[string][]string{
				"scrape jobs": id(scrapeJob), "messages": {fmt.Sprint(message)}, "inboxes": {accountID},
				"webhook rows": id(hook), "notifications": id(notification),
			}
			if diff := cmp.Diff(want, sweep()); diff != "" {
				t.Errorf("what got a job (-want +got):\n%s", diff)
			}
			none := map[string][]string{"scrape jobs": nil, "messages": nil, "inboxes": nil, "webhook rows": nil, "notifications": nil}
			if diff := cmp.Diff(none, sweep()); diff != "" {
				t.Errorf("what got a second job (-want +got):\n%s", diff)
			}
		})
	}
}
