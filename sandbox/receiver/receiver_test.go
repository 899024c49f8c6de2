package receiver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	secret = "the global secret"
	lead   = `{"email":"ana@example.com","name":"Ana","source":"linkedin_dm","campaign_id":"c-1","timestamp":"2026-11-23T09:00:00.000Z"}`
)

func now() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func mac(key, content string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(content))
	return m.Sum(nil)
}

// bench is a running Server with its address and its control address.
type bench struct {
	*Server
	hooks, control *httptest.Server
}

func newBench(t *testing.T, secret string) *bench {
	t.Helper()
	s := New(Options{Secret: secret, Now: now})
	b := &bench{s, httptest.NewServer(s.Handler()), httptest.NewServer(s.Control())}
	t.Cleanup(b.hooks.Close)
	t.Cleanup(b.control.Close)
	b.hooks.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// request is a delivery with the headers of the first contract.
func (b *bench) request(ctx context.Context, path, body, id string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.hooks.URL+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "BravoRevOS-Webhook/1.0")
	r.Header.Set("X-Webhook-Timestamp", "2026-11-23T09:00:00.000Z")
	r.Header.Set("X-Webhook-Signature", hex.EncodeToString(mac(b.options.Secret, body)))
	if id != "" {
		r.Header.Set("Webhook-Id", id)
	}
	return r
}

// post delivers and returns the answer's status.
func (b *bench) post(t *testing.T, path, body, id string) int {
	t.Helper()
	return b.send(t, b.request(t.Context(), path, body, id))
}

func (b *bench) send(t *testing.T, r *http.Request) int {
	t.Helper()
	res, err := b.hooks.Client().Do(r)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// Ensure what is right is accepted and what is wrong is refused with its cause.
func TestCheck(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, tc := range []struct {
		name    string
		body    string
		change  func(*http.Request)
		status  int
		problem string // part of it
	}{
		{"right", lead, nil, 200, ""},
		{"more fields", `{"lead_id":"l-1",` + lead[1:], nil, 200, ""},
		{"empty name", strings.Replace(lead, `"Ana"`, `""`, 1), nil, 200, ""},
		{"time in seconds", lead, set("X-Webhook-Timestamp", "1795424400"), 200, ""},

		{"no signature", lead, set("X-Webhook-Signature", ""), 401, "X-Webhook-Signature"},
		{"other secret", lead, set("X-Webhook-Signature", hex.EncodeToString(mac("other", lead))), 401, "does not match"},
		{"other bytes", lead, set("X-Webhook-Signature", hex.EncodeToString(mac(secret, lead+"\n"))), 401, "does not match"},
		{"upper-case hex", lead, set("X-Webhook-Signature", strings.ToUpper(hex.EncodeToString(mac(secret, lead)))), 401, "does not match"},
		{"base64", lead, set("X-Webhook-Signature", base64.StdEncoding.EncodeToString(mac(secret, lead))), 401, "does not match"},

		{"no time", lead, set("X-Webhook-Timestamp", ""), 400, "X-Webhook-Timestamp"},
		{"no such time", lead, set("X-Webhook-Timestamp", "yesterday"), 400, "X-Webhook-Timestamp"},
		{"other program", lead, set("User-Agent", "curl/8"), 400, "User-Agent"},
		{"other type", lead, set("Content-Type", "text/plain"), 400, "Content-Type"},

		{"no JSON", "email=ana@example.com", nil, 400, "not a JSON object"},
		{"a list", "[]", nil, 400, "not a JSON object"},
		{"no email", strings.Replace(lead, "email", "mail", 1), nil, 400, "email is missing"},
		{"email null", strings.Replace(lead, `"ana@example.com"`, "null", 1), nil, 400, "email is missing"},
		{"no address", strings.Replace(lead, "@", " at ", 1), nil, 400, "email is not an address"},
		{"no name", strings.Replace(lead, `"name"`, `"n"`, 1), nil, 400, "name is missing"},
		{"no source", strings.Replace(lead, "source", "s", 1), nil, 400, "source is missing"},
		{"no campaign", strings.Replace(lead, "campaign_id", "campaign", 1), nil, 400, "campaign_id is missing"},
		{"campaign not a text", strings.Replace(lead, `"c-1"`, "1", 1), nil, 400, "campaign_id is missing"},
		{"no timestamp", strings.Replace(lead, "timestamp", "at", 1), nil, 400, "timestamp is missing"},
		{"odd timestamp", strings.Replace(lead, "T09", " 09", 1), nil, 400, "timestamp is not a time"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, secret)
			r := b.request(t.Context(), "/hook", tc.body, "w-1")
			if tc.change != nil {
				tc.change(r)
			}
			if status := b.send(t, r); status != tc.status {
				t.Errorf("status %d, want %d", status, tc.status)
			}
			want := []Delivery{{At: now(), Path: "/hook", ID: "w-1", Attempt: 1, Valid: tc.problem == "", Status: tc.status, Body: tc.body}}
			if diff := cmp.Diff(want, b.Deliveries(), cmpopts.IgnoreFields(Delivery{}, "Problem")); diff != "" {
				t.Errorf("deliveries (-want +got):\n%s", diff)
			}
			if got := b.Deliveries()[0].Problem; !strings.Contains(got, tc.problem) || (got == "") != (tc.problem == "") {
				t.Errorf("problem %q, want %q", got, tc.problem)
			}
			if got := b.Accepted() == 1; got != (tc.status == 200) {
				t.Errorf("accepted: %v, want %v", got, tc.status == 200)
			}
		})
	}
}

