package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure an operator finds out why a lead did not arrive, and has it delivered, with a
// real worker beside: without the secrets that a URL may hold.
func TestWebhooksCommands(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(0)
	o.receiver.Behave("/leads/s3cret", receiver.Behaviour{Status: 410, Times: 1})
	o.run(t)
	const id = "0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921"
	execSQL(t, pool, `INSERT INTO webhook_logs (id, webhook_url, payload) VALUES ($1, $2,
		'{"email": "a@example.com", "name": "A", "source": "agent", "campaign_id": "c", "timestamp": "2026-11-23T10:00:00Z"}')`,
		id, o.hookURL+"/s3cret?token=s3cret&b=2")
	until(t, pool, "the endpoint is gone", "SELECT count(*) = 1 FROM workers.webhook_endpoints WHERE state = 'disabled'")
	var endpoint, attempt string
	if err := pool.QueryRow(t.Context(), `SELECT e.id::text, a.id::text FROM workers.webhook_endpoints e
		JOIN workers.webhook_attempts a ON a.endpoint_id = e.id`).Scan(&endpoint, &attempt); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args, want string
		code       int
	}{
		{"webhooks", "attempts", 0},
		{"webhooks endpoints", "disabled (gone)", 0},
		{"webhooks endpoints", "  http://" + strings.TrimPrefix(strings.TrimSuffix(o.hookURL, "/leads"), "http://") + "/…\n", 0},
		{"webhooks endpoints --state disabled --json", `"waiting":1`, 0},
		{"webhooks endpoints --state healthy", "no such endpoint", 0},
		{"webhooks endpoints --state ill", "--state ill is none of", 2},
		{"webhooks show " + endpoint, "disabled because   gone", 0},
		{"webhooks show " + endpoint, "http_4xx  410     127.0.0.1:", 0},
		{"webhooks endpoints --limit 0", "--limit 0 is not between 1 and 100000", 2},
		{"webhooks endpoints --limit -1", "--limit -1 is not between 1 and 100000", 2},
		{"webhooks show first", `"first" is no endpoint`, 2},
		{"webhooks show " + o.hookURL + "/s3cret", "ENDPOINT is the number of one", 2},
		{"webhooks show 4711", "no such endpoint: 4711", 1},
		{"webhooks enable 4711", "no such endpoint: 4711; `worker webhooks endpoints`", 1},
		{"webhooks disable", "accepts 1 arg", 2},
		{"webhooks attempts", "--webhook ID or --endpoint ID", 2},
		{"webhooks attempts --webhook " + id + " --endpoint 1", "--webhook ID or --endpoint ID", 2},
		{"webhooks attempts --webhook x", "no id of a row of webhook_logs", 2},
		{"webhooks attempts --webhook " + id, "ENDPOINT  TRY  TRIGGER", 0},
		{"webhooks attempts --webhook " + id, attempt + strings.Repeat(" ", 9-len(attempt)) + endpoint + strings.Repeat(" ", 10-len(endpoint)) + "1    automatic", 0},
		{"webhooks attempts --endpoint " + endpoint, id + "  1    automatic", 0},
		{"webhooks attempts --endpoint " + endpoint + " --limit -1", "--limit -1 is not between 1 and 100000", 2},
		{"webhooks attempts --endpoint 4711", "no such endpoint: 4711; `worker webhooks endpoints`", 1},
		{"webhooks attempts --endpoint -1 --json", "no such endpoint: -1", 1},
		{"webhooks attempts --webhook " + noCampaign, "there is no webhook " + noCampaign + "; `worker leads show`", 1},
		{"webhooks attempts " + id, "say which: --webhook ID", 2},
		{"webhooks attempts --webhook " + id + " --json", `"cause":"http_4xx"`, 0},
		{"webhooks attempts --endpoint " + endpoint + " --before " + attempt, "no try yet", 0},
		{"webhooks enable " + endpoint, "is enabled: what waits (1) goes out now", 0},
	} {
		out, err := o.call(t, strings.Fields(step.args)...)
		if err != nil {
			out += err.Error()
		}
		if exitCode(err) != step.code || !strings.Contains(out, step.want) || strings.Contains(out, "s3cret") {
			t.Errorf("worker %s: exit code %d, want %d; %q is not in:\n%s", step.args, exitCode(err), step.code, step.want, out)
		}
	}
	until(t, pool, "the delivery after the endpoint was enabled", "SELECT bool_and(status = 'sent') FROM webhook_logs")

	var older bytes.Buffer
	cmd := command(o.list())
	cmd.SetArgs([]string{"webhooks", "attempts", "--endpoint", endpoint, "--limit", "1", "--json"})
	cmd.SetOut(io.Discard)
	cmd.SetErr(&older)
	want := "older ones: worker webhooks attempts --endpoint " + endpoint + " --before "
	if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.HasPrefix(older.String(), want) {
		t.Errorf("one of two tries: %v, %q; want how to see the other", err, older.String())
	}
	if _, err := o.call(t, "webhooks", "disable", endpoint); err != nil {
		t.Fatal(err)
	}
	until(t, pool, "the endpoint is disabled", "SELECT bool_and(disabled_reason = 'operator') FROM workers.webhook_endpoints")
}

// Ensure nobody takes the beginning of a list for the whole.
func TestWebhooksEndpointsAreCut(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	execSQL(t, pool, `INSERT INTO workers.webhook_endpoints (scope, url) SELECT gen_random_uuid(), 'https://crm.example.com/' FROM generate_series(1, 3)`)
	for limit, want := range map[string]string{"2": "there are more than these 2: see --limit\n", "3": ""} {
		var out, notes bytes.Buffer
		cmd := command(o.list())
		cmd.SetArgs([]string{"webhooks", "endpoints", "--limit", limit})
		cmd.SetOut(&out)
		cmd.SetErr(&notes)
		if err := cmd.ExecuteContext(t.Context()); err != nil || notes.String() != want {
			t.Errorf("--limit %s: %v, %q on standard error, want %q", limit, err, notes.String(), want)
		}
		if lines := strings.Count(out.String(), "https://crm.example.com\n"); strconv.Itoa(lines) != limit {
			t.Errorf("--limit %s: %d are listed", limit, lines)
		}
	}
}

// Ensure machines read UTC, wherever the command runs.
func TestWebhooksInUTC(t *testing.T) {
	t.Parallel()
	at := time.Date(2100, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600))
	lines, err := json.Marshal([]any{
		newEndpointLine(store.WebhookEndpointListRow{WebhookEndpoint: store.WebhookEndpoint{FailingSince: &at, BlockedUntil: &at, LastFailureAt: &at, LastSuccessAt: &at}}, time.Now()),
		newEndpointLine(store.WebhookEndpointListRow{WebhookEndpoint: store.WebhookEndpoint{DisabledAt: &at}}, time.Now()),
		newAttemptLine(store.WebhookAttempt{StartedAt: at, FinishedAt: &at}),
	})
	if n := strings.Count(string(lines), `"2100-01-01T00:00:00Z"`); err != nil || n != 7 {
		t.Errorf("%d of 7 times are in UTC (%v):\n%s", n, err, lines)
	}
}
