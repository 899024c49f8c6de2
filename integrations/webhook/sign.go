package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// SecretPrefix begins a secret whose key is written in base64 after it, as Standard
// Webhooks has it. A secret without it is used as its raw bytes.
const SecretPrefix = "whsec_"

// Signature is the value of X-Webhook-Signature: the lower-case hex HMAC-SHA256 of
// the body's exact bytes under the secret.
func Signature(secret string, body []byte) string {
	return hex.EncodeToString(sum([]byte(secret), body))
}

// StandardSignature is one entry of webhook-signature: "v1," and the base64
// HMAC-SHA256 of id.timestamp.body, the timestamp in seconds since 1970.
//
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
func StandardSignature(secret, id string, timestamp time.Time, body []byte) (string, error) {
	key, err := signingKey(secret)
	if err != nil {
		return "", err
	}
	signed := sum(key, []byte(id+"."+unixSeconds(timestamp)+"."), body)
	return "v1," + base64.StdEncoding.EncodeToString(signed), nil
}

// SplitStandard gives the single entries of a webhook-signature header.
func SplitStandard(header string) []string { return strings.Fields(header) }

// signingKey is what a secret stands for. Its errors do not repeat the secret.
func signingKey(secret string) ([]byte, error) {
	encoded, standard := strings.CutPrefix(secret, SecretPrefix)
	key := []byte(secret)
	if standard {
		var err error
		// A receiver's library decodes the same way; what it could not read must not sign.
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, errors.New("the secret is not base64 after " + SecretPrefix)
		}
	}
	if len(key) == 0 {
		return nil, errors.New("the secret is empty")
	}
	return key, nil
}

// sign puts the signatures on a request: the old one under the global secret, and
// the standard ones under each secret of the campaign or else the global one too.
func sign(header http.Header, d Delivery) *integrations.Error {
	if d.Secret == "" {
		return unsigned("no secret to sign with: set WEBHOOK_SECRET or CRON_SECRET", integrations.ScopeService)
	}
	if !validID(d.ID) {
		return rejected(integrations.CauseInvalidRequest, "the webhook id must be of printable characters without a dot")
	}
	secrets, scope := d.Secrets, integrations.ScopeTarget
	if len(secrets) == 0 {
		secrets, scope = []string{d.Secret}, integrations.ScopeService
	}
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		signature, err := StandardSignature(secret, d.ID, d.Now, d.Body)
		if err != nil {
			return unsigned(err.Error(), scope)
		}
		signatures = append(signatures, signature)
	}
	header.Set("Webhook-Id", d.ID)
	header.Set("Webhook-Timestamp", unixSeconds(d.Now))
	header.Set("Webhook-Signature", strings.Join(signatures, " "))
	// Receivers know this one in the form of JavaScript's toISOString.
	header.Set("X-Webhook-Timestamp", d.Now.UTC().Format("2006-01-02T15:04:05.000Z"))
	header.Set("X-Webhook-Signature", Signature(d.Secret, d.Body))
	return nil
}

// unsigned is the failure of a delivery that must not go out without a signature:
// it waits for a secret and costs the receiver no try.
func unsigned(detail string, scope integrations.Scope) *integrations.Error {
	failure := fault(integrations.CauseInvalidRequest, detail)
	failure.Kind, failure.Scope = integrations.Denied, scope
	return failure
}

// validID keeps out what would make the signed string ambiguous or break the header.
func validID(id string) bool {
	outside := func(r rune) bool { return r <= ' ' || r > '~' || r == '.' }
	return id != "" && strings.IndexFunc(id, outside) < 0
}

func unixSeconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}
