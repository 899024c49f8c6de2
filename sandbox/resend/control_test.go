package resend

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// look fetches a page or a document of the control address.
func (b *bench) look(t *testing.T, method, path, accept, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.control.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	req.Header.Set("Accept", accept)
	res, err := b.control.Client().Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{res.StatusCode, res.Header, string(answer)}
}

// Ensure people and programs can see what arrived, and that an email cannot
// run anything in the browser that shows it.
func TestTraffic(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.do(t, "POST", "/emails", strings.ReplaceAll(testEmail, "Hi", "<script>alert(1)</script>"), "Idempotency-Key", "n-1")
	b.do(t, "GET", "/nothing", "")
	id := b.Emails()[0].ID

	var got struct {
		Emails   []Email
		Requests []Request
	}
	if err := json.Unmarshal([]byte(b.look(t, "GET", "/traffic", "application/json", "").body), &got); err != nil {
		t.Fatalf("read traffic: %v", err)
	}
	if len(got.Emails) != 1 || got.Emails[0].ID != id || len(got.Requests) != 2 || got.Requests[1].Error != "not_found" {
		t.Errorf("traffic: %+v, want the email and both requests", got)
	}

	for _, tc := range []struct{ path, want string }{
		{"/", `<a href="emails/` + id + `">&lt;script&gt;`},
		{"/traffic", "404 not_found"},
		{"/emails/" + id, `<iframe sandbox title="The email as shown" src="` + id + `/html">`},
		{"/emails/" + id, "<pre>&lt;p&gt;&lt;script&gt;"},
	} {
		r := b.look(t, "GET", tc.path, "text/html", "")
		if r.status != 200 || !strings.Contains(r.body, tc.want) || strings.Contains(r.body, "<script>") {
			t.Errorf("GET %s: %d, want %q in and nothing unescaped:\n%s", tc.path, r.status, tc.want, r.body)
		}
	}
	r := b.look(t, "GET", "/emails/"+id+"/html", "text/html", "")
	if r.body != "<p><script>alert(1)</script></p>" || !strings.HasPrefix(r.header.Get("Content-Security-Policy"), "sandbox; default-src 'none'") {
		t.Errorf("html %q with policy %q, want the source and a policy that runs nothing", r.body, r.header.Get("Content-Security-Policy"))
	}
	for _, path := range []string{"/emails/unknown", "/emails/unknown/html"} {
		if r := b.look(t, "GET", path, "text/html", ""); r.status != 404 {
			t.Errorf("GET %s: %d, want 404", path, r.status)
		}
	}
}

// Ensure faults can be set and ended from outside the program.
func TestFaultControl(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, bad := range []string{"", "{", `{"sttus":500}`, `{"status":200}`, `{"delay":"soon"}`} {
		if r := b.look(t, "POST", "/faults", "", bad); r.status != 400 {
			t.Errorf("POST /faults %q: %d, want 400", bad, r.status)
		}
	}
	if r := b.look(t, "POST", "/faults", "", `{"status":429,"name":"daily_quota_exceeded","delay":"1ms","times":0}`); r.status != 204 {
		t.Fatalf("POST /faults: %d %s", r.status, r.body)
	}
	for range 2 {
		if r := b.do(t, "POST", "/emails", testEmail); r.errorName() != "daily_quota_exceeded" {
			t.Errorf("with a fault: %d %s", r.status, r.body)
		}
	}
	if r := b.look(t, "DELETE", "/faults", "", ""); r.status != 204 {
		t.Fatalf("DELETE /faults: %d %s", r.status, r.body)
	}
	if r := b.do(t, "POST", "/emails", testEmail); r.status != 200 {
		t.Errorf("without faults: %d %s", r.status, r.body)
	}
}
