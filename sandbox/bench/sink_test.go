package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

const testSecret = "a-secret-of-sixteen"

// deliver posts a webhook as the worker does, signed with a secret.
func deliver(t *testing.T, url, secret string, id uuid.UUID) int {
	t.Helper()
	const body = `{"email": "ana@example.com"}`
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(id.String() + ".1795426202." + body))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Webhook-Id", id.String())
	request.Header.Set("Webhook-Timestamp", "1795426202")
	request.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// Ensure what is lost, unrecorded, repeated or not signed is noticed, and nothing else.
func TestSink(t *testing.T) {
	t.Parallel()
	s, err := newSink(t.Context(), testSecret, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	first, second, third := uuid.New(), uuid.New(), uuid.New()
	enough := s.expect(2)
	for i, id := range []uuid.UUID{first, second} {
		if status := deliver(t, s.urls[i], testSecret, id); status != http.StatusOK {
			t.Errorf("a webhook is answered with %d", status)
		}
	}
	select {
	case <-enough:
	default:
		t.Error("two arrived and are not enough")
	}
	if problems, unrecorded := s.compare([]uuid.UUID{first, second}); problems != nil || unrecorded != nil {
		t.Errorf("nothing is wrong, but: %q, %v", problems, unrecorded)
	}

	deliver(t, s.urls[0], testSecret, first)
	if status := deliver(t, s.urls[0], "another secret here", third); status != http.StatusUnauthorized {
		t.Errorf("a wrong signature is answered with %d", status)
	}
	want := []string{
		"1 webhooks are sent by their row and never arrived",
		"1 webhooks arrived a second time",
		"1 webhooks were refused: Webhook-Signature does not match",
	}
	problems, unrecorded := s.compare([]uuid.UUID{first, third})
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uuid.UUID{second}, unrecorded); diff != "" {
		t.Errorf("arrived without being sent (-want +got):\n%s", diff)
	}
}

// Ensure who hangs is let go of, and does not count as somebody who got something.
func TestSinkHangs(t *testing.T) {
	t.Parallel()
	s, err := newSink(t.Context(), testSecret, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	s.letGo()
	if status := deliver(t, s.urls[0], testSecret, uuid.New()); status != http.StatusServiceUnavailable {
		t.Errorf("who was let go answers %d", status)
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d arrived at one that hangs", n)
	}
}
