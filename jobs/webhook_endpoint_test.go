package jobs_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"

	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/sandbox/receiver"
)

// endpoint is that of a webhook row, as far as it has one.
func (b *bench) endpoint(id uuid.UUID) int64 {
	b.Helper()
	return scalar[int64](b, `SELECT e.id FROM webhook_logs w JOIN workers.webhook_endpoints e ON e.id = w.endpoint_id WHERE w.id = $1`, id)
}

// attempt is one try at a row, made without hurrying anything.
func (b *bench) attempt(id uuid.UUID) *rivertest.WorkResult {
	b.Helper()
	return work(b, webhooks.DeliverWebhookArgs{WebhookLogID: id})
}

// attempts lists what came of the tries at a row, oldest first.
func (b *bench) attempts(id uuid.UUID) []string {
	b.Helper()
	return scalar[[]string](b, `SELECT coalesce(array_agg(concat_ws(' ', number, trigger, cause, status) ORDER BY id), '{}')
		FROM workers.webhook_attempts WHERE webhook_log_id = $1`, id)
}

// Ensure that each try leaves a row that tells what happened, in the transaction that
// moves the webhook on.
func TestAttemptsAreWrittenDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.Behave("/leads", receiver.Behaviour{Status: 500, Times: 1}, receiver.Behaviour{Reset: true, Times: 1})
	id := b.webhookLog(nil)
	for range 3 {
		b.deliver(id)
	}
	want := []string{"1 automatic http_5xx 500", "2 automatic connection_reset", "3 automatic delivered 200"}
	if diff := cmp.Diff(want, b.attempts(id)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	complete := scalar[int](b, `SELECT count(*) FROM workers.webhook_attempts
		WHERE address LIKE '127.0.0.1:%' AND total_ms > 0 AND started_at <= now() AND endpoint_id = $1
		  AND (finished_at IS NULL) = (status IS NULL) AND (cause = 'delivered') = (error_detail IS NULL)`, b.endpoint(id))
	if complete != 3 {
		t.Errorf("%d of 3 attempts are complete", complete)
	}
	if leak := scalar[int](b, `SELECT count(*) FROM workers.webhook_attempts WHERE error_detail LIKE '%/leads%'`); leak != 0 {
		t.Errorf("%d attempts tell the path of the receiver", leak)
	}
}

// Ensure that a retry needs nothing of what is known of the tries before it: their rows
// may have been pruned, or lost, and the webhook goes on where its own row says.
func TestRetryNeedsNoAttemptBeforeIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 2, http.StatusInternalServerError)
	id := b.webhookLog(nil)
	for _, event := range []river.EventKind{river.EventKindJobFailed, river.EventKindJobFailed, river.EventKindJobCompleted} {
		b.wantEvent(b.deliver(id), event)
		b.exec("DELETE FROM workers.webhook_attempts")
	}
	b.want("webhook_logs", id, row{"status": "sent", "retry_count": 2})
	for n, d := range b.customer.Deliveries() {
		if d.ID != id.String() {
			t.Errorf("try %d has the webhook-id %s, want %s", n+1, d.ID, id)
		}
	}
}

// Ensure that a try whose record fails is as if it had not been: no attempt, no health,
// the row due, and the receiver asked again under the same webhook-id. It is what a
// worker that dies after the receiver's 2xx leaves, too.
func TestTryThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.webhookLog(nil)
	b.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'`)
	b.exec(`CREATE TRIGGER refuse BEFORE UPDATE OF status ON webhook_logs FOR EACH ROW EXECUTE FUNCTION refuse()`)
	b.wantEvent(b.attempt(id), river.EventKindJobFailed)
	b.want("webhook_logs", id, row{"status": "pending", "retry_count": 0, "next_attempt_at": nil, "last_attempt_at": nil})
	if n := scalar[int](b, "SELECT count(*) FROM workers.webhook_attempts"); n != 0 {
		t.Errorf("%d attempts are recorded, want none without the row", n)
	}
	b.exec("DROP TRIGGER refuse ON webhook_logs")
	b.exec("DELETE FROM workers.river_job") // which would be tried again in a moment
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 1 {
		t.Fatalf("due: %v, want the row", due)
	}
	b.exec("DELETE FROM workers.river_job")
	b.wantEvent(b.attempt(id), river.EventKindJobCompleted)
	b.want("webhook_logs", id, row{"status": "sent"})
	for _, d := range b.customer.Deliveries() {
		if d.ID != id.String() {
			t.Errorf("webhook-id %s, want %s", d.ID, id)
		}
	}
	if n := b.customer.Duplicates(); n != 1 {
		t.Errorf("%d duplicates, want the one that its webhook-id tells", n)
	}
}

