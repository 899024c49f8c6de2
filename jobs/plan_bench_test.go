package jobs_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store/storetest"
)

// thousandAccounts have a hundred waiting messages each, of one campaign an account.
func thousandAccounts(b *testing.B) *pgxpool.Pool {
	b.Helper()
	pool := storetest.New(b)
	execPlan(b, pool, `
WITH campaign AS (INSERT INTO campaigns (name, trigger_word, status) SELECT n::text, 'guide', 'active' FROM generate_series(1, 1000) n
    RETURNING id, name),
job AS (INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, trigger_word)
    SELECT id, 'p', 'account ' || name, 'guide' FROM campaign RETURNING id, campaign_id, unipile_account_id),
lead AS (INSERT INTO leads (campaign_id, linkedin_id) SELECT campaign_id, 'person ' || n FROM job, generate_series(1, 100) n
    RETURNING id, campaign_id, linkedin_id)
INSERT INTO workers.messages (account_id, campaign_id, scrape_job_id, lead_id, purpose, recipient_id, body)
SELECT job.unipile_account_id, job.campaign_id, job.id, lead.id, 'first_dm', lead.linkedin_id, 'hello' FROM lead JOIN job USING (campaign_id)`)
	execPlan(b, pool, "ANALYZE")
	return pool
}

func execPlan(b *testing.B, pool *pgxpool.Pool, sql string) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), sql); err != nil {
		b.Fatal(err)
	}
}

// What a plan costs that one account of a thousand needs, because its next message was
// sent, and one in which the next message of every account is due.
func BenchmarkPlanThousandAccounts(b *testing.B) {
	pool := thousandAccounts(b)
	client, err := queue.NewInserter(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	planner := messages.NewPlanner(pool, jobs.Settings{}.Messages())
	plan := func(b *testing.B) int {
		b.Helper()
		items, err := planner.Plan(b.Context(), client)
		if err != nil {
			b.Fatal(err)
		}
		return len(items)
	}
	b.Run("AllDue", func(b *testing.B) {
		inserted := 0
		for b.Loop() {
			b.StopTimer()
			execPlan(b, pool, "DELETE FROM workers.river_job")
			b.StartTimer()
			inserted += plan(b)
		}
		b.ReportMetric(float64(inserted)/float64(b.N), "jobs")
	})
	b.Run("OneChanged", func(b *testing.B) {
		plan(b) // so that every account has what it needs for now
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			// Another one each time: none may send more than its limit.
			execPlan(b, pool, fmt.Sprintf(`
WITH next AS (SELECT id FROM workers.messages WHERE account_id = 'account %d' AND state = 'queued' ORDER BY id LIMIT 1),
ended AS (DELETE FROM workers.river_job j USING next WHERE j.args ->> 'message_id' = next.id::text)
UPDATE workers.messages m SET state = 'sent', claimed_at = now() - interval '2 minutes', sent_at = now() - interval '2 minutes'
FROM next WHERE m.id = next.id`, 1+i%1000))
			b.StartTimer()
			plan(b)
		}
	})
}
