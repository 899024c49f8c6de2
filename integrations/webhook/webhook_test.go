package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
	"github.com/bravorevos/workers/integrations/webhook"
)

const (
	secret = "whsec-8f2c41"
	lead   = `{"email":"tomas@kelp.example", "name":"Tomás"}`
)

// loopback opens the network of the test servers.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// patient is for tests that expect anything but a timeout: a busy machine may take long.
func patient() webhook.Config { return webhook.Config{AllowCIDRs: loopback, Timeout: time.Minute} }

func delivery(url string) webhook.Delivery {
	return webhook.Delivery{
		ID:     "msg_1",
		URL:    url + "/hooks/s3cret-path?token=s3cret-query",
		Body:   []byte(lead),
		Secret: secret,
		Now:    time.Date(2026, 11, 23, 10, 30, 0, 7_000_000, time.FixedZone("CET", 3600)),
	}
}

func assertNoSecret(t *testing.T, err error) {
	t.Helper()
	integrationstest.AssertNoSecret(t, err, secret, "s3cret", "kelp.example", "127.0.0.1")
}

// Ensure that a delivery is the request that receivers know: the exact bytes, and
// a signature over them.
func TestDeliver(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := integrationstest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "thank\x00 you\n")
	}))
	result, err := webhook.New(patient()).Deliver(t.Context(), delivery(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	want := webhook.Result{Status: http.StatusAccepted, Body: "thank you", Address: strings.TrimPrefix(server.URL, "http://")}
	if diff := cmp.Diff(want, result, cmpopts.IgnoreFields(webhook.Result{}, "Timings")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if string(body) != lead || got.Method != http.MethodPost || got.URL.RequestURI() != "/hooks/s3cret-path?token=s3cret-query" {
		t.Errorf("request = %s %s with %q", got.Method, got.URL.RequestURI(), body)
	}
	for name, want := range map[string]string{
		"Content-Type":        "application/json",
		"User-Agent":          "BravoRevOS-Webhook/1.0",
		"webhook-id":          "msg_1",
		"X-Webhook-Timestamp": "2026-11-23T09:30:00.007Z",
		// printf '%s' '{"email":"tomas@kelp.example", "name":"Tomás"}' | openssl dgst -sha256 -hmac whsec-8f2c41
		"X-Webhook-Signature": "ab3e4645516c63fe4940eef67c63774308266025a46a2ee2d6b59743754d6e7e",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

// Ensure that only 2xx is success, and what every other status means.
func TestDeliverStatuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		kind   integrations.Kind
		cause  string // empty: success
	}{
		{200, 0, ""}, {201, 0, ""}, {202, 0, ""}, {204, 0, ""}, {299, 0, ""},
		{301, integrations.Temporary, "redirect"}, {302, integrations.Temporary, "redirect"}, {304, integrations.Temporary, "redirect"}, {308, integrations.Temporary, "redirect"},
		{400, integrations.Temporary, "http_4xx"}, {401, integrations.Temporary, "http_4xx"}, {404, integrations.Temporary, "http_4xx"}, {429, integrations.Temporary, "http_4xx"},
		{410, integrations.Rejected, "http_4xx"},
		{500, integrations.Temporary, "http_5xx"}, {502, integrations.Temporary, "http_5xx"}, {503, integrations.Temporary, "http_5xx"}, {504, integrations.Temporary, "http_5xx"}, {599, integrations.Temporary, "http_5xx"},
	}
	sender := webhook.New(patient())
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.status), func(t *testing.T) {
			t.Parallel()
			server := integrationstest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(tt.status)
			}))
			result, err := sender.Deliver(t.Context(), delivery(server.URL))
			if result.Status != tt.status || result.Cause != tt.cause {
				t.Errorf("result = %+v, want status %d, cause %q", result, tt.status, tt.cause)
			}
			var want *integrations.Error
			if tt.cause != "" {
				want = &integrations.Error{Service: "webhook", Operation: "deliver", Kind: tt.kind, Status: tt.status, Type: tt.cause, RetryAfter: 30 * time.Second}
			}
			if diff := cmp.Diff(want, integrations.As(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			assertNoSecret(t, err)
		})
	}
}

