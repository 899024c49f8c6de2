package jobs_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/receiver"
)

const slots = 8 // of one endpoint

// rows seeds n rows for one URL, as a producer would in one statement.
func (b *bench) rows(url string, n int) {
	b.Helper()
	b.exec(`INSERT INTO webhook_logs (webhook_url, payload)
		SELECT $1::text, jsonb_build_object('email', 'p' || n || '@example.com', 'name', 'P', 'source', 'agent', 'campaign_id', $1::text, 'timestamp', '2026-11-23T10:00:00Z')
		FROM generate_series(1, $2::int) n`, url, n)
}

// Ensure that a receiver which hangs takes its share of the slots and no more: others
// are delivered beside it, and its rows stay rows.
func TestReceiverThatHangs(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Intervals.WebhookLogs = time.Hour })
	b.deps.Webhooks = webhook.New(webhook.Config{Timeout: 8 * time.Second, AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	b.customer.Behave("/leads", receiver.Behaviour{Hang: true})
	b.rows(b.hookURL, 500)
	const healthy = 9
	for n := range healthy {
		b.rows(fmt.Sprintf("%s/%d", b.hookURL, n), 20)
	}
	b.startWith(queue.Tuning{MaxWorkers: map[string]int{queue.Webhooks: slots + 4}})
	b.until("every other receiver has its leads", func(context.Context) bool {
		return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent'") == healthy*20
	})
	hanging := 0
	for _, d := range b.customer.Deliveries() {
		if d.Path == "/leads" {
			hanging++
		}
	}
	if hanging > slots {
		t.Errorf("%d deliveries to the receiver that hangs, want at most %d", hanging, slots)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE kind = 'deliver_webhook'"); n > healthy*20+2*slots {
		t.Errorf("%d jobs, want no more than what is delivered or under way", n)
	}
}

// Ensure that all of a backlog is delivered once, never more at a time than an endpoint
// has slots, whether the rows wait in line or have jobs already: the sweep runs once.
func TestBacklogOfOneEndpoint(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"rows", "jobs"} {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) { o.settings.Intervals.WebhookLogs = time.Hour })
			var running, most atomic.Int32
			customer := b.customer.Handler()
			url := b.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for now := running.Add(1); now > most.Load(); {
					most.Store(now)
				}
				customer.ServeHTTP(w, r)
				running.Add(-1)
			}))
			const n = 200
			b.rows(url, n)
			if given == "jobs" {
				ids := scalar[[]uuid.UUID](b, "SELECT array_agg(id) FROM webhook_logs")
				params := make([]river.InsertManyParams, len(ids))
				for i, id := range ids {
					params[i] = river.InsertManyParams{Args: webhooks.DeliverWebhookArgs{WebhookLogID: id}}
				}
				_, err := b.client.InsertMany(t.Context(), params)
				b.must(err)
			}
			b.startWith(queue.Tuning{})
			b.until("all are delivered", func(context.Context) bool {
				return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent'") == n
			})
			if got := len(b.customer.Deliveries()); got != n {
				t.Errorf("%d deliveries of %d rows", got, n)
			}
			if most.Load() > slots {
				t.Errorf("%d deliveries at once, want at most %d", most.Load(), slots)
			}
		})
	}
}

// Ensure that each endpoint gets as many jobs as it has room for, in turns, and that
// what is under way counts.
func TestSweepIsFairBetweenEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rows(b.hookURL+"/large", 3000)
	b.rows(b.hookURL+"/small", 3)
	b.rows(b.hookURL+"/other", 20)
	byPath := func() map[string]int {
		got := map[string]int{}
		for _, id := range b.run(b.sweeps.WebhookLogs) {
			url := scalar[string](b, "SELECT webhook_url FROM webhook_logs WHERE id = $1", id)
			got[url[strings.LastIndexByte(url, '/')+1:]]++
		}
		return got
	}
	if diff := cmp.Diff(map[string]int{"large": slots, "small": 3, "other": slots}, byPath()); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{}, byPath()); diff != "" {
		t.Errorf("jobs of the second sweep (-want +got):\n%s", diff)
	}
	b.exec(`WITH done AS (
			UPDATE workers.river_job SET state = 'completed', finalized_at = now()
			WHERE id IN (SELECT j.id FROM workers.river_job j JOIN webhook_logs w ON w.id::text = j.args ->> 'webhook_log_id'
				WHERE w.webhook_url LIKE '%/other' LIMIT 3)
			RETURNING args)
		UPDATE webhook_logs SET status = 'sent' WHERE id::text IN (SELECT args ->> 'webhook_log_id' FROM done)`)
	if diff := cmp.Diff(map[string]int{"other": 3}, byPath()); diff != "" {
		t.Errorf("jobs after three deliveries (-want +got):\n%s", diff)
	}
}

