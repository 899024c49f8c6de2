package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/receiver"
)

// Ensure that a row which finds all slots of its endpoint taken waits until one of them
// is left, and is not given a job again and again meanwhile: those that run are fresh
// leads, which no line counts.
func TestRowThatFindsNoRoomWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Intervals.WebhookLogs = time.Hour })
	var arrived atomic.Int32
	open := make(chan struct{})
	url := b.serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived.Add(1)
		<-open
	}))
	fresh := func(url string, n int) {
		for range n {
			_, err := b.client.Insert(t.Context(), webhooks.DeliverWebhookArgs{WebhookLogID: b.webhookLog(row{"webhook_url": url})}, nil)
			b.must(err)
		}
	}
	b.exec("DROP TRIGGER workers_notify ON webhook_logs") // no sweep: fresh leads come with their job
	b.startWith(queue.Tuning{})
	b.until("the sweep at the start is over", func(context.Context) bool {
		return scalar[int](b, `SELECT count(*) FROM workers.river_job WHERE kind = 'sweep_webhook_logs' AND state = 'completed'`) == 1
	})
	fresh(url, slots)
	b.until("all slots are taken", func(context.Context) bool { return arrived.Load() == slots })
	fresh(url, 1)
	b.until("the last one has stepped aside", func(context.Context) bool {
		return scalar[int](b, `SELECT count(*) FROM workers.river_job WHERE kind = 'deliver_webhook' AND state = 'completed'`) > 0
	})
	// What begins later, and ends, proves that time has passed.
	for n := range 5 {
		fresh(fmt.Sprintf("%s/%d", b.hookURL, n), 1)
		b.until("others are delivered", func(context.Context) bool { return len(b.customer.Deliveries()) == n+1 })
	}
	if n := scalar[int](b, `SELECT count(*) FROM workers.river_job j JOIN webhook_logs w ON w.id::text = j.args ->> 'webhook_log_id'
		WHERE w.webhook_url = $1`, url); n > slots+1 {
		t.Errorf("%d jobs for %d rows, want one a row", n, slots+1)
	}
	close(open)
	b.until("all are delivered", func(context.Context) bool {
		return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent'") == slots+1+5
	})
}

// Ensure that somebody who enables an endpoint while a delivery to it is written down
// waits for it, and the two not for each other: each would have to be done again, the
// delivery at the receiver, too.
func TestEnableBesideARecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.Behave("/leads", receiver.Behaviour{Status: http.StatusGone, Times: 1})
	id := b.webhookLog(nil)
	b.attempt(id)
	endpoint := b.endpoint(id)
	tx, err := b.pool.Begin(t.Context())
	b.must(err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), "UPDATE webhook_logs SET error_message = 'as a record begins' WHERE id = $1", id)
	b.must(err)
	enabled := make(chan error, 1)
	go func() {
		enabled <- webhooks.EnableEndpoint(t.Context(), b.pool, b.deps.Settings.Webhooks(), b.client, endpoint)
	}()
	b.until("it waits for the row", func(context.Context) bool {
		return scalar[int](b, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
	})
	if _, err = tx.Exec(t.Context(), "SELECT FROM workers.webhook_endpoints WHERE id = $1 FOR UPDATE NOWAIT", endpoint); err != nil {
		t.Errorf("the record cannot have its endpoint: %v", err)
	}
	b.must(tx.Rollback(t.Context()))
	b.must(<-enabled)
	b.want("webhook_logs", id, row{"status": "pending"})
	b.want("workers.webhook_endpoints", endpoint, row{"state": "healthy"})
}

// Ensure that an endpoint is woken although its waking job is just about to end, or to
// wait for a time that is no longer the right one.
func TestWakingIsNotLostToOneThatEnds(t *testing.T) {
	t.Parallel()
	for _, columns := range []string{"state = 'disabled', disabled_reason = 'operator'", "blocked_until = now() + interval '10 hours'"} {
		t.Run(columns, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.webhookLog(nil)
			b.run(b.sweeps.WebhookLogs)
			b.exec("DELETE FROM workers.river_job")
			endpoint := b.endpoint(id)
			b.exec("UPDATE workers.webhook_endpoints SET " + columns)
			inserted, err := b.client.Insert(t.Context(), webhooks.WakeEndpointArgs{EndpointID: endpoint}, nil)
			b.must(err)
			b.exec("UPDATE workers.river_job SET state = 'running', attempt = 1")

			// River writes down what Work returns a little later.
			outcome := (&queue.Outcomes{Logger: slog.New(slog.DiscardHandler)}).Work(t.Context(), inserted.Job, func(ctx context.Context) error {
				return jobs.WorkerOf[webhooks.WakeEndpointArgs](b.deps).Work(rivertest.WorkContext(ctx, b.client),
					&river.Job[webhooks.WakeEndpointArgs]{JobRow: inserted.Job, Args: webhooks.WakeEndpointArgs{EndpointID: endpoint}})
			})
			t.Logf("it ended with %v", outcome)
			b.must(webhooks.EnableEndpoint(t.Context(), b.pool, b.deps.Settings.Webhooks(), b.client, endpoint))
			if n := scalar[int](b, `SELECT count(*) FROM workers.river_job
				WHERE kind = 'wake_endpoint' AND state = 'available' AND scheduled_at <= now()`); n != 1 {
				t.Errorf("%d jobs will wake the endpoint now, want one", n)
			}
		})
	}
}

// Ensure that a sweep puts all rows in line, although some of them are held by others.
func TestSweepWhileARowIsHeld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 5010 // more than one batch
	b.exec(`INSERT INTO webhook_logs (webhook_url, payload) SELECT $1::text || n, '{}' FROM generate_series(1, $2::int) n`, b.hookURL, n)
	tx, err := b.pool.Begin(t.Context())
	b.must(err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), "SELECT FROM webhook_logs WHERE id = (SELECT id FROM webhook_logs ORDER BY id LIMIT 1) FOR UPDATE")
	b.must(err)
	b.run(b.sweeps.WebhookLogs)
	if left := scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE endpoint_id IS NULL"); left != 1 {
		t.Errorf("%d rows are in no line, want the one that is held", left)
	}
}
