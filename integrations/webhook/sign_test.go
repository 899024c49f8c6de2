package webhook_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
	"github.com/bravorevos/workers/integrations/webhook"
)

const (
	newest = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldest = "whsec_plJ3nmyCDGBKInavdOK15jsl4D9cTq0R"
)

// received is one request as the receiver got it.
type received struct {
	header http.Header
	body   []byte
}

// deliver sends d to a server of the test and gives what arrived there.
func deliver(t *testing.T, d webhook.Delivery) (received, error) {
	t.Helper()
	var got received
	server := integrationstest.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got.header = r.Header
		got.body, _ = io.ReadAll(r.Body)
	}))
	d.URL = server.URL
	_, err := webhook.New(patient()).Deliver(t.Context(), d)
	return got, err
}

// verifier is the reference library with the key of a secret.
func verifier(t *testing.T, secret string) *standard.Webhook {
	t.Helper()
	reference, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return reference
}

// Ensure that the reference library of Standard Webhooks accepts what is sent: under
// the secret of a campaign, under both while one takes the other's place, and under
// the global one where a campaign has none.
func TestReferenceLibraryVerifies(t *testing.T) {
	t.Parallel()
	raw, err := standard.NewWebhookRaw([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		secrets   []string
		accepting []*standard.Webhook
		refusing  []*standard.Webhook
	}{
		"one secret":    {[]string{newest}, []*standard.Webhook{verifier(t, newest)}, []*standard.Webhook{verifier(t, oldest), raw}},
		"rotation":      {[]string{newest, oldest}, []*standard.Webhook{verifier(t, newest), verifier(t, oldest)}, []*standard.Webhook{raw}},
		"global secret": {nil, []*standard.Webhook{raw}, []*standard.Webhook{verifier(t, newest)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := delivery("")
			d.Secrets, d.Now = tt.secrets, time.Now()
			got, err := deliver(t, d)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(webhook.SplitStandard(got.header.Get("webhook-signature"))); n != len(tt.accepting) {
				t.Errorf("%d signatures, want %d", n, len(tt.accepting))
			}
			for _, reference := range tt.accepting {
				if err := reference.Verify(got.body, got.header); err != nil {
					t.Error(err)
				}
				if reference.Verify(append(got.body, ' '), got.header) == nil {
					t.Error("another body is accepted, too")
				}
			}
			for _, reference := range tt.refusing {
				if reference.Verify(got.body, got.header) == nil {
					t.Error("accepted under a secret that did not sign")
				}
			}
			// The header of old is signed by the global secret, whatever the campaign has.
			if want := webhook.Signature(secret, got.body); got.header.Get("X-Webhook-Signature") != want {
				t.Errorf("X-Webhook-Signature = %q, want %q", got.header.Get("X-Webhook-Signature"), want)
			}
		})
	}
}

// Ensure that nothing is sent that cannot be signed, that the receiver is not to
// blame for it, and that the error does not show the secret.
func TestSecretThatCannotSign(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		global  string
		secrets []string
		scope   integrations.Scope
	}{
		"no global":          {"", []string{newest}, integrations.ScopeService},
		"malformed global":   {"whsec_%s3cret", nil, integrations.ScopeService},
		"malformed":          {secret, []string{"whsec_%s3cret"}, integrations.ScopeTarget},
		"malformed second":   {secret, []string{newest, "whsec_%s3cret"}, integrations.ScopeTarget},
		"unpadded":           {secret, []string{"whsec_czNjcmV0cw"}, integrations.ScopeTarget},
		"nothing but prefix": {secret, []string{"whsec_"}, integrations.ScopeTarget},
		"empty":              {secret, []string{""}, integrations.ScopeTarget},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := delivery("")
			d.Secret, d.Secrets = tt.global, tt.secrets
			got, err := deliver(t, d)
			failure := integrations.As(err)
			if failure == nil || failure.Kind != integrations.Denied || failure.Scope != tt.scope || failure.Type != string(integrations.CauseInvalidRequest) {
				t.Errorf("error = %+v, want denied with scope %d", failure, tt.scope)
			}
			if got.header != nil {
				t.Error("it was sent all the same")
			}
			integrationstest.AssertNoSecret(t, err, "s3cret", "czNjcmV0cw", newest)
		})
	}
}

// Ensure that an id which would make the signed string ambiguous is refused.
func TestIDThatCannotBeSigned(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a.b", "a b", "a\r\nX-Evil: 1", "ä", "a\x7f"} {
		d := delivery("")
		d.ID = id
		if got, err := deliver(t, d); causeOf(err) != string(integrations.CauseInvalidRequest) || got.header != nil {
			t.Errorf("id %q: error = %v, sent = %v; want invalid_request and nothing sent", id, err, got.header != nil)
		}
	}
}

// FuzzSign ensures that whatever the id, body and secret are, the reference library
// accepts what is sent, or nothing can be signed.
func FuzzSign(f *testing.F) {
	f.Add("msg_1", []byte(lead), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", int64(1_795_000_000))
	f.Add("a.b", []byte{0xff, 0}, "%", int64(-1))
	f.Fuzz(func(t *testing.T, id string, body []byte, key string, seconds int64) {
		now := time.Unix(seconds, 0)
		for _, secret := range []string{key, webhook.SecretPrefix + key, webhook.SecretPrefix + base64.StdEncoding.EncodeToString([]byte(key))} {
			signature, err := webhook.StandardSignature(secret, id, now, body)
			library, referenceErr := reference(secret)
			// The library reads over line breaks and signs with an empty key, too.
			encoded, isStandard := strings.CutPrefix(secret, webhook.SecretPrefix)
			empty := secret == "" || isStandard && strings.Trim(encoded, "\r\n") == ""
			if (err != nil) != (referenceErr != nil || empty) {
				t.Fatalf("error = %v, the reference library says %v", err, referenceErr)
			}
			if err != nil {
				continue
			}
			want, err := library.Sign(id, now, body)
			if err != nil || signature != want {
				t.Errorf("signature = %q, want %q, %v", signature, want, err)
			}
		}
	})
}

// reference is the reference library with the key of a secret of either kind.
func reference(secret string) (*standard.Webhook, error) {
	if strings.HasPrefix(secret, webhook.SecretPrefix) {
		return standard.NewWebhook(secret)
	}
	return standard.NewWebhookRaw([]byte(secret))
}
