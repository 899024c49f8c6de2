package jobs_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store/storetest"
)

// One sweep over 100,000 due rows of 51 receivers, of which one has half, beside 200,000
// that are delivered: the first, which is timed apart, puts rows in line and gives jobs,
// the others find that every receiver has as many as it takes.
func BenchmarkSweepWebhooks(b *testing.B) {
	pool := storetest.New(b)
	for _, statement := range []string{
		`INSERT INTO webhook_logs (webhook_url, payload, status)
			SELECT 'https://hooks.example/' || n % 100, '{"email": "p@example.com"}', 'sent' FROM generate_series(1, 200000) n`,
		`INSERT INTO webhook_logs (webhook_url, payload)
			SELECT 'https://hooks.example/' || CASE WHEN n % 2 = 0 THEN 0 ELSE n % 100 END, '{"email": "p@example.com"}' FROM generate_series(1, 100000) n`,
		"ANALYZE",
	} {
		if _, err := pool.Exec(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	client, err := queue.NewInserter(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	sweeps := jobs.SweepsOf(pool, jobs.Settings{})
	began := time.Now()
	first, err := sweeps.WebhookLogs(b.Context(), client)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("first sweep: %d jobs in %s", len(first), time.Since(began))
	for b.Loop() {
		if _, err := sweeps.WebhookLogs(b.Context(), client); err != nil {
			b.Fatal(err)
		}
	}
}
