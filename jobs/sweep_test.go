package jobs_test

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/bravorevos/workers/queue"
)

// run sweeps once and returns the ids of the rows that were given a job.
func (b *bench) run(sweep queue.Sweep) []string {
	b.Helper()
	items, err := sweep(b.Context(), b.client)
	b.must(err)
	var ids []string
	for _, item := range items {
		ids = append(ids, item.RowID)
	}
	slices.Sort(ids)
	return ids
}

func sorted(ids ...uuid.UUID) []string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, id.String())
	}
	slices.Sort(texts)
	return texts
}

// Ensure that a scrape job is polled when it is due, whatever it lacks, and rests
// with its campaign and its account.
func TestSweepScrapeJobsFindsWhatIsDue(t *testing.T) {
	t.Parallel()
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	tests := []struct {
		name          string
		job, campaign row
		paused        string // action of the account
		pausedUntil   any
		due           bool
	}{
		{name: "as inserted", due: true},
		{name: "next_check is null", job: row{"next_check": nil}, due: true},
		{name: "status is null", job: row{"status": nil}, due: true},
		{name: "next_check is over", job: row{"next_check": past}, due: true},
		{name: "running, and its worker died", job: row{"status": "running", "next_check": past}, due: true},
		{name: "next_check is to come", job: row{"next_check": future}},
		{name: "paused", job: row{"status": "paused"}},
		{name: "completed", job: row{"status": "completed"}},
		{name: "failed", job: row{"status": "failed"}},
		{name: "status of the campaign is null", campaign: row{"status": nil}, due: true},
		{name: "campaign paused", campaign: row{"status": "paused"}},
		{name: "campaign completed", campaign: row{"status": "completed"}},
		{name: "campaign has begun and not ended", campaign: row{"starts_at": past, "ends_at": future}, due: true},
		{name: "campaign ended", campaign: row{"ends_at": past}},
		{name: "campaign has not begun", campaign: row{"starts_at": future}},
		{name: "account paused", paused: "everything"},
		{name: "polls of the account paused", paused: "polls", pausedUntil: future},
		{name: "pause of the account is over", paused: "polls", pausedUntil: past, due: true},
		{name: "only messages of the account paused", paused: "first_dm", due: true},
	}
	b := setup(t)
	var want []uuid.UUID
	names := map[string]string{}
	for _, tc := range tests {
		job := row{"campaign_id": b.campaign(tc.campaign), "unipile_account_id": tc.name}
		maps.Copy(job, tc.job)
		id := b.scrapeJob(job)
		names[id.String()] = tc.name
		if tc.due {
			want = append(want, id)
		}
		if tc.paused != "" {
			b.exec("INSERT INTO workers.pauses (account_id, action, reason, until) VALUES ($1, $2, 'test', $3)",
				tc.name, tc.paused, tc.pausedUntil)
		}
	}
	byName := cmp.Transformer("name", func(id string) string { return names[id] + " " + id })
	if diff := cmp.Diff(sorted(want...), b.run(b.sweeps.ScrapeJobs), byName); diff != "" {
		t.Errorf("rows that got a job (-want +got):\n%s", diff)
	}
}

// Ensure that there is no cap, and that a row never has two jobs at once, but gets
// another after each has ended.
func TestSweepGivesEachRowOneJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id)
		SELECT $1, n, 'account' FROM generate_series(1, 1500) n`, b.campaign(nil))

	if n := len(b.run(b.sweeps.ScrapeJobs)); n != 1500 {
		t.Errorf("first sweep gave %d jobs, want 1500", n)
	}
	if n := len(b.run(b.sweeps.ScrapeJobs)); n != 0 {
		t.Errorf("second sweep gave %d more jobs, want none: every row has one", n)
	}
	b.exec(`UPDATE workers.river_job SET state = 'running', attempted_at = now()
		WHERE id = (SELECT min(id) FROM workers.river_job)`)
	b.exec(`UPDATE workers.river_job SET state = 'completed', finalized_at = now()
		WHERE id IN (SELECT id FROM workers.river_job ORDER BY id DESC LIMIT 3)`)
	if n := len(b.run(b.sweeps.ScrapeJobs)); n != 3 {
		t.Errorf("sweep after three jobs completed gave %d, want 3", n)
	}
}

// Ensure that sweeps of several workers at once give each row one job.
func TestSweepsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id)
		SELECT $1, n, 'account' FROM generate_series(1, 300) n`, b.campaign(nil))
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { b.run(b.sweeps.ScrapeJobs) })
	}
	wg.Wait()
	if n := b.activeJobs("poll_comments"); n != 300 {
		t.Errorf("%d jobs, want 300", n)
	}
}

