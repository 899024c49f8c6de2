package jobs_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs/privacy"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/store"
)

func vaultOf(b *bench, n byte) *webhook.Vault {
	b.Helper()
	v, err := webhook.NewVault(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32)))
	b.must(err)
	return v
}

// campaignSecret seeds a secret of a campaign, which ends after so long; 0 means that it
// is the current one.
func (b *bench) campaignSecret(v *webhook.Vault, campaign uuid.UUID, ends time.Duration) string {
	b.Helper()
	text := webhook.NewSecret()
	sealed, err := v.Seal(campaign, text)
	b.must(err)
	_, err = store.New().WebhookSecretInsert(b.Context(), b.pool, store.WebhookSecretInsertParams{
		CampaignID: campaign, Ciphertext: sealed.Ciphertext, KeyID: sealed.KeyID, Fingerprint: webhook.Fingerprint(text),
	})
	if ends != 0 {
		b.exec("UPDATE workers.webhook_secrets SET expires_at = now() + make_interval(secs => $2) WHERE campaign_id = $1 AND expires_at IS NULL",
			campaign, ends.Seconds())
	}
	b.must(err)
	return text
}

// Ensure a campaign's webhooks are signed with its own secrets, both of them while one
// is replaced, and others with the global one; the old header stays as it was. What
// changes counts at the next try.
func TestDeliverWebhookUnderSecretsOfTheCampaign(t *testing.T) {
	t.Parallel()
	var v *webhook.Vault
	b := setup(t, func(o *options) {
		v = vaultOf(&bench{T: t}, 1)
		o.settings.WebhookVault = v
	})
	type arrival struct {
		header http.Header
		body   []byte
	}
	arrivals := make(chan arrival, 1)
	url := b.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(bytes.Buffer)
		_, _ = body.ReadFrom(r.Body)
		arrivals <- arrival{r.Header, body.Bytes()}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	campaign := b.campaign(nil)
	id := b.webhookLog(row{"campaign_id": campaign, "webhook_url": url})
	try := func(what string, secrets ...string) {
		b.Helper()
		b.deliver(id)
		got := <-arrivals
		if n := len(strings.Fields(got.header.Get("Webhook-Signature"))); n != len(secrets) {
			t.Errorf("%s: %d signatures, want %d", what, n, len(secrets))
		}
		for i, s := range secrets {
			verifier, err := standardwebhooks.NewWebhook(s)
			b.must(err)
			if err := verifier.Verify(got.body, got.header); err != nil {
				t.Errorf("%s: the reference library refuses it under secret %d: %v", what, i+1, err)
			}
		}
		if got.header.Get("X-Webhook-Signature") != webhook.Signature(secret, got.body) {
			t.Errorf("%s: the old header is not signed with the global secret", what)
		}
	}
	global := "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))
	try("without secrets", global)
	first := b.campaignSecret(v, campaign, time.Hour)
	try("the first in its overlap", first)
	second := b.campaignSecret(v, campaign, 0)
	try("rotated", second, first)
	b.exec("UPDATE workers.webhook_secrets SET expires_at = now() WHERE expires_at IS NOT NULL")
	try("the overlap is over", second)
	b.exec("UPDATE webhook_logs SET campaign_id = NULL, lead_id = $1", b.lead(row{"campaign_id": campaign}))
	try("a producer named the lead alone", second)
	b.exec("DELETE FROM workers.webhook_secrets")
	try("back to the global one", global)
}