// Ensure that whatever a receiver does, the try ends, its cause is known, little of
// the answer is kept, and nothing secret is in the error.
func TestHostileReceivers(t *testing.T) {
	t.Parallel()
	// What is wrong with the content of a 2xx answer is no concern of ours.
	delivered := map[string]bool{"answers 50 MB": true, "answers with a gzip bomb": true, "cuts its JSON": true, "answers with a login page": true}
	for _, hostility := range integrationstest.Hostilities() {
		t.Run(hostility.Name, func(t *testing.T) {
			t.Parallel()
			server := integrationstest.Serve(t, hostility.Handler)
			sender := webhook.New(webhook.Config{AllowCIDRs: loopback, Timeout: hostility.Patience})
			result, err := sender.Deliver(t.Context(), delivery(server.URL))
			want := string(hostility.Cause)
			if delivered[hostility.Name] {
				want = ""
			}
			if result.Cause != want || causeOf(err) != want {
				t.Errorf("result = %+v, error = %v; want cause %q", result, err, want)
			}
			if utf8.RuneCountInString(result.Body) > 1000 || result.Address == "" {
				t.Errorf("result = %+v, want a short body and the address", result)
			}
			assertNoSecret(t, err)
		})
	}
}

// Ensure that a redirect cannot carry a lead anywhere else.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	elsewhere := integrationstest.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	server := integrationstest.Serve(t, http.RedirectHandler(elsewhere.URL, http.StatusPermanentRedirect))
	result, err := webhook.New(patient()).Deliver(t.Context(), delivery(server.URL))
	if err == nil || result.Cause != "redirect" || visits.Load() != 0 {
		t.Errorf("result = %+v, %v, %d visits elsewhere; want a failure and none", result, err, visits.Load())
	}
}

// Ensure that a try which cannot be made says why, and whether another could be.
func TestDeliverThatIsNotSent(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()

	unsigned := delivery("https://hooks.example.com")
	unsigned.Secret = ""
	tests := []struct {
		name     string
		delivery webhook.Delivery
		kind     integrations.Kind
		cause    integrations.Cause
	}{
		{"no secret", unsigned, integrations.Denied, integrations.CauseInvalidRequest},
		{"no URL", webhook.Delivery{Secret: secret}, integrations.Rejected, integrations.CauseInvalidURL},
		{"private address", delivery("http://10.0.0.1"), integrations.Rejected, integrations.CauseBlockedAddress},
		{"nobody listens", delivery(closed.URL), integrations.Temporary, integrations.CauseRefused},
		{"unknown authority", delivery(untrusted.URL), integrations.Temporary, integrations.CauseTLS},
	}
	sender := webhook.New(patient())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result, err := sender.Deliver(t.Context(), tt.delivery)
			failure := integrations.As(err)
			if failure == nil || failure.Kind != tt.kind || failure.Type != string(tt.cause) || result.Cause != string(tt.cause) || failure.OutcomeUnknown {
				t.Errorf("result = %+v, error = %+v; want %s %s", result, failure, tt.kind, tt.cause)
			}
			assertNoSecret(t, err)
		})
	}
	_, err := sender.Deliver(t.Context(), unsigned)
	if text := err.Error(); !strings.Contains(text, "WEBHOOK_SECRET") || !strings.Contains(text, "CRON_SECRET") {
		t.Errorf("error = %s, want the variables to set", text)
	}
}

// Ensure that a stop of the worker reaches the caller as what it is.
func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := integrationstest.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	result, err := webhook.New(patient()).Deliver(ctx, delivery(server.URL))
	if !errors.Is(err, context.Canceled) || result.Cause != "canceled" {
		t.Errorf("result = %+v, error = %v; want canceled", result, err)
	}
}
