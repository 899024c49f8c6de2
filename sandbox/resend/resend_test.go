package resend

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	testKey   = "re_test"
	testEmail = `{"from":"Bravo <notify@bravorevos.com>","to":["ana@example.com"],"subject":"Hi","html":"<p>Hi</p>","text":"Hi"}`
)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a running Server with its API and its control address.
type bench struct {
	*Server
	clock        *clock
	api, control *httptest.Server
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	o.APIKey, o.Now = testKey, c.Now
	s := New(o)
	b := &bench{Server: s, clock: c, api: httptest.NewServer(s.Handler()), control: httptest.NewServer(s.Control())}
	t.Cleanup(b.api.Close)
	t.Cleanup(b.control.Close)
	return b
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   string
}

// errorName is the name in an error's body.
func (r reply) errorName() string {
	var e struct {
		StatusCode int    `json:"statusCode"`
		Name       string `json:"name"`
		Message    string `json:"message"`
	}
	if json.Unmarshal([]byte(r.body), &e) != nil || e.StatusCode != r.status || e.Message == "" {
		return ""
	}
	return e.Name
}

func (r reply) field(t *testing.T, name string) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatalf("read answer %q: %v", r.body, err)
	}
	return m[name]
}

// try sends one request; header pairs replace the usual headers, "" removes.
func (b *bench) try(t *testing.T, method, path, body string, header ...string) (reply, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.api.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("User-Agent", "test")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.api.Client().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(answer)}, err
}