// Ensure that a receiver which asks for patience gets it for everything, for as long as
// it asked, and that nobody's tries are spent on it.
func TestThrottledEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.Behave("/leads", receiver.Behaviour{Status: http.StatusTooManyRequests, RetryAfter: "40", Times: 1})
	first, fresh := b.webhookLog(nil), b.webhookLog(nil)
	b.attempt(first)
	rest := 40 * time.Second
	wait := time.Until(scalar[time.Time](b, "SELECT blocked_until FROM workers.webhook_endpoints"))
	if wait < rest-20*time.Second || wait > rest {
		t.Errorf("the endpoint rests for %s, want %s", wait, rest)
	}
	// A first try that must wait has the receiver's delay, not the schedule's five minutes.
	b.wantEvent(b.attempt(fresh), river.EventKindJobCompleted)
	b.want("webhook_logs", fresh, row{"status": "pending", "retry_count": 0, "next_attempt_at": nil, "endpoint_id": b.endpoint(first)})
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Fatalf("%d deliveries, want one", n)
	}
	woken := scalar[time.Time](b, "SELECT scheduled_at FROM workers.river_job WHERE kind = 'wake_endpoint'")
	if off := time.Until(woken) - wait; off.Abs() > time.Second {
		t.Errorf("the endpoint is woken %s off", off)
	}
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 0 {
		t.Errorf("due: %v, want nothing before", due)
	}
	b.exec("UPDATE workers.webhook_endpoints SET blocked_until = now()")
	if diff := cmp.Diff(sorted(fresh), b.run(b.sweeps.WebhookLogs)); diff != "" {
		t.Errorf("due after the rest (-want +got):\n%s", diff)
	}
}

// Ensure that of the rows that wait for an endpoint that rested one alone tries it, that
// its success lets all of the others go, and its failure none.
func TestHalfOpenBreaker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 6, http.StatusInternalServerError)
	var ids []uuid.UUID
	for range 5 {
		id := b.webhookLog(nil)
		b.attempt(id)
		ids = append(ids, id)
	}
	endpoint := b.endpoint(ids[0])
	b.want("workers.webhook_endpoints", endpoint, row{"state": "failing", "failures": 5, "openings": 1})
	b.exec("UPDATE webhook_logs SET next_attempt_at = NULL")
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 0 {
		t.Errorf("due while the breaker is open: %v", due)
	}
	for _, want := range []struct{ deliveries, jobs int }{{6, 0}, {7, 4}} {
		b.exec("DELETE FROM workers.river_job")
		b.exec("UPDATE workers.webhook_endpoints SET blocked_until = now()")
		due := b.run(b.sweeps.WebhookLogs)
		if len(due) != 1 {
			t.Fatalf("%d rows got a job to try the endpoint, want one", len(due))
		}
		b.exec("DELETE FROM workers.river_job WHERE kind = 'deliver_webhook'")
		b.attempt(uuid.MustParse(due[0]))
		if n := len(b.customer.Deliveries()); n != want.deliveries {
			t.Errorf("%d deliveries, want %d", n, want.deliveries)
		}
		if n := scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE kind = 'deliver_webhook' AND state = 'available'"); n != want.jobs {
			t.Errorf("%d rows have a job now, want %d", n, want.jobs)
		}
		b.exec("UPDATE webhook_logs SET next_attempt_at = NULL WHERE status = 'failed'")
	}
	b.want("workers.webhook_endpoints", endpoint, row{"state": "healthy", "failures": 0, "openings": 0, "blocked_until": nil})
}

// Ensure that only one of several deliveries has the turn to try an endpoint.
func TestOneTurnAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.webhookLog(nil)
	b.attempt(first)
	b.exec("UPDATE workers.webhook_endpoints SET blocked_until = now()")
	b.customer.Behave("/leads", receiver.Behaviour{Hang: true})
	second, third := b.webhookLog(nil), b.webhookLog(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.attempt(second)
	}()
	b.until("the second try is under way", arrived(b, 2))
	b.wantEvent(b.attempt(third), river.EventKindJobCompleted)
	b.want("webhook_logs", third, row{"status": "pending", "retry_count": 0})
	<-done
	if n := len(b.customer.Deliveries()); n != 2 {
		t.Errorf("%d deliveries, want two", n)
	}
}

// Ensure that a receiver which is gone is left alone, with nothing lost, until somebody
// enables it.
func TestEndpointThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.Behave("/leads", receiver.Behaviour{Status: http.StatusGone, Times: 1})
	id, parked := b.webhookLog(nil), b.webhookLog(nil)
	b.wantEvent(b.attempt(id), river.EventKindJobCancelled)
	b.want("webhook_logs", id, row{"status": "failed", "retry_count": 1, "response_status": 410, "next_attempt_at": nil, "abandoned_at": nil})
	b.want("workers.webhook_endpoints", b.endpoint(id), row{"state": "disabled", "disabled_reason": "gone"})

	b.wantEvent(b.attempt(parked), river.EventKindJobCompleted)
	b.want("webhook_logs", parked, row{"status": "pending", "retry_count": 0, "last_attempt_at": nil})
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 0 {
		t.Errorf("due: %v, want nothing", due)
	}
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Fatalf("%d deliveries, want one", n)
	}

	b.must(webhooks.EnableEndpoint(t.Context(), b.pool, b.deps.Settings.Webhooks(), b.client, b.endpoint(id)))
	b.want("workers.webhook_endpoints", b.endpoint(id), row{"state": "healthy", "disabled_reason": nil, "failures": 0})
	if diff := cmp.Diff(sorted(id, parked), b.run(b.sweeps.WebhookLogs)); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}