// Ensure nothing goes out unsigned or under another secret while a campaign's own cannot
// be read, that it costs no try, and that it goes out when the key is there.
func TestDeliverWebhookWaitsForTheKey(t *testing.T) {
	t.Parallel()
	for name, vault := range map[string]func(b *bench) *webhook.Vault{
		"no key":      func(*bench) *webhook.Vault { return nil },
		"another key": func(b *bench) *webhook.Vault { return vaultOf(b, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) { o.settings.WebhookVault = vault(&bench{T: t}) })
			campaign := b.campaign(nil)
			b.campaignSecret(vaultOf(b, 1), campaign, 0)
			var arrived atomic.Int32
			url := b.serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
			own, others := b.webhookLog(row{"campaign_id": campaign, "webhook_url": url}), b.webhookLog(nil)
			b.wantEvent(b.deliver(own), river.EventKindJobCancelled) // the row waits, and its endpoint is woken then
			b.want("webhook_logs", own, row{"status": "pending", "retry_count": 0, "last_attempt_at": nil})
			if n := arrived.Load(); n != 0 {
				t.Errorf("%d deliveries arrived, want none", n)
			}
			b.wantEvent(b.deliver(others), river.EventKindJobCompleted)
			if got := scalar[string](b, "SELECT cause FROM workers.webhook_attempts WHERE webhook_log_id = $1", own); got != string(integrations.CauseSecret) {
				t.Errorf("the try ended by %s", got)
			}

			_, err := webhooks.CampaignSecrets(t.Context(), b.pool, vault(b), campaign)
			e := integrations.As(err)
			if e == nil || e.Kind != integrations.Denied || e.Scope != integrations.ScopeService || !strings.Contains(err.Error(), "set WEBHOOK_ENCRYPTION_KEY with key") {
				t.Errorf("error %v, want one that waits and names the key", err)
			}
			if n := b.activeJobs("wake_endpoint"); n != 1 {
				t.Errorf("%d jobs wake the endpoint, want 1", n)
			}
			b.deps.Settings.WebhookVault = vaultOf(b, 1)
			b.exec("UPDATE workers.webhook_endpoints SET blocked_until = now() WHERE blocked_until IS NOT NULL")
			b.wantEvent(b.deliver(own), river.EventKindJobCompleted)
			b.want("webhook_logs", own, row{"status": "sent"})
		})
	}
}

// Ensure a row that names its campaign by its lead alone, as producers may write it, is
// signed with that campaign's secret: its receiver verifies by no other.
func TestDeliverWebhookUnderSecretOfItsLeadsCampaign(t *testing.T) {
	t.Parallel()
	var v *webhook.Vault
	b := setup(t, func(o *options) {
		v = vaultOf(&bench{T: t}, 1)
		o.settings.WebhookVault = v
	})
	campaign := b.campaign(nil)
	own := b.campaignSecret(v, campaign, 0)
	customer := receiver.New(receiver.Options{Secret: secret, Own: own})
	id := b.webhookLog(row{"lead_id": b.lead(row{"campaign_id": campaign}), "webhook_url": b.serve(customer.Handler()) + "/leads"})
	b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
	if got := customer.Deliveries(); len(got) != 1 || !got[0].Valid {
		t.Errorf("the receiver says %+v, want one delivery under the campaign's secret", got)
	}
}

// Ensure a campaign whose secret cannot be read keeps no other campaign of its client
// waiting, although both deliver to one receiver and its rows are the older ones.
func TestSecretThatCannotBeReadHoldsUpItsCampaignAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Intervals.WebhookLogs = time.Hour })
	b.deps.Settings.WebhookVault = vaultOf(b, 2)
	client := b.seedClient()
	closed, other := b.campaign(row{"client_id": client}), b.campaign(row{"client_id": client})
	b.campaignSecret(vaultOf(b, 1), closed, 0)
	var waiting []uuid.UUID
	for n := range 3 * slots {
		waiting = append(waiting, b.webhookLog(row{"campaign_id": closed, "created_at": time.Now().Add(time.Duration(n-100) * time.Minute)}))
	}
	id := b.webhookLog(row{"campaign_id": other})
	b.startWith(queue.Tuning{})
	b.until("the other campaign's lead is delivered", func(context.Context) bool {
		return scalar[string](b, "SELECT status FROM webhook_logs WHERE id = $1", id) == "sent"
	})
	for _, id := range waiting {
		b.want("webhook_logs", id, row{"status": "pending", "retry_count": 0, "last_attempt_at": nil})
	}
	b.want("workers.webhook_endpoints", b.endpoint(id), row{"state": "healthy", "failures": 0})
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Errorf("%d deliveries, want the other campaign's", n)
	}
}

