package jobs_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// deliver makes a try now, whatever the row says of the next one.
func (b *bench) deliver(id uuid.UUID) *rivertest.WorkResult {
	b.Helper()
	b.exec("UPDATE webhook_logs SET next_attempt_at = NULL WHERE id = $1 AND next_attempt_at > now()", id)
	b.exec("UPDATE workers.webhook_endpoints SET blocked_until = now() WHERE blocked_until > now()")
	return work(b, webhooks.DeliverWebhookArgs{WebhookLogID: id})
}

// Ensure that a delivery that the receiver verified moves the row and its lead on,
// and is not made again.
func TestDeliverWebhook(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := b.lead(row{"status": "email_captured"})
	id := b.webhookLog(row{"lead_id": lead, "error_message": "of an earlier try", "retry_count": 2})

	b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
	b.want("webhook_logs", id, row{
		"status": "sent", "response_status": 200, "response_body": "received", "error_message": nil,
		"next_attempt_at": nil, "retry_count": 2,
	})
	b.wantNear(scalar[time.Time](b, "SELECT last_attempt_at FROM webhook_logs"), 0)
	b.want("leads", lead, row{"status": "webhook_sent"})

	b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
	b.wantEvent(b.deliver(uuid.New()), river.EventKindJobCompleted) // deleted by its producer
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Errorf("%d deliveries arrived, want 1", n)
	}
	if d := b.customer.Deliveries()[0]; !d.Valid || d.ID != id.String() {
		t.Errorf("receiver says valid %t (%s), webhook-id %s, want %s", d.Valid, d.Problem, d.ID, id)
	}
}

// Ensure that rows as producers write them are delivered: without a lead, counters
// or status, for leads that others moved on, and with a large payload.
func TestDeliverWebhookOfAProducersRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	large, err := json.Marshal(row{
		"email": "ana@example.com", "name": "Ana \u2028 <b>", "source": "agent", "campaign_id": "c1", "timestamp": "2026-11-23T10:00:00Z",
		"notes": strings.Repeat("é", 500_000),
	})
	b.must(err)
	completed := b.lead(row{"status": "completed"})
	for _, columns := range []row{
		{"status": nil, "retry_count": nil},
		{"status": "failed", "retry_count": 1},
		{"payload": json.RawMessage(large)},
		{"webhook_url": " " + b.hookURL + "\n"},
		{"lead_id": completed},
	} {
		id := b.webhookLog(columns)
		b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
		b.want("webhook_logs", id, row{"status": "sent"})
	}
	b.want("leads", completed, row{"status": "completed"})
	for _, d := range b.customer.Deliveries() {
		if !d.Valid {
			t.Errorf("delivery %s: %s", d.ID, d.Problem)
		}
	}
}

// Ensure that a failing receiver is tried again on the schedule, under one
// webhook-id, until it recovers, and that the row tells each failure.
func TestDeliverWebhookUntilItRecovers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 2, http.StatusBadGateway)
	lead := b.lead(row{"status": "email_captured"})
	id := b.webhookLog(row{"lead_id": lead, "retry_count": nil})

	for try, wait := range []time.Duration{5 * time.Minute, 15 * time.Minute} {
		result := b.deliver(id)
		b.wantEvent(result, river.EventKindJobFailed)
		b.want("webhook_logs", id, row{
			"status": "failed", "retry_count": try + 1, "response_status": 502, "response_body": "received", "abandoned_at": nil,
		})
		next := scalar[time.Time](b, "SELECT next_attempt_at FROM webhook_logs")
		if d := time.Until(next); d < wait*7/10 || d > wait*13/10 {
			t.Errorf("try %d is followed by another after %s, want %s ± 20 %%", try+1, d, wait)
		}
		if off := result.Job.ScheduledAt.Sub(next); off.Abs() > time.Second {
			t.Errorf("job and row differ by %s about the next try", off)
		}
		if message := scalar[string](b, "SELECT error_message FROM webhook_logs"); !strings.Contains(message, "502") {
			t.Errorf("error_message %q does not name the status", message)
		}
		b.want("leads", lead, row{"status": "email_captured"})
	}
	b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
	b.want("webhook_logs", id, row{"status": "sent", "retry_count": 2, "error_message": nil, "next_attempt_at": nil})
	b.want("leads", lead, row{"status": "webhook_sent"})
	for n, d := range b.customer.Deliveries() {
		if d.ID != id.String() || d.Attempt != n+1 {
			t.Errorf("try %d arrived as attempt %d of webhook-id %s, want %s", n+1, d.Attempt, d.ID, id)
		}
	}
}

// Ensure that the last try on the schedule ends the row, whatever made it fail.
func TestDeliverWebhookEndsAtTheLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.Behave("/leads", receiver.Behaviour{Status: 503, RetryAfter: "60"})
	id := b.webhookLog(row{"status": "failed", "retry_count": 9})
	b.wantEvent(b.deliver(id), river.EventKindJobCancelled)
	b.want("webhook_logs", id, row{"status": "failed", "retry_count": 10, "response_status": 503, "next_attempt_at": nil})
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 0 {
		t.Errorf("due: %v, want nothing", due)
	}
}

