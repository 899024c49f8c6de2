package jobs_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// Ensure that a row which its producer sets back is delivered at the next sweep,
// although its job would be tried hours later, and that a row which nobody touched
// keeps its schedule.
func TestWebhookThatItsProducerSetsBackIsDueAtOnce(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"retryable", "scheduled"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id, untouched := b.webhookLog(nil), b.webhookLog(nil)
			if got := b.run(b.sweeps.WebhookLogs); len(got) != 2 {
				t.Fatalf("%v got a job, want both rows", got)
			}
			b.exec("UPDATE workers.river_job SET state = $1::workers.river_job_state, scheduled_at = now() + interval '20 hours'", state)
			b.exec("UPDATE webhook_logs SET status = 'failed', retry_count = 8, next_attempt_at = now() + interval '20 hours'")

			b.exec("UPDATE webhook_logs SET status = 'pending', retry_count = 0, next_attempt_at = NULL WHERE id = $1", id)
			if diff := cmp.Diff(sorted(id), b.run(b.sweeps.WebhookLogs)); diff != "" {
				t.Errorf("rows that got a job (-want +got):\n%s", diff)
			}
			ready := scalar[[]uuid.UUID](b, `SELECT array_agg((args ->> 'webhook_log_id')::uuid) FROM workers.river_job
				WHERE state = 'available' AND scheduled_at <= now()`)
			if diff := cmp.Diff([]uuid.UUID{id}, ready); diff != "" {
				t.Errorf("rows with a job that is up for work, not %s (-want +got):\n%s", untouched, diff)
			}
			if again := b.run(b.sweeps.WebhookLogs); len(again) != 0 {
				t.Errorf("second sweep gave jobs to %v, want none", again)
			}
			if n := b.activeJobs("deliver_webhook"); n != 2 {
				t.Errorf("%d jobs, want one a row", n)
			}
		})
	}
}

// Ensure that a delivery which is on its way is left alone by the sweeps, although
// its row is pending.
func TestWebhookOnItsWayGetsNoSecondJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 1, http.StatusBadGateway)
	id := b.webhookLog(nil)
	b.run(b.sweeps.WebhookLogs)
	b.exec("UPDATE workers.river_job SET state = 'running', attempted_at = now(), attempt = 1")
	if got := b.run(b.sweeps.WebhookLogs); len(got) != 0 {
		t.Errorf("%v got a job, want none", got)
	}
	b.exec("DELETE FROM workers.river_job")
	b.wantEvent(b.deliver(id), river.EventKindJobFailed)
	b.exec("DELETE FROM workers.river_job")
	if got := b.run(b.sweeps.WebhookLogs); len(got) != 0 {
		t.Errorf("%v got a job, want none before its next try", got)
	}
}

// Ensure that a row which its producer asks for again, by the columns that producers know,
// is delivered: one that was given up, one that would be tried later, and one whose count
// of tries is what it was.
func TestWebhookThatItsProducerAsksForAgain(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(20 * time.Hour)
	for name, was := range map[string]row{
		"given up":        {"status": "failed", "retry_count": 10, "abandoned_at": time.Now()},
		"wrong for ever":  {"status": "failed", "retry_count": 1, "abandoned_at": time.Now()},
		"tried later":     {"status": "failed", "retry_count": 3, "next_attempt_at": later},
		"of another tool": {"status": "failed", "retry_count": 12},
		"delivered":       {"status": "sent", "retry_count": 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.webhookLog(was)
			if due := b.run(b.sweeps.WebhookLogs); len(due) != 0 {
				t.Fatalf("due: %v, want nothing", due)
			}
			b.exec("UPDATE webhook_logs SET status = 'pending'")
			if diff := cmp.Diff(sorted(id), b.run(b.sweeps.WebhookLogs)); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
			b.exec("DELETE FROM workers.river_job")
			b.wantEvent(b.attempt(id), river.EventKindJobCompleted)
			b.want("webhook_logs", id, row{"status": "sent"})
		})
	}
}
