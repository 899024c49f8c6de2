package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/store"
)

// Ensure what was delivered is delivered again when it is asked for in full, and not
// once more when the command is run again.
func TestResendSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n, status := range []string{"sent", "sent", "failed", "sent"} {
		w.webhook(n+1, status)
	}
	w.exec(`UPDATE webhook_logs SET last_attempt_at = '2026-11-01T12:00:00Z'`)
	w.exec(`UPDATE webhook_logs SET last_attempt_at = '2026-11-03T12:00:00Z' WHERE id = $1`, id(2)) // after the loss
	w.exec(`UPDATE webhook_logs SET created_at = '2026-10-01T12:00:00Z' WHERE id = $1`, id(4))
	args := []string{"webhooks", "--resend-sent", "--since", "2026-10-15", "--sent-before", "2026-11-02"}

	diff(t, "dry run", counts{Matched: 2, Enqueued: 2}, w.report(append(args, "--dry-run")...).counts())
	diff(t, "run", counts{Matched: 2, Enqueued: 2}, w.report(append(args, "--yes")...).counts())
	diff(t, "jobs", []string{"001 available", "003 available"}, w.jobs("deliver_webhook"))
	diff(t, "rows", []string{"1 pending true", "2 sent false", "3 pending true", "4 sent false"},
		w.list(`SELECT right(id::text, 1) || ' ' || status || ' ' || (replayed_at IS NOT NULL) FROM webhook_logs ORDER BY id`))
	diff(t, "again, before they are delivered", counts{Matched: 2, AlreadyQueued: 2}, w.report(append(args, "--yes")...).counts())

	w.exec(`UPDATE webhook_logs SET status = 'sent', last_attempt_at = now() - interval '1 minute' WHERE status = 'pending'`)
	w.exec(`DELETE FROM workers.river_job`)
	diff(t, "again, after it", counts{}, w.report(append(args, "--yes")...).counts())
	diff(t, "by its id", counts{Matched: 1, Enqueued: 1}, w.report("webhooks", "--resend-sent", "--id", id(2).String(), "--yes").counts())
	diff(t, "sent alone", counts{Matched: 2, Enqueued: 2},
		w.report("webhooks", "--resend-sent", "--status", "sent", "--since", "2026-11-20", "--sent-before", time.Now().UTC().Format(time.RFC3339), "--id", id(1).String()+","+id(3).String(), "--yes").counts())
}

// Ensure rows are found by the host that they go to, however the URL is written.
func TestEndpointHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n, url := range []string{
		"https://crm.example/hook", " HTTPS://CRM.Example:8443?x=1", "https://crm.example.evil.example/", "https://other.example/https://crm.example/",
		"https://[2001:db8::1]:8443/hook", "nonsense", "",
	} {
		w.webhook(n+1, "failed")
		w.exec(`UPDATE webhook_logs SET webhook_url = $2 WHERE id = $1`, id(n+1), url)
	}
	for host, want := range map[string]int{"crm.example": 2, "CRM.example": 2, "other.example": 1, "2001:db8::1": 1, "example": 0} {
		if got := w.report("webhooks", "--dry-run", "--endpoint-host", host); got.Matched != want {
			t.Errorf("%s: %d rows, want %d", host, got.Matched, want)
		}
	}
}

// Ensure a replay takes the place of the try that was to come by itself: it is delivered
// now, once, and no job is left that would deliver it later.
func TestReplayTakesThePlaceOfTheNextTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := receiver.New(receiver.Options{Secret: "secret"})
	customer.FailFirst("/leads", 1, http.StatusInternalServerError) // which does not ask for patience
	server := httptest.NewServer(customer.Handler())
	t.Cleanup(server.Close)
	w.exec(`INSERT INTO webhook_logs (id, campaign_id, webhook_url, payload) VALUES ($1, $2, $3,
		'{"email": "a@example.com", "name": "A", "source": "agent", "campaign_id": "c", "timestamp": "2026-11-23T10:00:00Z"}')`,
		id(1), w.campaign, server.URL+"/leads")
	failed, completed := w.work(jobs.Deps{
		Pool: w.pool, Funnel: queue.NewFunnel(prometheus.NewRegistry(), jobs.FunnelSteps()...),
		Webhooks: webhook.New(webhook.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		Settings: jobs.Settings{WebhookSecret: "secret", WebhookSchedule: queue.Schedule{time.Hour}},
	})

	diff(t, "first", counts{Matched: 1, Enqueued: 1}, w.report("webhooks").counts())
	<-failed
	diff(t, "job after the failure", []string{"001 retryable"}, w.jobs("deliver_webhook"))
	replayed := func() []string {
		row, err := store.New().WebhookLogGet(w.Context(), w.pool, id(1))
		if err != nil || !row.Replayed {
			return []string{"automatic"}
		}
		return []string{"manual"}
	}
	diff(t, "the try to come", []string{"automatic"}, replayed())

	diff(t, "replay", counts{Matched: 1, BroughtForward: 1}, w.report("webhooks", "--id", id(1).String()).counts())
	<-completed
	diff(t, "jobs after the replay", []string{"001 completed"}, w.jobs("deliver_webhook"))
	diff(t, "row", []string{"sent"}, w.list(`SELECT status FROM webhook_logs WHERE replayed_at IS NOT NULL AND replayed_at < last_attempt_at`))
	diff(t, "a try after it", []string{"automatic"}, replayed())
	got := customer.Deliveries()
	if len(got) != 2 || got[0].ID != got[1].ID || got[1].Status != http.StatusOK {
		t.Errorf("arrived: %+v, want two tries of one webhook-id", got)
	}
}

// Ensure the next try of a row that is replayed counts as one that was asked for.
func TestReplayIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook(1, "failed")
	w.exec(`UPDATE webhook_logs SET last_attempt_at = now()`)
	w.report("webhooks")
	row, err := store.New().WebhookLogGet(t.Context(), w.pool, id(1))
	if err != nil || !row.Replayed {
		t.Errorf("replayed is %t (%v), want true until it is tried", row.Replayed, err)
	}
}

// work starts a worker for the world's jobs and tells of failed and completed ones.
func (w *world) work(deps jobs.Deps) (failed, completed <-chan *river.Event) {
	w.Helper()
	logger := slog.New(slog.NewTextHandler(w.Output(), nil))
	client, err := queue.New(queue.Config{
		Pool: w.pool, Workers: jobs.Register(deps), Logger: logger, Metrics: queue.NewMetrics(prometheus.NewRegistry(), jobs.Kinds()),
		Outcomes: &queue.Outcomes{Pauser: store.Pauses{Pool: w.pool}, Logger: logger},
	})
	if err != nil {
		w.Fatal(err)
	}
	failed, _ = client.Subscribe(river.EventKindJobFailed)
	completed, _ = client.Subscribe(river.EventKindJobCompleted)
	if err := client.Start(context.WithoutCancel(w.Context())); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = client.Stop(context.WithoutCancel(w.Context())) })
	return failed, completed
}
