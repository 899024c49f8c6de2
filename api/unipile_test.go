package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bravorevos/workers/api"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure the event of a new connection lets the waiting message go out, whatever the
// content type, and however often it comes; and that nobody else can send one.
func TestUnipileNewRelation(t *testing.T) {
	t.Parallel()
	const unipileSecret = "unipile-secret-of-the-tests"
	s := newBench(t, storetest.New(t), func(c *api.Config) { c.UnipileSecret = unipileSecret })
	var lead string
	err := s.pool.QueryRow(t.Context(), `
WITH campaign AS (INSERT INTO campaigns (name, trigger_word, status) VALUES ('c', 'guide', 'active') RETURNING id),
lead AS (INSERT INTO leads (campaign_id, linkedin_id, provider_id, status) SELECT id, 'ACoAAPerson', 'ACoAAPerson', 'not_connected' FROM campaign RETURNING id, campaign_id),
message AS (INSERT INTO workers.messages (account_id, campaign_id, lead_id, purpose, recipient_id, body, state)
    SELECT 'one', campaign_id, id, 'first_dm', 'ACoAAPerson', 'hello', 'failed' FROM lead RETURNING id, lead_id)
INSERT INTO workers.awaited_relations (account_id, person_id, message_id, lead_id, expires_at)
SELECT 'one', 'ACoAAPerson', id, lead_id, now() + interval '1 day' FROM message RETURNING lead_id::text`).Scan(&lead)
	if err != nil {
		t.Fatal(err)
	}
	status := func() (lead, message string) {
		err := s.pool.QueryRow(t.Context(), "SELECT l.status, m.state FROM leads l JOIN workers.messages m ON m.lead_id = l.id").Scan(&lead, &message)
		if err != nil {
			t.Fatal(err)
		}
		return lead, message
	}
	post := func(secret, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/webhooks/unipile", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded") // what Unipile sends by default
		req.Header.Set("Unipile-Auth", secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	const event = `{"event":"new_relation","account_id":"one","account_type":"LINKEDIN","user_provider_id":"ACoAAPerson","more":[1]}`
	for _, tc := range []struct {
		secret, body string
		want         int
	}{
		{"", event, 401}, {"wrong", event, 401}, {unipileSecret, "nonsense", 400}, {unipileSecret, `{"event":"` + strings.Repeat("x", 2<<20) + `"}`, 400},
		{unipileSecret, `{"event":"new_relation","account_id":"another","user_provider_id":"ACoAAPerson"}`, 200},
		{unipileSecret, `{"event":"new_relation","account_id":"one","user_provider_id":null}`, 200},
		{unipileSecret, `{"event":"message_read","account_id":"one","user_provider_id":"ACoAAPerson"}`, 200},
		{unipileSecret, `{"AccountStatus":{"account_id":"one","message":"OK"}}`, 200},
	} {
		if got := post(tc.secret, tc.body); got != tc.want {
			t.Errorf("%.60s with secret %q: %d, want %d", tc.body, tc.secret, got, tc.want)
		}
	}
	if lead, message := status(); lead != "not_connected" || message != "failed" {
		t.Fatalf("lead is %s and message %s before the event", lead, message)
	}
	for range 3 {
		if got := post(unipileSecret, event); got != 200 {
			t.Errorf("event: %d, want 200", got)
		}
		if lead, message := status(); lead != "comment_detected" || message != "queued" {
			t.Errorf("lead is %s and message %s after the event", lead, message)
		}
	}
}

// Ensure events are refused while no secret is set: anybody could send them.
func TestUnipileWebhookWithoutSecret(t *testing.T) {
	t.Parallel()
	s := newBench(t, storetest.New(t), nil)
	resp, err := http.Post(s.url+"/webhooks/unipile", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d, want 404", resp.StatusCode)
	}
}
