package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/store/storetest"
)

const (
	oneCampaign   = "11111111-1111-4111-8111-111111111111"
	otherCampaign = "22222222-2222-4222-8222-222222222222"
	noCampaign    = "33333333-3333-4333-8333-333333333333"

	oneKey   = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	otherKey = "0202020202020202020202020202020202020202020202020202020202020202"
)

// readSQL returns the one value of a query.
func readSQL[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) (value T) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func count(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) int {
	t.Helper()
	return readSQL[int](t, pool, sql, args...)
}

func text(t *testing.T, pool *pgxpool.Pool, sql string) string {
	t.Helper()
	return readSQL[string](t, pool, sql)
}

// newSecrets is an outside with two campaigns and a key.
func newSecrets(t *testing.T) (*outside, *pgxpool.Pool) {
	t.Helper()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.environ["WEBHOOK_ENCRYPTION_KEY"] = oneKey
	execSQL(t, pool, `INSERT INTO campaigns (id, name) VALUES ($1, 'Guide'), ($2, 'Talk')`, oneCampaign, otherCampaign)
	return o, pool
}

// printed runs a subcommand that must succeed and returns what it wrote to standard output.
func (o *outside) printed(t *testing.T, line string) string {
	t.Helper()
	var out, notes bytes.Buffer
	cmd := command(o.list())
	cmd.SetArgs(strings.Fields(line))
	cmd.SetOut(&out)
	cmd.SetErr(&notes)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("worker %s: %v\n%s", line, err, notes.String())
	}
	return strings.TrimSpace(out.String())
}

// Ensure a secret is shown once, kept encrypted, and that wrong commands are refused
// with the way out.
func TestSecretCommands(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	secret := o.printed(t, "webhooks secret create "+oneCampaign)
	if err := webhook.CheckSecret(secret); err != nil {
		t.Fatalf("create printed %q: %v", secret, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM workers.webhook_secrets WHERE position($1::bytea IN ciphertext) > 0`, []byte(secret[6:])); n != 0 {
		t.Error("the secret stands in the database")
	}
	id := text(t, pool, `SELECT id::text FROM workers.webhook_secrets`)
	for _, step := range []struct {
		args, want string
		code       int
	}{
		{"create " + oneCampaign, "has a secret already; `worker webhooks secret rotate " + oneCampaign, 1},
		{"create " + noCampaign, "there is no campaign " + noCampaign, 1},
		{"create nonsense", `"nonsense" is no campaign id`, 2},
		{"create", "accepts 1 arg(s)", 2},
		{"rotate " + otherCampaign, "has no secret; `worker webhooks secret create", 1},
		{"rotate " + oneCampaign + " --overlap 169h", "not between 0 and 168h", 2},
		{"rotate " + oneCampaign + " --overlap -1s", "not between 0 and 168h", 2},
		{"list", oneCampaign + "  " + id, 0},
		{"list", "current  …" + webhook.Fingerprint(secret), 0},
		{"list " + oneCampaign, "Guide", 0},
		{"list " + otherCampaign, "no secret: webhooks are signed with WEBHOOK_SECRET", 0},
		{"list " + noCampaign, "there is no campaign", 1},
		{"revoke " + oneCampaign + " " + id, "is the current one: replace it with", 1},
		{"revoke " + otherCampaign + " " + id, "has no secret " + id, 1},
		{"revoke " + secret + " " + id, "CAMPAIGN is the id of one, no secret", 2},
		{"rotate https://crm.example.com/" + secret, "CAMPAIGN is the id of one, no address", 2},
		{"revoke " + oneCampaign + " " + secret, "SECRET is not the id of one", 2},
		{"rotate " + oneCampaign + " --overlap 1h", "it signs beside the one before until", 0},
		{"revoke " + oneCampaign + " " + id, "1 secret(s) of campaign " + oneCampaign + " are revoked", 0},
		{"revoke " + oneCampaign + " " + id, "has no secret " + id, 1},
	} {
		out, err := o.call(t, strings.Fields("webhooks secret "+step.args)...)
		if err != nil {
			out += err.Error()
		}
		if exitCode(err) != step.code || !strings.Contains(out, step.want) {
			t.Errorf("secret %s: exit code %d, want %d; %q is not in:\n%s", step.args, exitCode(err), step.code, step.want, out)
		}
		if strings.Contains(out, secret) {
			t.Errorf("secret %s shows the first secret:\n%s", step.args, out)
		}
	}
	current := text(t, pool, `SELECT id::text FROM workers.webhook_secrets WHERE expires_at IS NULL`)
	o.printed(t, "webhooks secret rotate "+oneCampaign)
	o.printed(t, "webhooks secret revoke "+oneCampaign+" "+text(t, pool, `SELECT id::text FROM workers.webhook_secrets WHERE expires_at IS NULL`)+" --use-global")
	if n := count(t, pool, `SELECT count(*) FROM workers.webhook_secrets`); n != 0 {
		t.Errorf("%d secrets are left (%s among them?), want the global one to sign", n, current)
	}
}

// Ensure rotating leaves the overlap that was asked for, never lengthens an older one,
// and stops at as many as are sent.
func TestRotateSecret(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	hours := func() string {
		return text(t, pool, `SELECT string_agg(coalesce(round(extract(epoch FROM expires_at - now()) / 3600)::text, 'current'), ' ' ORDER BY created_at)
			FROM workers.webhook_secrets WHERE expires_at IS NULL OR expires_at > now()`)
	}
	o.printed(t, "webhooks secret create "+oneCampaign)
	for _, step := range []struct{ args, want string }{
		{"", "24 current"},
		{" --overlap 168h", "24 168 current"},
		{" --overlap 2h", "2 2 2 current"},
		{" --overlap 0", "current"},
	} {
		o.printed(t, "webhooks secret rotate "+oneCampaign+step.args)
		if diff := cmp.Diff(step.want, hours()); diff != "" {
			t.Errorf("rotate%s: hours that secrets sign (-want +got):\n%s", step.args, diff)
		}
	}
	for range maxSecrets - 1 {
		o.printed(t, "webhooks secret rotate "+oneCampaign)
	}
	if _, err := o.call(t, "webhooks", "secret", "rotate", oneCampaign); err == nil || !strings.Contains(err.Error(), "10 secrets") {
		t.Errorf("one more: %v, want it refused", err)
	}
	o.printed(t, "webhooks secret rotate "+oneCampaign+" --overlap 0")
}

// Ensure two who change the secrets of a campaign at once leave one current secret, and
// both hold one that still signs.
func TestSecretsChangedAtOnce(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	atOnce := func(n int, args ...string) (succeeded int) {
		var mu sync.Mutex
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				_, err := o.call(t, args...)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					succeeded++
				}
			})
		}
		all.Wait()
		return succeeded
	}
	const current = `SELECT count(*) FROM workers.webhook_secrets WHERE expires_at IS NULL`
	if n := atOnce(4, "webhooks", "secret", "create", oneCampaign); n != 1 || count(t, pool, current) != 1 {
		t.Errorf("%d of 4 made a secret, %d are current; want 1", n, count(t, pool, current))
	}
	if n := atOnce(4, "webhooks", "secret", "rotate", oneCampaign); n != 4 || count(t, pool, current) != 1 {
		t.Errorf("%d of 4 rotated, %d are current; want all, and 1", n, count(t, pool, current))
	}
	if n := count(t, pool, `SELECT count(*) FROM workers.webhook_secrets WHERE expires_at > now()`); n != 4 {
		t.Errorf("%d secrets sign beside the current one, want 4", n)
	}
	newest := `SELECT count(*) FROM workers.webhook_secrets s WHERE expires_at IS NULL
		AND NOT EXISTS (SELECT FROM workers.webhook_secrets o WHERE o.created_at > s.created_at)`
	if count(t, pool, newest) != 1 {
		t.Error("the current secret is not the newest")
	}
}

