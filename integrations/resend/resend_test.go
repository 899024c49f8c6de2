package resend_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
	"github.com/bravorevos/workers/integrations/resend"
)

const apiKey = "re_8f2c41"

func newClient(t *testing.T, handler http.Handler) *resend.Client {
	t.Helper()
	client, err := resend.New(resend.Config{APIKey: apiKey, BaseURL: integrationstest.Serve(t, handler).URL, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func email() resend.Email {
	return resend.Email{
		From:           "Bravo revOS <notifications@bravorevos.com>",
		To:             "ana@kelp.example",
		Subject:        "🚀 New post to engage: Mara",
		HTML:           "<p>private words</p>",
		Text:           "private words",
		Headers:        map[string]string{"List-Unsubscribe": "<https://bravorevos.com/u/1>"},
		IdempotencyKey: "notification-1",
	}
}

// Ensure that an email is the documented request, with a length and its key.
func TestSend(t *testing.T) {
	t.Parallel()
	var header http.Header
	var path string
	var length int64
	var got map[string]any
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, path, length = r.Header, r.Method+" "+r.URL.RequestURI(), r.ContentLength
		_ = json.NewDecoder(r.Body).Decode(&got)
		_, _ = io.WriteString(w, `{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794","brand_new":1}`)
	}))
	id, err := client.Send(t.Context(), email())
	if err != nil || id != "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794" {
		t.Fatalf("Send = %q, %v", id, err)
	}
	want := map[string]any{
		"from": "Bravo revOS <notifications@bravorevos.com>", "to": []any{"ana@kelp.example"},
		"subject": "🚀 New post to engage: Mara", "html": "<p>private words</p>", "text": "private words",
		"headers": map[string]any{"List-Unsubscribe": "<https://bravorevos.com/u/1>"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if path != "POST /emails" || length <= 0 {
		t.Errorf("request = %s of %d bytes, want POST /emails with its length", path, length)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + apiKey, "Idempotency-Key": "notification-1",
		"User-Agent": integrations.UserAgent, "Content-Type": "application/json",
	} {
		if header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, header.Get(name), want)
		}
	}
}

// Ensure that every documented refusal means the right thing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	type verdict struct {
		Kind    integrations.Kind
		Scope   integrations.Scope
		Unknown bool
	}
	var (
		wrongSetup  = verdict{integrations.Denied, integrations.ScopeService, false}
		wrongEmail  = verdict{integrations.Rejected, integrations.ScopeTarget, false}
		later       = verdict{integrations.Temporary, integrations.ScopeTarget, false}
		perhapsDone = verdict{integrations.Temporary, integrations.ScopeTarget, true}
		tooFast     = verdict{integrations.Limited, integrations.ScopeTarget, false}
		quota       = verdict{integrations.Limited, integrations.ScopeService, false}
	)
	tests := []struct {
		status int
		name   string // empty: not Resend's own answer
		want   verdict
	}{
		{400, "invalid_idempotency_key", wrongEmail},
		{400, "validation_error", wrongEmail},
		{401, "missing_api_key", wrongSetup},
		{401, "restricted_api_key", wrongSetup},
		{403, "invalid_api_key", wrongSetup},
		{403, "validation_error", wrongSetup},
		{404, "not_found", wrongSetup},
		{405, "method_not_allowed", wrongSetup},
		{409, resend.TypeIdempotencyMismatch, wrongEmail},
		{409, "concurrent_idempotent_requests", perhapsDone}, // the first request may go through
		{422, "invalid_attachment", wrongEmail},
		{422, "invalid_from_address", wrongSetup},
		{422, "invalid_access", wrongSetup},
		{422, "invalid_parameter", wrongEmail},
		{422, "missing_required_field", wrongEmail},
		{422, "validation_error", wrongEmail},
		{429, "rate_limit_exceeded", tooFast},
		{429, "daily_quota_exceeded", quota},
		{429, "monthly_quota_exceeded", quota},
		{451, "security_error", wrongEmail},
		{500, "application_error", perhapsDone},
		{500, "internal_server_error", perhapsDone},
		{422, "brand_new", wrongEmail},
		{503, "brand_new", perhapsDone},
		{401, "", wrongSetup},
		{403, "", later},
		{404, "", later},
		{422, "", later},
		{429, "", tooFast},
		{502, "", perhapsDone},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d %s", tt.status, tt.name), func(t *testing.T) {
			t.Parallel()
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.name == "" {
					w.WriteHeader(tt.status)
					_, _ = io.WriteString(w, "<html>something in between</html>")
					return
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = fmt.Fprintf(w, `{"statusCode":%d,"name":%q,"message":"Because."}`, tt.status, tt.name)
			}))
			_, err := client.Send(t.Context(), email())
			want := &integrations.Error{
				Service: "resend", Operation: "send email", Status: tt.status, Type: tt.name,
				Kind: tt.want.Kind, Scope: tt.want.Scope, OutcomeUnknown: tt.want.Unknown,
			}
			if tt.name != "" {
				want.Detail = "Because."
			}
			if diff := cmp.Diff(want, integrations.As(err), cmpopts.IgnoreFields(integrations.Error{}, "RetryAfter")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// Ensure that the client survives every server, says that the email may be out,
// and repeats neither key, address nor text.
func TestHostileServers(t *testing.T) {
	t.Parallel()
	for _, hostility := range integrationstest.Hostilities() {
		t.Run(hostility.Name, func(t *testing.T) {
			t.Parallel()
			server := integrationstest.Serve(t, hostility.Handler)
			client, err := resend.New(resend.Config{APIKey: apiKey, BaseURL: server.URL, Timeout: hostility.Patience})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Send(t.Context(), email())
			failure := integrations.As(err)
			if failure == nil {
				t.Fatalf("error = %v, want an integrations.Error", err)
			}
			unknown := hostility.Cause != integrations.CauseRedirect
			if failure.Kind != integrations.Temporary || failure.Type != string(hostility.Cause) || failure.OutcomeUnknown != unknown {
				t.Errorf("error = %+v, want temporary %s, outcome unknown %v", failure, hostility.Cause, unknown)
			}
			integrationstest.AssertNoSecret(t, err, apiKey, "kelp.example", "private words", server.URL)
		})
	}
}

// Ensure that a vendor which quotes the whole request does not put it into errors.
func TestErrorsLeakNothing(t *testing.T) {
	t.Parallel()
	for from := 0; from < integrationstest.Quoted; from += integrationstest.QuoteStep {
		client := newClient(t, integrationstest.Echo(422, from))
		_, err := client.Send(t.Context(), email())
		if err == nil {
			t.Error("status 422 is no error")
		}
		integrationstest.AssertNoSecret(t, err, apiKey, "ana@kelp.example", "private words")
		integrationstest.AssertNoSecret(t, client.Check(t.Context()), apiKey)
	}
}

// Ensure that an acceptance without an id is not taken for a sent email: the same
// key will bring the id.
func TestSendWithoutID(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `null`, `{"id":null}`, ``} {
		client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		_, err := client.Send(t.Context(), email())
		if failure := integrations.As(err); failure == nil || failure.Kind != integrations.Temporary || !failure.OutcomeUnknown {
			t.Errorf("Send answered with %q: error = %v, want temporary with an unknown outcome", body, err)
		}
	}
}

