package jobs_test

import (
	"context"
	"slices"
	"testing"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// Ensure that deliveries whose rows somebody holds locked do not take the connections that
// others need: a post is polled and a message sent while they wait, and the database
// answers whoever asks for its health. What was locked is delivered after all.
func TestDeliveriesToLockedRows(t *testing.T) {
	t.Parallel()
	b := setup(t, quick)
	url := b.pool.Config().ConnString()
	pool, err := store.Open(t.Context(), store.Options{URL: url, Application: "stuck kind", MaxConnections: 20})
	b.must(err)
	t.Cleanup(pool.Close)
	watch := b.pool // of its own, which sees what the other one does
	b.pool, b.deps.Pool = pool, pool
	b.client, err = queue.NewInserter(pool, b.outcomes.Logger)
	b.must(err)
	openings, err := webhook.ParseOpenings("127.0.0.0/8")
	b.must(err)
	b.deps.Webhooks = webhook.New(webhook.Config{Openings: openings})
	for n := range 8 {
		b.rows(b.hookURL+"/"+string(rune('a'+n)), 8)
	}
	b.run(b.sweeps.WebhookLogs)
	waiting := func() (pids []int32) {
		err := watch.QueryRow(t.Context(), `SELECT coalesce(array_agg(pid), '{}') FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'stuck kind' AND wait_event_type = 'Lock'`).Scan(&pids)
		b.must(err)
		return pids
	}
	b.pool = watch // which holds the rows
	b.holding("SELECT FROM webhook_logs FOR UPDATE", nil, func() {
		b.pool = pool
		b.startWith(queue.Tuning{})
		var stuck []int32
		b.until("deliveries wait for the rows with all that they may have", func(context.Context) bool {
			stuck = waiting()
			return len(stuck) >= 11
		})
		b.must(pool.Ping(t.Context()))
		if still := waiting(); !slices.ContainsFunc(still, func(pid int32) bool { return slices.Contains(stuck, pid) }) {
			t.Error("the database answered only after those that wait had given up")
		}
		if len(stuck) > 12 {
			t.Errorf("%d of 20 connections wait", len(stuck))
		}
		b.comment(1, "GUIDE please")
		b.scrapeJob(row{"campaign_id": b.campaign(nil)})
		b.until("a comment is read and answered", func(context.Context) bool { return len(b.sentTo(member(1))) > 0 })
		if n := scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent'"); n > 0 {
			t.Errorf("%d rows changed although they are locked", n)
		}
	})
	b.until("all are delivered", func(context.Context) bool {
		b.exec("UPDATE workers.river_job SET scheduled_at = now() WHERE kind = 'deliver_webhook' AND state IN ('scheduled', 'retryable')")
		return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent' AND retry_count = 0") == 64
	})
}