func (b *bench) do(t *testing.T, method, path, body string, header ...string) reply {
	t.Helper()
	r, err := b.try(t, method, path, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// Ensure an accepted email is kept with all that was sent, and can be read.
func TestSendEmail(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := b.do(t, "POST", "/emails", `{"from":"Bravo <notify@bravorevos.com>","to":"ana@example.com","cc":["cy@example.com"],
		"reply_to":"help@bravorevos.com","subject":"Hi","html":"<p>Hi</p>","text":"Hi",
		"headers":{"List-Unsubscribe":"<https://example.com/u>"}}`, "Idempotency-Key", "n-1")
	if r.status != 200 {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
	want := []Email{{
		ID: r.field(t, "id").(string), At: b.clock.Now(), From: "Bravo <notify@bravorevos.com>",
		To: []string{"ana@example.com"}, Cc: []string{"cy@example.com"}, ReplyTo: []string{"help@bravorevos.com"},
		Subject: "Hi", HTML: "<p>Hi</p>", Text: "Hi", IdempotencyKey: "n-1",
		Headers: map[string]string{"List-Unsubscribe": "<https://example.com/u>"},
	}}
	if diff := cmp.Diff(want, b.Emails()); diff != "" {
		t.Errorf("emails (-want +got):\n%s", diff)
	}

	got := b.do(t, "GET", "/emails/"+want[0].ID, "")
	for name, want := range map[string]any{
		"object": "email", "id": want[0].ID, "subject": "Hi", "last_event": "delivered",
		"created_at": "2026-11-23 09:00:00.000000+00", "bcc": nil, "scheduled_at": nil,
	} {
		if diff := cmp.Diff(want, got.field(t, name)); diff != "" {
			t.Errorf("GET /emails/{id}: %s (-want +got):\n%s", name, diff)
		}
	}
	if r := b.do(t, "GET", "/emails/unknown", ""); r.errorName() != "not_found" || r.status != 404 {
		t.Errorf("unknown email: %d %s", r.status, r.body)
	}
}

// Ensure each refusal has Resend's status and name and keeps no email.
func TestRefusals(t *testing.T) {
	t.Parallel()
	without := func(field string) string { // a valid email but for one field
		var m map[string]any
		_ = json.Unmarshal([]byte(testEmail), &m)
		for f := range strings.SplitSeq(field, ",") {
			delete(m, f)
		}
		b, _ := json.Marshal(m)
		return string(b)
	}
	with := func(field string, value any) string {
		var m map[string]any
		_ = json.Unmarshal([]byte(testEmail), &m)
		m[field] = value
		b, _ := json.Marshal(m)
		return string(b)
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = "ana@example.com"
	}
	for _, tc := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		error                    string
	}{
		{"no key", "POST", "/emails", testEmail, []string{"Authorization", ""}, 401, "missing_api_key"},
		{"other scheme", "POST", "/emails", testEmail, []string{"Authorization", "Basic eDp5"}, 401, "missing_api_key"},
		{"wrong key", "POST", "/emails", testEmail, []string{"Authorization", "Bearer re_other"}, 403, "invalid_api_key"},
		{"no user agent", "POST", "/emails", testEmail, []string{"User-Agent", ""}, 403, ""},
		{"no from", "POST", "/emails", without("from"), nil, 422, "missing_required_field"},
		{"no to", "POST", "/emails", without("to"), nil, 422, "missing_required_field"},
		{"empty to", "POST", "/emails", with("to", ""), nil, 422, "missing_required_field"},
		{"no subject", "POST", "/emails", without("subject"), nil, 422, "missing_required_field"},
		{"no content", "POST", "/emails", without("html,text"), nil, 422, "validation_error"},
		{"bad from", "POST", "/emails", with("from", "Bravo"), nil, 422, "invalid_from_address"},
		{"from with a second line", "POST", "/emails", with("from", "A\r\n <a@bravorevos.com>"), nil, 422, "invalid_from_address"},
		{"bad to", "POST", "/emails", with("to", []string{"ana@example.com", "bob@localhost"}), nil, 422, "validation_error"},
		{"two in one to", "POST", "/emails", with("to", "ana@example.com, bob@example.com"), nil, 422, "validation_error"},
		{"too many to", "POST", "/emails", with("to", many), nil, 422, "validation_error"},
		{"header with a second line", "POST", "/emails", with("headers", map[string]string{"X-A": "b\nBcc: eve@example.com"}), nil, 422, "validation_error"},
		{"other domain", "POST", "/emails", with("from", "a@example.org"), nil, 403, "validation_error"},
		{"no JSON", "POST", "/emails", "from=a", nil, 400, "validation_error"},
		{"long idempotency key", "POST", "/emails", testEmail, []string{"Idempotency-Key", strings.Repeat("k", 257)}, 400, "invalid_idempotency_key"},
		{"empty batch", "POST", "/emails/batch", "[]", nil, 422, "validation_error"},
		{"one of a batch", "POST", "/emails/batch", "[" + testEmail + "," + without("to") + "]", nil, 422, "missing_required_field"},
		{"large batch", "POST", "/emails/batch", "[" + strings.Repeat(testEmail+",", 100) + testEmail + "]", nil, 422, "validation_error"},
		{"no endpoint", "GET", "/nothing", "", nil, 404, "not_found"},
		{"wrong method", "DELETE", "/emails", "", nil, 405, "method_not_allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{Domains: []string{"bravorevos.com"}})
			r := b.do(t, tc.method, tc.path, tc.body, tc.header...)
			if r.status != tc.status || r.errorName() != tc.error {
				t.Errorf("answer %d %s, want %d %s", r.status, r.body, tc.status, tc.error)
			}
			if got := b.Emails(); len(got) != 0 {
				t.Errorf("%d emails kept, want none", len(got))
			}
			want := []Request{{Method: tc.method, Path: tc.path, Status: tc.status, Error: tc.error}}
			if diff := cmp.Diff(want, b.Requests(), cmpopts.IgnoreFields(Request{}, "At", "IdempotencyKey")); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// Ensure a permissive batch keeps the valid emails and names the others.
func TestBatch(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	batch := "[" + testEmail + `,{"subject":"x"},` + testEmail + "]"
	r := b.do(t, "POST", "/emails/batch", batch, "X-Batch-Validation", "permissive", "Idempotency-Key", "b-1")
	var got struct {
		Data   []struct{ ID string }
		Errors []struct {
			Index   int
			Message string
		}
	}
	if err := json.Unmarshal([]byte(r.body), &got); err != nil {
		t.Fatalf("read answer %q: %v", r.body, err)
	}
	emails := b.Emails()
	if len(emails) != 2 || len(got.Data) != 2 || got.Data[1].ID != emails[1].ID {
		t.Errorf("answer %s with %d emails kept, want the ids of two", r.body, len(emails))
	}
	if len(got.Errors) != 1 || got.Errors[0].Index != 1 || got.Errors[0].Message == "" {
		t.Errorf("errors %+v, want the second email named", got.Errors)
	}
	if again := b.do(t, "POST", "/emails/batch", batch, "X-Batch-Validation", "permissive", "Idempotency-Key", "b-1"); again.body != r.body {
		t.Errorf("repeated: %s, want %s", again.body, r.body)
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Domains: []string{"one.example"}})
	r := b.do(t, "GET", "/domains", "")
	domain := r.field(t, "data").([]any)[0].(map[string]any)
	if r.field(t, "object") != "list" || domain["name"] != "one.example" || domain["status"] != "verified" {
		t.Errorf("domains: %s", r.body)
	}
}

// Ensure the limit holds within a second of the clock and is told in headers.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{RatePerSecond: 2})
	var got []string
	for range 3 {
		r := b.do(t, "POST", "/emails", testEmail)
		got = append(got, strings.Join([]string{
			http.StatusText(r.status), r.errorName(), r.header.Get("ratelimit-limit"),
			r.header.Get("ratelimit-remaining"), r.header.Get("ratelimit-reset"), r.header.Get("retry-after"),
		}, "|"))
	}
	b.clock.advance(time.Second)
	got = append(got, http.StatusText(b.do(t, "POST", "/emails", testEmail).status))
	want := []string{"OK||2|1|1|", "OK||2|0|1|", "Too Many Requests|rate_limit_exceeded|2|0|1|1", "OK"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if n := len(b.Emails()); n != 3 {
		t.Errorf("%d emails, want 3", n)
	}
}