// Ensure what a command changes counts at the very next delivery of workers that have run
// all the while and delivered under what was before: a secret that leaked signs no more.
func TestRunningWorkersFollowTheSecret(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	type request struct {
		header http.Header
		body   []byte
	}
	const rows = 6
	requests := make(chan request, rows)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- request{r.Header, body}
	}))
	t.Cleanup(server.Close)
	o.run(t)
	o.run(t)
	delivered := func(after string, signing ...string) {
		t.Helper()
		execSQL(t, pool, `INSERT INTO webhook_logs (campaign_id, webhook_url, payload)
			SELECT $1, $2, '{"email": "ana@example.com"}' FROM generate_series(1, $3)`, oneCampaign, server.URL, rows)
		until(t, pool, "deliveries after "+after, "SELECT NOT EXISTS (SELECT FROM webhook_logs WHERE status <> 'sent')")
		for range rows {
			got := <-requests
			if n := len(webhook.SplitStandard(got.header.Get("Webhook-Signature"))); n != len(signing) {
				t.Errorf("after %s: %d signatures, want %d", after, n, len(signing))
			}
			for i, s := range signing {
				verifier, err := standardwebhooks.NewWebhook(s)
				if err != nil {
					t.Fatal(err)
				}
				if err := verifier.Verify(got.body, got.header); err != nil {
					t.Errorf("after %s: secret %d did not sign: %v", after, i+1, err)
				}
			}
		}
	}
	current := func() string {
		return text(t, pool, `SELECT id::text FROM workers.webhook_secrets WHERE expires_at IS NULL`)
	}
	global := webhook.SecretPrefix + base64.StdEncoding.EncodeToString([]byte(secret))

	delivered("the start", global)
	first := o.printed(t, "webhooks secret create "+oneCampaign)
	firstID := current()
	delivered("create", first)
	second := o.printed(t, "webhooks secret rotate "+oneCampaign)
	delivered("rotate", second, first)
	o.printed(t, "webhooks secret revoke "+oneCampaign+" "+firstID)
	delivered("revoke", second)
	third := o.printed(t, "webhooks secret rotate "+oneCampaign+" --overlap 0")
	delivered("rotate --overlap 0", third)
	o.printed(t, "webhooks secret revoke "+oneCampaign+" "+current()+" --use-global")
	delivered("revoke --use-global", global)
}