// Ensure that the oldest row is polled first.
func TestSweepScrapeJobsTakesTheOldestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	at := func(age time.Duration) uuid.UUID {
		return b.scrapeJob(row{"campaign_id": campaign, "next_check": time.Now().Add(-age)})
	}
	young, old := at(time.Minute), at(time.Hour)
	never := b.scrapeJob(row{"campaign_id": campaign, "next_check": nil})

	items, err := b.sweeps.ScrapeJobs(t.Context(), b.client)
	b.must(err)
	var got []string
	for _, item := range items {
		got = append(got, item.RowID)
	}
	if diff := cmp.Diff([]string{never.String(), old.String(), young.String()}, got); diff != "" {
		t.Errorf("order of polls (-want +got):\n%s", diff)
	}
}

// Ensure that every webhook row that can still be delivered gets a job.
func TestSweepWebhookLogsFindsWhatIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	due := sorted(
		b.webhookLog(nil),
		b.webhookLog(row{"status": nil, "retry_count": nil}),
		b.webhookLog(row{"status": "failed", "retry_count": 2}),
		b.webhookLog(row{"status": "failed", "retry_count": nil}),
		b.webhookLog(row{"status": "failed", "retry_count": 9, "next_attempt_at": past}),
	)
	b.webhookLog(row{"status": "sent"})
	b.webhookLog(row{"status": "failed", "retry_count": 10}) // the first try and nine more
	b.webhookLog(row{"status": "failed", "retry_count": 1, "next_attempt_at": future})
	b.webhookLog(row{"status": "failed", "retry_count": 1, "abandoned_at": past})

	if diff := cmp.Diff(due, b.run(b.sweeps.WebhookLogs)); diff != "" {
		t.Errorf("rows that got a job (-want +got):\n%s", diff)
	}
	if again := b.run(b.sweeps.WebhookLogs); len(again) != 0 {
		t.Errorf("second sweep gave jobs to %v, want none", again)
	}
}

// Ensure that emails go out for pending pod notifications and for nothing else.
func TestSweepNotificationsFindsWhatIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(nil)
	due := sorted(
		b.notification(row{"user_id": user}),
		b.notification(row{"user_id": user, "status": nil, "metadata": nil}),
		b.notification(row{"user_id": user, "linkedin_url": nil, "metadata": json.RawMessage("[]")}),
	)
	b.notification(row{"user_id": user, "type": "system"})
	b.notification(row{"user_id": user, "status": "sent"})
	b.notification(row{"user_id": user, "status": "failed"})

	if diff := cmp.Diff(due, b.run(b.sweeps.Notifications)); diff != "" {
		t.Errorf("rows that got a job (-want +got):\n%s", diff)
	}
}

// Ensure that an inbox is read once an account, where a lead waits and no human
// must act first.
func TestSweepInboxesFindsAccountsThatWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	waiting := func(account, status string) {
		campaign := b.campaign(nil)
		b.scrapeJob(row{"campaign_id": campaign, "unipile_account_id": account})
		b.scrapeJob(row{"campaign_id": campaign, "unipile_account_id": account})
		b.lead(row{"campaign_id": campaign, "linkedin_id": member(1), "status": status})
		b.lead(row{"campaign_id": campaign, "linkedin_id": member(2), "status": status})
	}
	waiting("asked", "dm_sent")
	waiting("asked in another campaign too", "dm_sent")
	waiting("asked in another campaign too", "dm_sent")
	waiting("nobody asked yet", "comment_detected")
	waiting("all answered", "webhook_sent")
	waiting("stopped", "dm_sent")
	waiting("limited", "dm_sent")
	b.exec(`INSERT INTO workers.pauses (account_id, action, reason, until) VALUES
		('stopped', 'everything', 'test', NULL), ('limited', 'first_dm', 'test', now() + interval '1 hour')`)

	want := []string{"asked", "asked in another campaign too", "limited"}
	if diff := cmp.Diff(want, b.run(b.sweeps.Inboxes)); diff != "" {
		t.Errorf("accounts that got a job (-want +got):\n%s", diff)
	}
	if again := b.run(b.sweeps.Inboxes); len(again) != 0 {
		t.Errorf("second sweep gave jobs to %v, want none", again)
	}
}
