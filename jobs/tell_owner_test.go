package jobs_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/emails"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/sandbox/receiver"
)

// Ensure that the people of the client are told once that their endpoint is switched
// off, and operators in the log and the metrics, by its host alone.
func TestTellOwner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var log bytes.Buffer
	b.deps.Endpoints = webhooks.NewEndpointEvents(b.metrics, slog.New(slog.NewTextHandler(&log, nil)))
	b.customer.Behave("/leads", receiver.Behaviour{Status: http.StatusGone, Times: 1})
	client := b.seedClient()
	owner := b.user(row{"client_id": client, "email": "jo@tarn.example", "full_name": "Jo <b>Tarn</b>"})
	b.user(row{"client_id": client, "email": nil})
	b.user(row{"client_id": client, "email": " "})
	b.user(row{"email": "somebody@else.example"})
	campaign := b.campaign(row{"client_id": client})
	url := b.hookURL + "?token=s3cret"
	id := b.webhookLog(row{"campaign_id": campaign, "webhook_url": url})
	b.webhookLog(row{"campaign_id": campaign, "webhook_url": url, "endpoint_id": nil})
	b.attempt(id)
	b.run(b.sweeps.WebhookLogs)

	incident := scalar[int64](b, "SELECT id FROM workers.webhook_incidents WHERE kind = 'disabled'")
	told := scalar[[]uuid.UUID](b, "SELECT array_agg((args ->> 'user_id')::uuid) FROM workers.river_job WHERE kind = 'tell_owner'")
	if len(told) != 1 || told[0] != owner {
		t.Fatalf("%v are told, want %s alone", told, owner)
	}
	for range 2 { // as after a crash
		b.wantEvent(work(b, emails.TellOwnerArgs{IncidentID: incident, UserID: owner}), river.EventKindJobCompleted)
	}
	emails := b.mail.Emails()
	if len(emails) != 1 {
		t.Fatalf("%d emails, want one", len(emails))
	}
	host := strings.TrimPrefix(strings.TrimSuffix(b.hookURL, "/leads"), "http://")
	for _, body := range []string{emails[0].HTML, emails[0].Text} {
		for _, want := range []string{host, "410", "2 leads waiting", "worker webhooks enable"} {
			if !strings.Contains(body, want) {
				t.Errorf("%q is not in:\n%s", want, body)
			}
		}
		if strings.Contains(body, "s3cret") || strings.Contains(body, "/leads") || strings.Contains(body, "<b>Tarn") && body == emails[0].HTML {
			t.Errorf("the email tells too much:\n%s", body)
		}
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.webhook_incidents WHERE owner_told_at IS NOT NULL"); n != 1 {
		t.Errorf("%d incidents are marked as told, want one", n)
	}

	line := log.String()
	if !strings.Contains(line, "event=disabled") || !strings.Contains(line, "host="+host) || strings.Contains(line, "s3cret") || strings.Contains(line, "/leads") {
		t.Errorf("log: %s", line)
	}
	counters := `# HELP workers_webhook_endpoint_events_total What became of receivers of webhooks: failing, disabled, recovered.
# TYPE workers_webhook_endpoint_events_total counter
workers_webhook_endpoint_events_total{event="disabled"} 1
workers_webhook_endpoint_events_total{event="failing"} 0
workers_webhook_endpoint_events_total{event="recovered"} 0
`
	if err := testutil.GatherAndCompare(b.metrics, strings.NewReader(counters), "workers_webhook_endpoint_events_total"); err != nil {
		t.Error(err)
	}
	gauges := `# HELP workers_webhook_endpoints Receivers of webhooks, by state. Those that are disabled wait for somebody to enable them.
# TYPE workers_webhook_endpoints gauge
workers_webhook_endpoints{state="disabled"} 1
workers_webhook_endpoints{state="failing"} 0
workers_webhook_endpoints{state="healthy"} 0
`
	if err := testutil.CollectAndCompare(webhooks.NewEndpointCollector(b.pool), strings.NewReader(gauges), "workers_webhook_endpoints"); err != nil {
		t.Error(err)
	}
}

// Ensure that nobody is told of an incident that is over, nor twice of one.
func TestTellOwnerOfAnIncidentThatIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.FailFirst("/leads", 3, http.StatusInternalServerError)
	client := b.seedClient()
	owner := b.user(row{"client_id": client})
	id := b.webhookLog(row{"campaign_id": b.campaign(row{"client_id": client}), "status": "failed", "retry_count": 9})
	b.attempt(id) // its last try
	incident := scalar[int64](b, "SELECT id FROM workers.webhook_incidents WHERE kind = 'failing'")
	b.exec("UPDATE webhook_logs SET retry_count = 9, abandoned_at = NULL")
	b.attempt(id)
	if n := scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE kind = 'tell_owner'"); n != 1 {
		t.Errorf("%d emails are asked for, want one an incident", n)
	}
	b.must(webhooks.EnableEndpoint(t.Context(), b.pool, b.deps.Settings.Webhooks(), b.client, b.endpoint(id)))
	b.wantEvent(work(b, emails.TellOwnerArgs{IncidentID: incident, UserID: owner}), river.EventKindJobCompleted)
	if n := len(b.mail.Emails()); n != 0 {
		t.Errorf("%d emails, want none", n)
	}
}
