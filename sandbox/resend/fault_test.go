package resend

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Ensure a key makes one email for 24 hours, whatever is repeated under it.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	send := func(body, key string) reply { return b.do(t, "POST", "/emails", body, "Idempotency-Key", key) }
	other := strings.Replace(testEmail, "Hi", "Bye", 1)

	first := send(testEmail, "k")
	b.clock.advance(keyLifetime - time.Second)
	if again := send(testEmail, "k"); again.body != first.body || again.status != 200 {
		t.Errorf("same body: %d %s, want %s", again.status, again.body, first.body)
	}
	if again := send(strings.ReplaceAll(testEmail, ":", ": "), "k"); again.body != first.body {
		t.Errorf("same body, other white space: %s, want %s", again.body, first.body)
	}
	if r := send(other, "k"); r.status != 409 || r.errorName() != "invalid_idempotent_request" {
		t.Errorf("other body: %d %s", r.status, r.body)
	}
	if r := send(`{"subject":"Hi"}`, "bad"); r.status != 422 {
		t.Errorf("invalid body: %d %s", r.status, r.body)
	}
	if r := send(testEmail, "bad"); r.status != 200 {
		t.Errorf("the key of a refused email: %d %s, want it free", r.status, r.body)
	}
	if n := len(b.Emails()); n != 2 {
		t.Fatalf("%d emails, want 2", n)
	}
	b.clock.advance(time.Second)
	if r := send(other, "k"); r.status != 200 {
		t.Errorf("a day later: %d %s, want the key free", r.status, r.body)
	}
}

// Ensure a key is forgotten when its time is over, which may be set.
func TestIdempotencyForAsLongAsIsSet(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{KeyLifetime: time.Minute})
	for _, step := range []struct {
		after  time.Duration
		emails int
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}} {
		b.clock.advance(step.after)
		b.do(t, "POST", "/emails", testEmail, "Idempotency-Key", "k")
		if n := len(b.Emails()); n != step.emails {
			t.Errorf("%d emails %s later, want %d", n, step.after, step.emails)
		}
	}
}

// Ensure a second request under a key that is still being answered is refused.
func TestIdempotencyInFlight(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.AddFault(Fault{Delay: time.Hour, AfterStore: true, Times: 1})
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.api.URL+"/emails", strings.NewReader(testEmail))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Idempotency-Key", "k")
	gone := make(chan error)
	go func() {
		res, err := b.api.Client().Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		gone <- err
	}()
	until(t, "the email is stored", func() bool { return len(b.Emails()) == 1 })
	if r := b.do(t, "POST", "/emails", testEmail, "Idempotency-Key", "k"); r.status != 409 || r.errorName() != "concurrent_idempotent_requests" {
		t.Errorf("while in flight: %d %s", r.status, r.body)
	}

	giveUp()
	if err := <-gone; err == nil {
		t.Error("the first request was answered, want it given up")
	}
	until(t, "the first request is over", func() bool { return len(b.Requests()) == 2 })
	r := b.do(t, "POST", "/emails", testEmail, "Idempotency-Key", "k")
	if len(b.Emails()) != 1 || r.status != 200 || r.field(t, "id") != b.Emails()[0].ID {
		t.Errorf("afterwards: %d %s with %d emails, want the id of the only one", r.status, r.body, len(b.Emails()))
	}
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	deadline := time.After(10 * time.Second)
	for !condition() {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// Ensure faults fail as told, as often as told, with the emails kept or not.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		fault  Fault
		want   string // status and error of the failed request; "cut" for none
		stored int    // emails after the failed request
	}{
		{"rate", Fault{Status: 429}, "429 rate_limit_exceeded", 0},
		{"daily quota", Fault{Status: 429, Name: "daily_quota_exceeded"}, "429 daily_quota_exceeded", 0},
		{"monthly quota", Fault{Status: 429, Name: "monthly_quota_exceeded"}, "429 monthly_quota_exceeded", 0},
		{"broken", Fault{Status: 500}, "500 application_error", 0},
		{"broken afterwards", Fault{Status: 500, AfterStore: true}, "500 application_error", 1},
		{"cut", Fault{Reset: true}, "cut", 0},
		{"cut afterwards", Fault{Reset: true, AfterStore: true}, "cut", 1},
		{"slow", Fault{Delay: time.Millisecond}, "200 ", 1},
		{"never", Fault{Status: 500, Probability: 1e-300}, "200 ", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			tc.fault.Times = 1
			b.AddFault(tc.fault)
			got := "cut"
			if r, err := b.try(t, "POST", "/emails", testEmail, "Idempotency-Key", "k"); err == nil {
				got = fmt.Sprintf("%d %s", r.status, r.errorName())
			}
			if got != tc.want {
				t.Errorf("failed request: %s, want %s", got, tc.want)
			}
			if n := len(b.Emails()); n != tc.stored {
				t.Errorf("%d emails after it, want %d", n, tc.stored)
			}
			if r := b.do(t, "POST", "/emails", testEmail, "Idempotency-Key", "k"); r.status != 200 {
				t.Errorf("next request: %d %s, want 200", r.status, r.body)
			}
			if n := len(b.Emails()); n != 1 {
				t.Errorf("%d emails in the end, want 1", n)
			}
		})
	}
}
