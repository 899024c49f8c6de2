package jobs_test

import (
	"log/slog"
	"testing"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store/storetest"
)

// One plan of 100 accounts with 1,000 waiting messages each, of five posts: the first
// gives jobs for the next stretch, the others find that all is planned.
func BenchmarkPlanHundredAccounts(b *testing.B) {
	pool := storetest.New(b)
	_, err := pool.Exec(b.Context(), `
WITH campaign AS (INSERT INTO campaigns (name, trigger_word, status) SELECT 'c' || n, 'guide', 'active' FROM generate_series(1, 500) n RETURNING id),
job AS (INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, trigger_word)
    SELECT id, 'p', 'account ' || row_number() OVER () % 100, 'guide' FROM campaign RETURNING id, campaign_id, unipile_account_id),
lead AS (INSERT INTO leads (campaign_id, linkedin_id) SELECT campaign_id, 'person ' || n FROM job, generate_series(1, 200) n
    RETURNING id, campaign_id, linkedin_id)
INSERT INTO workers.messages (account_id, campaign_id, scrape_job_id, lead_id, purpose, recipient_id, body)
SELECT job.unipile_account_id, job.campaign_id, job.id, lead.id, 'first_dm', lead.linkedin_id, 'hello' FROM lead JOIN job USING (campaign_id)`)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
	client, err := queue.NewInserter(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	sweeps := jobs.SweepsOf(pool, jobs.Settings{})
	inserted := 0
	for b.Loop() {
		items, err := sweeps.Messages(b.Context(), client)
		if err != nil {
			b.Fatal(err)
		}
		inserted += len(items)
	}
	b.ReportMetric(float64(inserted), "jobs")
	b.ReportMetric(100_000, "waiting")
}

// When each of 10,000 people of one account will be served.
func BenchmarkForecast(b *testing.B) {
	pool := storetest.New(b)
	_, err := pool.Exec(b.Context(), `
WITH campaign AS (INSERT INTO campaigns (name, trigger_word, status) VALUES ('c', 'guide', 'active') RETURNING id)
INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body)
SELECT 'one', id, 'first_dm', 'person ' || n, 'hello' FROM campaign, generate_series(1, 10000) n`)
	if err != nil {
		b.Fatal(err)
	}
	planner := messages.NewPlanner(pool, jobs.Settings{}.Messages())
	for b.Loop() {
		if all, err := planner.Forecast(b.Context(), "one"); err != nil || len(all) != 10_000 {
			b.Fatal(len(all), err)
		}
	}
}
