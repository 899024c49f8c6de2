package jobs_test

import (
	"strings"
	"testing"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/webhook"
)

// Ensure that a receiver on a private address is delivered to for the client that it is
// opened for, whose answers are kept, and that another client's row tells why it went nowhere.
func TestReceiverOpenedForOneClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger := b.seedClient(), b.seedClient()
	address := strings.TrimSuffix(strings.TrimPrefix(b.hookURL, "http://"), "/leads")
	openings, err := webhook.ParseOpenings(address + "@" + owner.String())
	b.must(err)
	b.deps.Webhooks = webhook.New(webhook.Config{Openings: openings})
	own := b.webhookLog(row{"campaign_id": b.campaign(row{"client_id": owner})})
	other := b.webhookLog(row{"campaign_id": b.campaign(row{"client_id": stranger})})
	b.wantEvent(b.attempt(own), river.EventKindJobCompleted)
	b.want("webhook_logs", own, row{"status": "sent", "response_body": "received"})
	b.wantEvent(b.attempt(other), river.EventKindJobCancelled)
	b.want("webhook_logs", other, row{"status": "failed", "response_body": nil})
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Errorf("%d deliveries, want one", n)
	}
}

// Ensure that of an answer out of a network that is open to every client neither the row
// nor the log of attempts keeps anything that a client could read.
func TestAnswerOutOfASharedNetworkIsNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	openings, err := webhook.ParseOpenings("127.0.0.0/8")
	b.must(err)
	b.deps.Webhooks = webhook.New(webhook.Config{Openings: openings})
	for _, path := range []string{"/leads", "/nowhere?"} {
		id := b.webhookLog(row{"webhook_url": strings.Replace(b.hookURL, "/leads", path, 1)})
		b.attempt(id)
	}
	if n := scalar[int](b, `SELECT count(*) FROM webhook_logs w JOIN workers.webhook_attempts a ON a.webhook_log_id = w.id
		WHERE a.status > 0 AND w.response_body LIKE '(not kept%' AND a.body_head = w.response_body`); n != 2 {
		t.Errorf("of %d of 2 answers it is said that they are not kept", n)
	}
}

// Ensure that a row for http:// is closed with the reason where that is refused, and that
// nothing crosses the network.
func TestReceiverWithoutTLSIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	openings, err := webhook.ParseOpenings("127.0.0.0/8")
	b.must(err)
	b.deps.Webhooks = webhook.New(webhook.Config{Openings: openings, RequireHTTPS: true})
	id := b.webhookLog(nil)
	b.wantEvent(b.attempt(id), river.EventKindJobCancelled)
	b.want("webhook_logs", id, row{"status": "failed", "next_attempt_at": nil})
	if text := scalar[string](b, "SELECT error_message FROM webhook_logs"); !strings.Contains(text, "must begin with https://: WEBHOOK_REQUIRE_HTTPS is on") {
		t.Errorf("error_message is %q", text)
	}
	if n := len(b.customer.Deliveries()); n != 0 {
		t.Errorf("%d deliveries, want none", n)
	}
}