// Ensure that what can never be delivered is given up at once, saying why.
func TestDeliverWebhookThatCanNeverArrive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := []struct {
		url    string
		status any
		says   string
	}{
		{"not a url", nil, "must begin with https://"},
		{"ftp://hooks.example", nil, "must begin with https://"},
		{"http://10.0.0.7/internal", nil, "not on the public Internet"},
		{"http://169.254.169.254/latest/meta-data", nil, "not on the public Internet"},
		{"", nil, "must begin with https://"},
	}
	for _, tc := range tests {
		id := b.webhookLog(row{"webhook_url": tc.url})
		b.wantEvent(b.deliver(id), river.EventKindJobCancelled)
		b.want("webhook_logs", id, row{"status": "failed", "retry_count": 1, "response_status": tc.status, "next_attempt_at": nil})
		got := b.read("webhook_logs", id)
		if got["abandoned_at"] == nil {
			t.Errorf("%q is not abandoned", tc.url)
		}
		if message, _ := got["error_message"].(string); !strings.Contains(message, tc.says) {
			t.Errorf("%q: error_message is %q, want it to hold %q", tc.url, message, tc.says)
		}
	}
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 0 {
		t.Errorf("due: %v, want nothing", due)
	}
}

// Ensure that each way in which a receiver can fail to answer is named and tried
// again, and that Retry-After moves the next try only further away.
func TestDeliverWebhookNamesTheCause(t *testing.T) {
	t.Parallel()
	b := setup(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	tests := []struct {
		name      string
		behaviour receiver.Behaviour
		url       string
		status    any
		says      string
		wait      time.Duration
	}{
		{name: "reset", behaviour: receiver.Behaviour{Reset: true}, says: "connection_reset", wait: 5 * time.Minute},
		{name: "refused", url: closed.URL, says: "connection_refused", wait: 5 * time.Minute},
		{name: "redirect", behaviour: receiver.Behaviour{Redirect: "https://elsewhere.example"}, status: 302, says: "redirect", wait: 5 * time.Minute},
		{name: "not found", behaviour: receiver.Behaviour{Status: 404}, status: 404, says: "http_4xx", wait: 5 * time.Minute},
		{name: "later", behaviour: receiver.Behaviour{Status: 429, RetryAfter: "7200"}, status: 429, says: "429", wait: 2 * time.Hour},
		{name: "sooner", behaviour: receiver.Behaviour{Status: 503, RetryAfter: "1"}, status: 503, says: "503", wait: 5 * time.Minute},
		{name: "in a year", behaviour: receiver.Behaviour{Status: 503, RetryAfter: "31536000"}, status: 503, says: "503", wait: 24 * time.Hour},
	}
	for _, tc := range tests {
		b.customer.Behave("/leads", tc.behaviour)
		columns := row{"webhook_url": b.hookURL + "?case=" + url.QueryEscape(tc.name)} // an endpoint of its own
		if tc.url != "" {
			columns["webhook_url"] = tc.url
		}
		id := b.webhookLog(columns)
		b.wantEvent(b.deliver(id), river.EventKindJobFailed)
		b.want("webhook_logs", id, row{"status": "failed", "retry_count": 1, "response_status": tc.status, "abandoned_at": nil})
		got := b.read("webhook_logs", id)
		if message, _ := got["error_message"].(string); !strings.Contains(message, tc.says) {
			t.Errorf("%s: error_message is %q, want it to hold %q", tc.name, message, tc.says)
		}
		wait := time.Until(scalar[time.Time](b, "SELECT next_attempt_at FROM webhook_logs WHERE id = $1", id))
		if wait < tc.wait*7/10 || wait > tc.wait*13/10 {
			t.Errorf("%s: next try in %s, want about %s", tc.name, wait, tc.wait)
		}
	}
}

// Ensure that an answer of any size and content can be stored, cut to 1000
// characters.
func TestDeliverWebhookStoresTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	odd := b.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("no\x00pe \xff\xfe <b>é</b>"))
	}))
	b.customer.Behave("/leads", receiver.Behaviour{BodyBytes: 100_000})
	id := b.webhookLog(nil)
	b.deliver(id)
	b.want("webhook_logs", id, row{"status": "sent", "response_body": strings.Repeat("x", 1000)})

	id = b.webhookLog(row{"webhook_url": odd})
	b.wantEvent(b.deliver(id), river.EventKindJobFailed)
	b.want("webhook_logs", id, row{"response_status": 500, "response_body": "nope  <b>é</b>"})
}

// Ensure that deliveries wait, and lose no try, while there is no secret to sign
// them with.
func TestDeliverWebhookWithoutASecret(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.WebhookSecret = "" })
	id := b.webhookLog(nil)
	b.wantEvent(b.deliver(id), river.EventKindJobCancelled)
	b.want("webhook_logs", id, row{"status": "pending", "retry_count": 0, "last_attempt_at": nil})
	b.wantNear(scalar[time.Time](b, "SELECT blocked_until FROM workers.webhook_endpoints"), time.Minute)
	b.want("workers.webhook_endpoints", b.endpoint(id), row{"state": "healthy", "failures": 0})
	if diff := cmp.Diff(0, len(b.customer.Deliveries())); diff != "" {
		t.Errorf("deliveries without a signature (-want +got):\n%s", diff)
	}
}