// Ensure that five days of failure switch an endpoint off, and that enabling it brings
// back what used up its tries meanwhile, and nothing older.
func TestEndpointThatFailsForDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 3, http.StatusBadRequest)
	exhausted := b.webhookLog(row{"status": "failed", "retry_count": 9})
	b.attempt(exhausted)
	b.want("webhook_logs", exhausted, row{"status": "failed", "retry_count": 10, "next_attempt_at": nil})
	endpoint := b.endpoint(exhausted)
	b.want("workers.webhook_endpoints", endpoint, row{"state": "failing"}) // one event does not disable it
	older := b.webhookLog(row{"status": "failed", "retry_count": 10, "endpoint_id": endpoint,
		"abandoned_at": time.Now().Add(-240 * time.Hour), "last_attempt_at": time.Now().Add(-240 * time.Hour)})

	b.exec("UPDATE workers.webhook_endpoints SET failing_since = now() - interval '119 hours'")
	b.attempt(b.webhookLog(nil))
	b.want("workers.webhook_endpoints", endpoint, row{"state": "failing"})
	b.exec("UPDATE workers.webhook_endpoints SET failing_since = now() - interval '121 hours'")
	b.attempt(b.webhookLog(nil))
	b.want("workers.webhook_endpoints", endpoint, row{"state": "disabled", "disabled_reason": "failing"})

	b.must(webhooks.EnableEndpoint(t.Context(), b.pool, b.deps.Settings.Webhooks(), b.client, endpoint))
	if n := len(b.run(b.sweeps.WebhookLogs)); n != 3 {
		t.Errorf("%d rows are due, want 3", n)
	}
	b.want("webhook_logs", exhausted, row{"status": "pending", "retry_count": 0, "abandoned_at": nil})
	b.want("webhook_logs", older, row{"status": "failed", "retry_count": 10})
	if n := scalar[int](b, "SELECT count(*) FROM workers.webhook_incidents WHERE closed_at IS NULL"); n != 0 {
		t.Errorf("%d incidents are open after the endpoint was enabled", n)
	}
}

// Ensure that the last allowed try, when it succeeds, leaves its endpoint healthy.
func TestLastTryThatSucceeds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 1, http.StatusInternalServerError)
	id := b.webhookLog(row{"status": "failed", "retry_count": 8})
	b.deliver(id)
	b.exec("UPDATE workers.webhook_endpoints SET failing_since = now() - interval '6 days'")
	b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
	b.want("webhook_logs", id, row{"status": "sent", "retry_count": 9})
	b.want("workers.webhook_endpoints", b.endpoint(id), row{"state": "healthy", "failures": 0, "failing_since": nil, "disabled_at": nil})
}

// Ensure that the same URL is another endpoint for another client, and that a row whose
// producer changes its URL is no longer held up by the old one.
func TestEndpointsAreOfAClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.Behave("/leads", receiver.Behaviour{Status: http.StatusGone, Times: 1})
	client := b.seedClient()
	mine, mineToo := b.campaign(row{"client_id": client}), b.campaign(row{"client_id": client})
	gone, other := b.webhookLog(row{"campaign_id": mine}), b.webhookLog(row{"campaign_id": b.campaign(nil)})
	moved := b.webhookLog(row{"campaign_id": mineToo})
	b.attempt(gone)
	b.attempt(moved)
	b.want("webhook_logs", moved, row{"status": "pending", "endpoint_id": b.endpoint(gone)})
	b.attempt(other)
	b.want("webhook_logs", other, row{"status": "sent"})
	b.exec("UPDATE webhook_logs SET webhook_url = $2 WHERE id = $1", moved, strings.Replace(b.hookURL, "/leads", "/new", 1))
	if diff := cmp.Diff(sorted(moved), b.run(b.sweeps.WebhookLogs)); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	b.attempt(moved)
	b.want("webhook_logs", moved, row{"status": "sent"})
}

// Ensure that a job which begins again too early, after a crash, waits for its row.
func TestJobBeforeItsRowIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.webhookLog(row{"status": "failed", "retry_count": 1, "next_attempt_at": time.Now().Add(time.Hour)})
	b.wantEvent(b.attempt(id), river.EventKindJobSnoozed)
	b.exec("UPDATE webhook_logs SET next_attempt_at = 'infinity'")
	b.wantEvent(b.attempt(id), river.EventKindJobSnoozed)
	if n := len(b.customer.Deliveries()); n != 0 {
		t.Errorf("%d deliveries, want none", n)
	}
}

// arrived reports whether so many deliveries have begun.
func arrived(b *bench, n int) func(context.Context) bool {
	return func(context.Context) bool { return len(b.customer.Deliveries()) >= n }
}