// Ensure a receiver without a secret accepts nothing.
func TestNoSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	if status := b.post(t, "/hook", lead, "w-1"); status != 401 {
		t.Errorf("status %d, want 401", status)
	}
}

// Ensure Standard Webhooks signatures are checked where they are sent, with
// each form of a secret and during a rotation.
func TestStandardWebhooks(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", 32)
	marked := "whsec_" + base64.StdEncoding.EncodeToString([]byte(key))
	v1 := func(key, content string) string { return "v1," + base64.StdEncoding.EncodeToString(mac(key, content)) }
	at := fmt.Sprint(now().Unix())
	right := "w-1." + at + "." + lead
	late := fmt.Sprint(now().Add(-tolerance - time.Second).Unix())
	early := fmt.Sprint(now().Add(tolerance + time.Second).Unix())

	for _, tc := range []struct {
		name, secret, id, timestamp, signature string
		status                                 int
	}{
		{"marked secret", marked, "w-1", at, v1(key, right), 200},
		{"plain secret", secret, "w-1", at, v1(secret, right), 200},
		{"plain base64 secret", base64.StdEncoding.EncodeToString([]byte(key)), "w-1", at, v1(key, right), 200},
		{"rotation", marked, "w-1", at, v1("old", right) + " v1a,AAAA " + v1(key, right), 200},
		{"bytes of a marked secret", marked, "w-1", at, v1(marked, right), 401},
		{"other key", marked, "w-1", at, v1("other", right), 401},
		{"other version", marked, "w-1", at, "v2," + strings.TrimPrefix(v1(key, right), "v1,"), 401},
		{"no version", marked, "w-1", at, strings.TrimPrefix(v1(key, right), "v1,"), 401},
		{"other id", marked, "w-2", at, v1(key, right), 401},
		{"no id", marked, "", at, v1(key, "."+at+"."+lead), 401},
		{"full stop in the id", marked, "w.1", at, v1(key, "w.1."+at+"."+lead), 401},
		{"no time", marked, "w-1", "", v1(key, "w-1.."+lead), 401},
		{"late", marked, "w-1", late, v1(key, "w-1."+late+"."+lead), 401},
		{"early", marked, "w-1", early, v1(key, "w-1."+early+"."+lead), 401},
		{"empty signature", marked, "w-1", at, " ", 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, tc.secret)
			r := b.request(t.Context(), "/hook", lead, tc.id)
			r.Header.Set("Webhook-Timestamp", tc.timestamp)
			r.Header.Set("Webhook-Signature", tc.signature)
			if status := b.send(t, r); status != tc.status {
				t.Errorf("status %d, want %d: %s", status, tc.status, b.Deliveries()[0].Problem)
			}
		})
	}
}