// Ensure that an endpoint is woken when its rest is over, not before, and not at all
// while it is disabled.
func TestWakeEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.webhookLog(nil)
	b.run(b.sweeps.WebhookLogs)
	endpoint := b.endpoint(id)
	b.exec("DELETE FROM workers.river_job")
	for _, step := range []struct {
		columns     string
		jobs, later int
	}{
		{"blocked_until = now() + interval '1 hour'", 0, 1},
		{"state = 'disabled', blocked_until = NULL", 0, 0},
		{"state = 'failing', blocked_until = now()", 1, 0},
	} {
		b.exec("UPDATE workers.webhook_endpoints SET " + step.columns)
		b.wantEvent(work(b, webhooks.WakeEndpointArgs{EndpointID: endpoint}), river.EventKindJobCompleted)
		if n := b.activeJobs("deliver_webhook"); n != step.jobs {
			t.Errorf("%s: %d jobs, want %d", step.columns, n, step.jobs)
		}
		later := scalar[int](b, `SELECT count(*) FROM workers.river_job j, workers.webhook_endpoints e
			WHERE j.kind = 'wake_endpoint' AND j.state = 'scheduled' AND j.scheduled_at - e.blocked_until BETWEEN '-1s' AND '1s'`)
		if later != step.later {
			t.Errorf("%s: %d jobs will wake it later, want %d", step.columns, later, step.later)
		}
		b.exec("DELETE FROM workers.river_job WHERE kind = 'wake_endpoint'")
	}
	b.wantEvent(work(b, webhooks.WakeEndpointArgs{EndpointID: endpoint + 1}), river.EventKindJobCompleted)
}

// Ensure that a receiver that is slowed gets one delivery after each gap, not one when
// the turn of the delivery before would have been over.
func TestSlowedEndpointIsWokenInTime(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Intervals.WebhookLogs = time.Hour })
	b.rows(b.hookURL, 3)
	b.run(b.sweeps.WebhookLogs)
	b.exec("DELETE FROM workers.river_job")
	b.exec("UPDATE workers.webhook_endpoints SET blocked_until = now(), gap_ms = 3000")
	b.startWith(queue.Tuning{})
	b.until("all are delivered, although a turn lasts longer than this waits", func(context.Context) bool {
		return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent'") == 3
	})
	b.want("workers.webhook_endpoints", b.endpoint(scalar[uuid.UUID](b, "SELECT id FROM webhook_logs LIMIT 1")), row{"gap_ms": 0, "blocked_until": nil})
	if n := len(b.customer.Deliveries()); n != 3 {
		t.Errorf("%d deliveries, want 3", n)
	}
}

// Ensure that a worker which died after the record, before it brought the next in line,
// breaks no line.
func TestLineGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rows(b.hookURL, 3)
	b.run(b.sweeps.WebhookLogs)
	b.exec("DELETE FROM workers.river_job")
	done := scalar[uuid.UUID](b, "UPDATE webhook_logs SET status = 'sent' WHERE id = (SELECT id FROM webhook_logs LIMIT 1) RETURNING id")
	b.wantEvent(b.attempt(done), river.EventKindJobCompleted)
	if n := scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE state = 'available'"); n != 2 {
		t.Errorf("%d rows have a job, want the 2 that wait", n)
	}
}