// Ensure that calls of one client which run at once do not mix their answers up.
func TestConcurrentSends(t *testing.T) {
	t.Parallel()
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprintf(w, `{"name":"error_%s"}`, r.Header.Get("Idempotency-Key"))
	}))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			mail := email()
			mail.IdempotencyKey = fmt.Sprint(i)
			_, err := client.Send(t.Context(), mail)
			if got, want := integrations.As(err).Type, fmt.Sprintf("error_%d", i); got != want {
				t.Errorf("type = %s, want %s", got, want)
			}
		})
	}
	wg.Wait()
}

// Ensure that a key which may only send counts as accepted, and a wrong one does not.
func TestCheck(t *testing.T) {
	t.Parallel()
	for body, ok := range map[string]bool{
		`200 {"data":[]}`:                   true,
		`401 {"name":"restricted_api_key"}`: true,
		`401 {"name":"missing_api_key"}`:    false,
		`403 {"name":"invalid_api_key"}`:    false,
		`500 {"name":"application_error"}`:  false,
	} {
		status, body, _ := strings.Cut(body, " ")
		client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/domains" {
				t.Errorf("path = %s, want /domains", r.URL.Path)
			}
			w.Header().Set("Content-Type", "application/json")
			code := 0
			_, _ = fmt.Sscan(status, &code)
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}))
		if err := client.Check(t.Context()); (err == nil) != ok {
			t.Errorf("Check answered with %s %s = %v", status, body, err)
		}
	}
}

// Ensure that a stop of the worker reaches the caller as what it is.
func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	_, err := client.Send(ctx, email())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("errors.Is(%v, context.Canceled) = false", err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, cfg := range []resend.Config{{}, {APIKey: "two words"}, {APIKey: apiKey, BaseURL: "ftp://x"}, {APIKey: apiKey, BaseURL: "https://" + apiKey + "@x"}} {
		_, err := resend.New(cfg)
		if err == nil {
			t.Errorf("New(%+v) succeeded", cfg)
		}
		integrationstest.AssertNoSecret(t, err, apiKey)
	}
	if _, err := resend.New(resend.Config{APIKey: " " + apiKey + "\n"}); err != nil {
		t.Errorf("New with blanks around the key: %v", err)
	}
}
