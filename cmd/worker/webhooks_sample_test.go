package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/sandbox/receiver"
)

// Ensure a sample goes where the campaign's leads would, is signed as they are, and
// leaves no trace; and that a receiver that refuses it is told of.
func TestSample(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	own := o.printed(t, "webhooks secret create "+oneCampaign)
	// Each of the three places names a receiver of its own.
	places := map[string]*receiver.Server{}
	address := map[string]string{}
	for _, place := range []string{"scrape job", "campaign", "configuration"} {
		places[place] = receiver.New(receiver.Options{Secret: secret, Own: own})
		server := httptest.NewServer(places[place].Handler())
		t.Cleanup(server.Close)
		address[place] = server.URL + "/leads?token=hunter2"
	}
	sample := func(place string) {
		t.Helper()
		out := o.printed(t, "webhooks sample "+oneCampaign)
		got := places[place].Deliveries()
		if len(got) != 1 || !got[0].Valid || !strings.Contains(got[0].Body, `"sample":true`) || !strings.Contains(got[0].Body, oneCampaign) {
			t.Fatalf("the %s's receiver got %+v", place, got)
		}
		assertContains(t, out, "Webhook-Id:", got[0].ID, "Webhook-Signature:", "v1,", "X-Webhook-Signature:", webhook.Signature(secret, []byte(got[0].Body)),
			"status:  200", "took:", "received", "the receiver took it")
		for _, hidden := range []string{secret, own, own[6:], "hunter2"} {
			if strings.Contains(out, hidden) {
				t.Errorf("the output holds a secret:\n%s", out)
			}
		}
	}
	execSQL(t, pool, `WITH c AS (INSERT INTO webhook_configs (url) VALUES ($2) RETURNING id)
		UPDATE campaigns SET webhook_config_id = c.id FROM c WHERE campaigns.id = $1`, oneCampaign, address["configuration"])
	sample("configuration")
	execSQL(t, pool, `UPDATE campaigns SET webhook_url = $2 WHERE id = $1`, oneCampaign, address["campaign"])
	sample("campaign")
	execSQL(t, pool, `INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, webhook_url, created_at)
		VALUES ($1, 'p', 'a', $2, now()), ($1, 'p', 'a', 'https://older.example', now() - interval '1 day')`, oneCampaign, address["scrape job"])
	sample("scrape job")
	if n := count(t, pool, `SELECT (SELECT count(*) FROM leads) + (SELECT count(*) FROM webhook_logs)`); n != 0 {
		t.Errorf("%d rows were written, want none", n)
	}
}

// Ensure what went wrong is said, with what to check, and ends in the right exit code.
func TestSampleThatFails(t *testing.T) {
	t.Parallel()
	o, pool := newSecrets(t)
	customer := receiver.New(receiver.Options{Secret: secret})
	server := httptest.NewServer(customer.Handler())
	t.Cleanup(server.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	customer.Behave("/gone", receiver.Behaviour{Status: http.StatusGone})
	customer.Behave("/moved", receiver.Behaviour{Redirect: "https://elsewhere.example"})
	customer.Behave("/broken", receiver.Behaviour{Status: http.StatusInternalServerError})
	for _, step := range []struct {
		args, want string
		code       int
	}{
		{"--url " + server.URL, "the receiver took it", 0},
		{"--url " + server.URL + " --secret " + webhook.NewSecret(), "refuses the signature", 1},
		{"--url " + server.URL + " --secret whsec_short", "--secret: not a secret", 2},
		{"--url " + server.URL + "/gone", "status:  410", 1},
		{"--url " + server.URL + "/moved", "redirects are not followed", 1},
		{"--url " + server.URL + "/broken", "it failed with 500", 1},
		{"--url " + closed.URL, "connection_refused", 1},
		{"--url http://10.0.0.7/", "WEBHOOK_ALLOW_CIDRS opens networks", 1},
		{"--url ftp://crm.example", "must begin with https://", 1},
		{oneCampaign, "has no webhook: neither", 1},
		{noCampaign, "there is no campaign", 1},
		{server.URL + "/t0ken", "an address is given with --url", 2},
		{"nonsense", "is no campaign id", 2},
		{"", "say where to", 2},
	} {
		out, err := o.call(t, append([]string{"webhooks", "sample"}, strings.Fields(step.args)...)...)
		if err != nil {
			out += err.Error()
		}
		if exitCode(err) != step.code || !strings.Contains(out, step.want) {
			t.Errorf("sample %s: exit code %d, want %d; %q is not in:\n%s", step.args, exitCode(err), step.code, step.want, out)
		}
	}
	o.printed(t, "webhooks secret create "+oneCampaign)
	execSQL(t, pool, `UPDATE campaigns SET webhook_url = $2 WHERE id = $1`, oneCampaign, server.URL)
	o.environ["WEBHOOK_ENCRYPTION_KEY"] = otherKey
	before := len(customer.Deliveries())
	if _, err := o.call(t, "webhooks", "sample", oneCampaign); err == nil || !strings.Contains(err.Error(), "set WEBHOOK_ENCRYPTION_KEY") {
		t.Errorf("without the key: %v", err)
	}
	if len(customer.Deliveries()) != before {
		t.Error("a sample went out under another secret than the campaign's")
	}
}

// Ensure a sample that a worker would not deliver, since it would go to the worker itself,
// is refused as its leads are.
func TestSampleToTheWorkerItself(t *testing.T) {
	t.Parallel()
	o, _ := newSecrets(t)
	w := o.run(t)
	o.environ["LISTEN_ADDR"] = w.addr.String()
	out, err := o.call(t, "webhooks", "sample", "--url", "http://"+w.addr.String()+"/webhooks/unipile")
	if err == nil || !strings.Contains(err.Error(), "not on the public Internet") {
		t.Errorf("it was sent: %v\n%s", err, out)
	}
}

// Ensure the secret can be given where no list of processes shows it.
func TestSampleReadsItsSecret(t *testing.T) {
	t.Parallel()
	o, _ := newSecrets(t)
	own := webhook.NewSecret()
	customer := receiver.New(receiver.Options{Secret: secret, Own: own})
	server := httptest.NewServer(customer.Handler())
	t.Cleanup(server.Close)
	run := func(input string) (string, error) {
		var out bytes.Buffer
		cmd := command(o.list())
		cmd.SetArgs([]string{"webhooks", "sample", "--url", server.URL, "--secret", "-"})
		cmd.SetIn(strings.NewReader(input))
		cmd.SetOut(&out)
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if out, err := run(own + "\n"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run("\n"); exitCode(err) != exitWrongUsage {
		t.Errorf("nothing to read: %v", err)
	}
}
