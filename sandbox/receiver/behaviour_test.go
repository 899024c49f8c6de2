package receiver

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Ensure behaviours come one after the other, as often as told, and end with
// the usual answer.
func TestBehaveInTurn(t *testing.T) {
	t.Parallel()
	b := newBench(t, secret)
	b.Behave("/hook", Behaviour{Status: 500, Times: 2}, Behaviour{Status: 429, Times: 1})
	b.Behave("/other", Behaviour{Status: 410})
	var got []int
	for range 4 {
		got = append(got, b.post(t, "/hook", lead, "w-1"))
	}
	for range 3 {
		got = append(got, b.post(t, "/other", lead, "w-1"))
	}
	b.Behave("/other")
	got = append(got, b.post(t, "/other", lead, "w-1"))
	b.FailFirst("/other", 0, 500)
	got = append(got, b.post(t, "/other", lead, "w-2"))
	if diff := cmp.Diff([]int{500, 500, 429, 200, 410, 410, 410, 200, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// Ensure an answer has the form that was asked for, and that a delivery counts
// by its status.
func TestBehaviours(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		behaviour Behaviour
		status    int
		header    map[string]string
		length    int // of the unpacked body
		accepted  int
	}{
		{"usual", Behaviour{}, 200, nil, len("received\n"), 1},
		{"slow", Behaviour{Delay: time.Millisecond}, 200, nil, len("received\n"), 1},
		{"created", Behaviour{Status: 201}, 201, nil, len("received\n"), 1},
		{"moved", Behaviour{Redirect: "http://localhost/x"}, 302, map[string]string{"Location": "http://localhost/x"}, len("received\n"), 0},
		{"moved for good", Behaviour{Redirect: "/x", Status: 308}, 308, map[string]string{"Location": "/x"}, len("received\n"), 0},
		{"busy", Behaviour{Status: 503, RetryAfter: "120"}, 503, map[string]string{"Retry-After": "120"}, len("received\n"), 0},
		{"large", Behaviour{BodyBytes: 1 << 20}, 200, nil, 1 << 20, 1},
		{"bomb", Behaviour{GzipBomb: 1 << 22}, 200, nil, 1 << 22, 1},
		{"drip", Behaviour{SlowDrip: time.Microsecond, BodyBytes: 50}, 200, nil, 50, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, secret)
			b.Behave("/hook", tc.behaviour)
			res, err := b.hooks.Client().Do(b.request(t.Context(), "/hook", lead, "w-1"))
			if err != nil {
				t.Fatalf("deliver: %v", err)
			}
			defer func() { _ = res.Body.Close() }()
			n, err := io.Copy(io.Discard, res.Body)
			if err != nil || int(n) != tc.length || res.StatusCode != tc.status {
				t.Errorf("status %d with %d bytes, error %v; want %d with %d", res.StatusCode, n, err, tc.status, tc.length)
			}
			for name, want := range tc.header {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if b.Accepted() != tc.accepted || b.Deliveries()[0].Status != tc.status {
				t.Errorf("accepted %d, recorded %+v; want %d", b.Accepted(), b.Deliveries(), tc.accepted)
			}
		})
	}
}

// Ensure a gzip bomb is small on the wire.
func TestGzipBombIsPacked(t *testing.T) {
	t.Parallel()
	b := newBench(t, secret)
	b.Behave("/hook", Behaviour{GzipBomb: 1 << 22})
	r := b.request(t.Context(), "/hook", lead, "w-1")
	r.Header.Set("Accept-Encoding", "gzip") // keeps the client from unpacking
	res, err := b.hooks.Client().Do(r)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	defer func() { _ = res.Body.Close() }()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n > 1<<15 || res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes of %q, error %v; want few of gzip", n, res.Header.Get("Content-Encoding"), err)
	}
}

// Ensure no answer is no acceptance, and that an endless answer ends when the
// sender goes away.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		behaviour Behaviour
		status    int
		answers   bool // with a status line
		accepted  int
	}{
		{"reset", Behaviour{Reset: true, Times: 1}, 0, false, 0},
		{"hang", Behaviour{Hang: true, Times: 1}, 0, false, 0},
		{"too slow", Behaviour{Delay: time.Hour, Times: 1}, 200, false, 1},
		{"endless drip", Behaviour{SlowDrip: time.Hour, Times: 1}, 200, true, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, secret)
			b.Behave("/hook", tc.behaviour)
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			answered := make(chan bool)
			go func() {
				res, err := b.hooks.Client().Do(b.request(ctx, "/hook", lead, "w-1"))
				answered <- err == nil
				if err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			}()
			if tc.answers {
				if !<-answered {
					t.Error("no status line, want one")
				}
				giveUp()
			} else {
				until(t, "the delivery arrived", func() bool { return len(b.Deliveries()) == 1 })
				if !tc.behaviour.Reset {
					giveUp()
				}
				if <-answered {
					t.Error("answered, want no answer")
				}
			}
			if d := b.Deliveries()[0]; d.Status != tc.status || b.Accepted() != tc.accepted {
				t.Errorf("recorded status %d, accepted %d; want %d, %d", d.Status, b.Accepted(), tc.status, tc.accepted)
			}
			if status := b.post(t, "/hook", lead, "w-1"); status != http.StatusOK {
				t.Errorf("next attempt: %d, want 200", status)
			}
		})
	}
}

// Ensure a failing path does not accept what is invalid.
func TestBehaviourOfInvalidDelivery(t *testing.T) {
	t.Parallel()
	b := newBench(t, secret)
	b.Behave("/hook", Behaviour{Delay: time.Millisecond})
	if status := b.post(t, "/hook", strings.Replace(lead, "email", "mail", 1), "w-1"); status != 400 {
		t.Errorf("status %d, want 400", status)
	}
	b.Behave("/hook", Behaviour{Status: 200})
	if b.post(t, "/hook", "{}", "w-2"); b.Accepted() != 0 {
		t.Errorf("%d accepted, want none", b.Accepted())
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