// Ensure a secret that was copied from another campaign, or damaged, signs nothing.
func TestCampaignSecretsOfAnotherCampaign(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := vaultOf(b, 1)
	from, to := b.campaign(nil), b.campaign(nil)
	b.campaignSecret(v, from, 0)
	b.exec("UPDATE workers.webhook_secrets SET campaign_id = $1", to)
	if got, err := webhooks.CampaignSecrets(t.Context(), b.pool, v, to); err == nil || !strings.Contains(err.Error(), "damaged or of another campaign") {
		t.Errorf("read %d secrets, %v", len(got), err)
	}
}

// Ensure expired secrets and those of deleted campaigns are forgotten, and no others.
func TestPruneForgetsSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := vaultOf(b, 1)
	campaign := b.campaign(nil)
	b.campaignSecret(v, campaign, -time.Second)
	b.campaignSecret(v, campaign, time.Hour)
	b.campaignSecret(v, campaign, 0)
	b.campaignSecret(v, uuid.New(), 0)
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	got, err := webhooks.CampaignSecrets(t.Context(), b.pool, v, campaign)
	if n := scalar[int](b, "SELECT count(*) FROM workers.webhook_secrets"); err != nil || n != 2 || len(got) != 2 {
		t.Errorf("%d secrets are left, %d of the campaign (%v), want the two that sign", n, len(got), err)
	}
}

// Ensure a lead's payload names its type and its event, which is the webhook-id, and
// leaves out what is unknown.
func TestLeadPayload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(1, row{"webhook_url": b.hookURL})
	b.answer(1, "ana@example.com")
	b.checkInbox()
	payload := scalar[map[string]any](b, "SELECT payload FROM webhook_logs")
	id := scalar[uuid.UUID](b, "SELECT id FROM webhook_logs")
	if payload["type"] != "lead.captured" || payload["event_id"] != id.String() {
		t.Errorf("type %v, event_id %v, want lead.captured and %s", payload["type"], payload["event_id"], id)
	}
	for name, value := range payload {
		if (value == nil || value == "") && name != "name" {
			t.Errorf("%s is empty, want it left out", name)
		}
	}
	if _, ok := payload["sample"]; ok {
		t.Error("a lead is marked as a sample")
	}
	b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
}

// Ensure a sample has all that a lead has, says that it is one, and is taken by a
// receiver that knows the contract.
func TestSampleLead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := webhook.NewSecret()
	customer := receiver.New(receiver.Options{Secret: secret, Own: own})
	id, body, err := webhooks.SampleLead(uuid.New(), time.Now())
	b.must(err)
	if !bytes.Contains(body, []byte(`"sample":true`)) || !bytes.Contains(body, []byte(id.String())) {
		t.Errorf("the sample is %s", body)
	}
	_, err = b.deps.Webhooks.Deliver(t.Context(), webhook.Delivery{
		ID: id.String(), URL: b.serve(customer.Handler()), Body: body, Secret: secret, Secrets: []string{own}, Now: time.Now(),
	})
	if got := customer.Deliveries(); err != nil || len(got) != 1 || !got[0].Valid {
		t.Error(errors.Join(err, errors.New("the receiver did not take it")), got)
	}
}

// Ensure that a campaign whose secret cannot be read holds up no other that delivers to
// the same receiver: its row goes to the end of the line.
func TestUnreadableSecretHoldsUpItsCampaignAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	closed, other := b.campaign(row{"client_id": client}), b.campaign(row{"client_id": client})
	b.campaignSecret(vaultOf(b, 1), closed, 0) // and there is no key
	first := b.webhookLog(row{"campaign_id": closed})
	second := b.webhookLog(row{"campaign_id": other})
	b.wantEvent(b.attempt(first), river.EventKindJobCancelled)
	b.exec("DELETE FROM workers.river_job")
	b.exec("UPDATE workers.webhook_endpoints SET blocked_until = now()") // a minute later
	if diff := cmp.Diff(sorted(second), b.run(b.sweeps.WebhookLogs)); diff != "" {
		t.Errorf("who tries the receiver (-want +got):\n%s", diff)
	}
	b.exec("DELETE FROM workers.river_job")
	b.wantEvent(b.attempt(second), river.EventKindJobCompleted)
	b.want("webhook_logs", second, row{"status": "sent"})
	b.want("webhook_logs", first, row{"status": "pending", "retry_count": 0})
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 0 {
		t.Errorf("due: %v, want nothing that has no job", due) // the delivery has brought the first
	}
}
