package jobs_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/webhooks"
)

// Ensure that a row which was delivered stays so, although another worker, which was
// frozen and had its job taken over, ends its own try later, as a failure.
func TestFailureAfterADelivery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.webhookLog(nil)
	taken := make(chan struct{})
	var tries atomic.Int32
	b.exec("UPDATE webhook_logs SET webhook_url = $1", b.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) == 1 {
			<-taken
			w.WriteHeader(http.StatusInternalServerError)
		}
	})))
	done := make(chan *rivertest.WorkResult)
	go func() { done <- b.attempt(id) }()
	b.until("the first try is under way", func(context.Context) bool { return tries.Load() == 1 })
	second := jobs.WorkerOf[webhooks.DeliverWebhookArgs](b.deps)
	b.must(second.Work(rivertest.WorkContext(t.Context(), b.client), &river.Job[webhooks.DeliverWebhookArgs]{
		JobRow: &rivertype.JobRow{}, Args: webhooks.DeliverWebhookArgs{WebhookLogID: id},
	}))
	b.want("webhook_logs", id, row{"status": "sent"})
	close(taken)
	b.wantEvent(<-done, river.EventKindJobCancelled)
	b.want("webhook_logs", id, row{"status": "sent", "retry_count": 0, "response_status": 200, "next_attempt_at": nil, "error_message": nil})
	b.want("workers.webhook_endpoints", b.endpoint(id), row{"failures": 0})
	if n := scalar[int](b, "SELECT count(*) FROM workers.webhook_attempts"); n != 2 {
		t.Errorf("%d attempts, want both", n)
	}
}

// Ensure that a row which somebody replays during its last try has the tries that they
// asked for, and is not given up.
func TestReplayDuringTheLastTry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.webhookLog(row{"status": "failed", "retry_count": 9})
	b.exec("UPDATE webhook_logs SET webhook_url = $1", b.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.exec("UPDATE webhook_logs SET status = 'pending', retry_count = 0, next_attempt_at = NULL, replayed_at = now()")
		w.WriteHeader(http.StatusInternalServerError)
	})))
	b.wantEvent(b.attempt(id), river.EventKindJobFailed)
	b.want("webhook_logs", id, row{"status": "failed", "retry_count": 1, "abandoned_at": nil})
	b.wantNear(scalar[time.Time](b, "SELECT next_attempt_at FROM webhook_logs"), 5*time.Minute)
}

// Ensure that a job which begins again, since its worker died after the record of the
// last try, makes no further one.
func TestLastTryIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 2, http.StatusInternalServerError)
	id := b.webhookLog(row{"status": "failed", "retry_count": 9})
	b.wantEvent(b.attempt(id), river.EventKindJobCancelled)
	b.wantEvent(b.attempt(id), river.EventKindJobCompleted)
	b.want("webhook_logs", id, row{"status": "failed", "retry_count": 10})
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Errorf("%d deliveries, want the last try alone", n)
	}
}
