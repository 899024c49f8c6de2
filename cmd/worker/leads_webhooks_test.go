package main

import (
	"strings"
	"testing"
)

// Ensure the story of a lead says why its webhook has not arrived, whatever the reason,
// and what sends it again.
func TestLeadsShowWebhooks(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	const lead, webhook = "d1c7a9f0-2b64-4f7d-a1e3-5b6c7d8e9f01", "0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921"
	execSQL(t, pool, `INSERT INTO leads (id, campaign_id, linkedin_id, status) VALUES ($1, $2, 'ana', 'email_captured')`, lead, oneCampaign)
	assertContains(t, o.printed(t, "leads show "+lead), "no webhook: no URL was configured")
	execSQL(t, pool, `INSERT INTO workers.webhook_endpoints (id, scope, url) OVERRIDING SYSTEM VALUE VALUES (12, gen_random_uuid(), 'https://crm.example.com/t0ken')`)
	execSQL(t, pool, `INSERT INTO webhook_logs (id, lead_id, webhook_url, payload, endpoint_id) VALUES ($1, $2, 'https://crm.example.com/t0ken', '{}', 12)`,
		webhook, lead)
	const again = "send it:  enqueue webhooks --id " + webhook
	for _, step := range []struct {
		change string
		want   []string
	}{
		{`webhook_logs SET status = 'pending'`, []string{"webhook " + webhook + " is due", again + "\n"}},
		{`webhook_logs SET status = 'failed', next_attempt_at = '2100-01-01Z', response_status = 503,
			error_message = 'deliver webhook ' || id || ': webhook deliver: 503: http_5xx'`,
			[]string{"failed  503: http_5xx  crm.example.com", "is tried again at 2100-01-01T00:00:00Z", again + "\n"}},
		{`webhook_logs SET next_attempt_at = NULL, abandoned_at = now()`, []string{"was given up", again + "\n"}},
		{`workers.webhook_endpoints SET state = 'disabled', disabled_at = now(), disabled_reason = 'gone'`,
			[]string{"was given up, and receiver 12 is disabled (gone)", again + " && worker webhooks enable 12\n"}},
		{`webhook_logs SET abandoned_at = NULL`, []string{"waits: receiver 12 is disabled (gone)", "send it:  worker webhooks enable 12\n"}},
		{`workers.webhook_endpoints SET state = 'failing', disabled_at = NULL, disabled_reason = NULL, blocked_until = '2100-01-01Z'`,
			[]string{"goes out by itself: receiver 12 rests until 2100-01-01T00:00:00Z", "worker webhooks enable 12\n"}},
		{`webhook_logs SET status = 'sent', error_message = NULL, response_status = 204`,
			[]string{"sent  204", "arrived at receiver 12", again + " --resend-sent --yes\n"}},
	} {
		execSQL(t, pool, "UPDATE "+step.change)
		out := o.printed(t, "leads show "+lead) + "\n"
		assertContains(t, out, append(step.want, "worker webhooks attempts --webhook "+webhook)...)
		if strings.Contains(out, "t0ken") {
			t.Errorf("the path of the receiver is shown:\n%s", out)
		}
	}
}