// Ensure the name of a campaign or of a client, which its customer chose, cannot steer the
// terminal or pass for another line of a list.
func TestListsShowNamesOnOneLine(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	o.printed(t, "webhooks secret create "+oneCampaign)
	const name = "Guide\x1b[2J\x1b]0;x\x07\n" + otherCampaign + "\u009b31m"
	execSQL(t, pool, `UPDATE campaigns SET name = $1`, name)
	execSQL(t, pool, `WITH c AS (INSERT INTO clients (name) VALUES ($1) RETURNING id)
		INSERT INTO workers.webhook_endpoints (scope, url) SELECT id, 'https://crm.example/hook' FROM c`, name)
	for command, lines := range map[string]int{
		"webhooks secret list": 2, "webhooks secret list " + oneCampaign: 2, "webhooks endpoints": 2,
	} {
		out := o.printed(t, command)
		if strings.ContainsAny(out, "\x1b\x07\u009b") || len(strings.Split(out, "\n")) != lines || !strings.Contains(out, "Guide") {
			t.Errorf("worker %s printed %q", command, out)
		}
	}
	if out := o.printed(t, "webhooks show "+text(t, pool, `SELECT id::text FROM workers.webhook_endpoints`)); strings.ContainsAny(out, "\x1b\x07\u009b") {
		t.Errorf("worker webhooks show printed %q", out)
	}
}

// Ensure commands that need the key say how to make one, and others work without it.
func TestSecretsWithoutKey(t *testing.T) {
	t.Parallel()
	o, _ := newSecrets(t)
	o.printed(t, "webhooks secret create "+oneCampaign)
	delete(o.environ, "WEBHOOK_ENCRYPTION_KEY")
	for _, args := range []string{"create " + otherCampaign, "rotate " + oneCampaign, "reencrypt"} {
		_, err := o.call(t, strings.Fields("webhooks secret "+args)...)
		if exitCode(err) != exitWrongUsage || !strings.Contains(fmt.Sprint(err), "openssl rand -base64 32") {
			t.Errorf("secret %s: exit code %d, %v; want 2 and how to make a key", args, exitCode(err), err)
		}
	}
	o.printed(t, "webhooks secret list")
	out, err := o.call(t, "check")
	if err == nil {
		t.Error("check succeeded without the key of a secret")
	}
	assertContains(t, out, "FAIL  webhooks", "1 of 1 secrets of campaigns", "WEBHOOK_ENCRYPTION_KEY")
	o.environ["WEBHOOK_ENCRYPTION_KEY"] = "hunter2"
	if _, err := o.call(t, "webhooks", "secret", "list"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong key: %v, want it refused and not repeated", err)
	}
}

// Ensure the key itself can be changed while secrets live on.
func TestReencryptSecrets(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	o.printed(t, "webhooks secret create "+oneCampaign)
	o.printed(t, "webhooks secret create "+otherCampaign)
	keys := `SELECT string_agg(DISTINCT key_id, ' ') FROM workers.webhook_secrets`
	before := text(t, pool, keys)

	o.environ["WEBHOOK_ENCRYPTION_KEY"] = otherKey
	if out, err := o.call(t, "webhooks", "secret", "reencrypt"); err == nil || text(t, pool, keys) != before {
		t.Errorf("without the old key: %v\n%s", err, out)
	}
	o.environ["WEBHOOK_ENCRYPTION_KEY"] = otherKey + ", " + oneKey
	assertContains(t, o.printed(t, "webhooks secret reencrypt"), "2 secret(s) are encrypted anew")
	assertContains(t, o.printed(t, "webhooks secret reencrypt"), "0 secret(s) are encrypted anew")
	o.environ["WEBHOOK_ENCRYPTION_KEY"] = otherKey
	if after := text(t, pool, keys); after == before || strings.Contains(after, " ") {
		t.Errorf("keys are %q after %q, want the new one alone", after, before)
	}
	if out, err := o.call(t, "check"); !strings.Contains(out, "ok    webhooks") {
		t.Errorf("check: %v\n%s", err, out)
	}
}