// Ensure repetitions are told apart from new leads.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	b := newBench(t, secret)
	bob := strings.Replace(lead, "ana@", "bob@", 1)
	b.FailFirst("/a", 2, 503)
	for _, d := range []struct {
		path, body, id       string
		accepted, duplicates int
	}{
		{"/a", lead, "w-1", 0, 0},
		{"/a", lead, "w-1", 0, 0},
		{"/a", lead, "w-1", 1, 0},
		{"/a", lead, "w-1", 1, 1},                                     // the same webhook
		{"/a", strings.Replace(lead, "ana@", "ANA@", 1), "w-2", 1, 2}, // the same lead in another webhook
		{"/a", bob, "w-1", 1, 3},                                      // the same webhook with another lead
		{"/a", bob, "", 1, 4},                                         // the lead of it
		{"/b", lead, "w-1", 2, 4},                                     // another receiver
		{"/b", strings.Replace(lead, "c-1", "c-2", 1), "", 3, 4},      // another campaign
		{"/b", bob, "", 4, 4},
	} {
		b.post(t, d.path, d.body, d.id)
		if b.Accepted() != d.accepted || b.Duplicates() != d.duplicates {
			t.Errorf("after %s of %s on %s: %d accepted, %d duplicates; want %d, %d",
				d.id, d.body, d.path, b.Accepted(), b.Duplicates(), d.accepted, d.duplicates)
		}
	}
	type attempt struct{ Attempt, Status int }
	var got []attempt
	for _, d := range b.Deliveries()[:4] {
		got = append(got, attempt{d.Attempt, d.Status})
	}
	if diff := cmp.Diff([]attempt{{1, 503}, {2, 503}, {3, 200}, {4, 200}}, got); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

// Ensure what is no delivery is refused and not counted.
func TestNoDelivery(t *testing.T) {
	t.Parallel()
	b := newBench(t, secret)
	get := b.request(t.Context(), "/hook", "", "")
	get.Method = http.MethodGet
	if status := b.send(t, get); status != 405 {
		t.Errorf("GET: %d, want 405", status)
	}
	if status := b.post(t, "/hook", strings.Repeat("x", maxBody+1), ""); status != 400 {
		t.Errorf("large body: %d, want 400", status)
	}
	if n := len(b.Deliveries()); n != 0 {
		t.Errorf("%d deliveries, want none", n)
	}
}

// Ensure people and programs can see what arrived.
func TestTraffic(t *testing.T) {
	t.Parallel()
	b := newBench(t, secret)
	b.post(t, "/hook", strings.Replace(lead, "Ana", "<script>", 1), "w-1")
	look := func(accept string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.control.URL+"/", nil)
		if err != nil {
			t.Fatalf("make request: %v", err)
		}
		r.Header.Set("Accept", accept)
		res, err := b.control.Client().Do(r)
		if err != nil {
			t.Fatalf("look: %v", err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("look: %d, %v", res.StatusCode, err)
		}
		return string(body)
	}
	var got struct {
		Accepted, Duplicates int
		Deliveries           []Delivery
	}
	if err := json.Unmarshal([]byte(look("*/*")), &got); err != nil {
		t.Fatalf("read traffic: %v", err)
	}
	if got.Accepted != 1 || len(got.Deliveries) != 1 || got.Deliveries[0].ID != "w-1" {
		t.Errorf("traffic %+v, want the delivery", got)
	}
	page := look("text/html,*/*")
	if !strings.Contains(page, "1 leads accepted") || !strings.Contains(page, "&lt;script&gt;") || strings.Contains(page, "<script>") {
		t.Errorf("page lacks the delivery or does not escape it:\n%s", page)
	}
}
