package main

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/store/storetest"
)

// BenchmarkHangingReceiver measures what a receiver that never answers costs the nine
// others: from the commit of a captured lead to its arrival, ten a second for each
// receiver, over half a minute. Either way is measured in the same run.
func BenchmarkHangingReceiver(b *testing.B) {
	for _, hangs := range []bool{false, true} {
		b.Run(map[bool]string{false: "NineHealthy", true: "NineHealthyAndOneThatHangs"}[hangs], func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				took = append(took, deliverToAll(b, hangs)...)
			}
			slices.Sort(took)
			for _, p := range []int{50, 95, 99} {
				b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("ms-p%d", p))
			}
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-max")
		})
	}
}

// deliverToAll returns how long each delivery to the nine took.
func deliverToAll(b *testing.B, hangs bool) []time.Duration {
	b.Helper()
	const healthy, rounds, every = 9, 300, 100 * time.Millisecond
	pool := storetest.New(b)
	o := newOutside(b, pool, 0)
	delete(o.environ, "DATABASE_MAX_CONNECTIONS")
	delete(o.environ, "WEBHOOK_SCHEDULE")
	o.run(b)
	client, err := queue.NewInserter(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	paths := []string{"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8"}[:healthy]
	if hangs {
		paths = append(paths, "/hangs")
		o.receiver.Behave("/leads/hangs", receiver.Behaviour{Hang: true})
	}
	began := map[string]time.Time{}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for range rounds {
		<-tick.C
		for _, path := range paths {
			id := uuid.New()
			err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(b.Context(), `INSERT INTO webhook_logs (id, webhook_url, payload) VALUES ($1::uuid, $2, jsonb_build_object(
					'email', $1::uuid || '@example.com', 'name', 'P', 'source', 'agent', 'campaign_id', 'c', 'timestamp', '2026-11-23T10:00:00Z'))`, id, o.hookURL+path)
				if err != nil {
					return err
				}
				_, err = client.InsertTx(b.Context(), tx, webhooks.DeliverWebhookArgs{WebhookLogID: id}, nil)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			if path != "/hangs" {
				began[id.String()] = time.Now()
			}
		}
	}
	until(b, pool, "the healthy to have theirs", "SELECT count(*) = $1 FROM webhook_logs WHERE status = 'sent'", healthy*rounds)
	var took []time.Duration
	for _, d := range o.receiver.Deliveries() {
		if start, known := began[d.ID]; known {
			took = append(took, d.At.Sub(start))
		}
	}
	if len(took) != healthy*rounds {
		b.Fatalf("%d deliveries of %d webhooks", len(took), healthy*rounds)
	}
	return took
}
