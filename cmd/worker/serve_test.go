package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure readiness and the gauges are answered while every connection of the jobs is
// taken, over connections of their own that no query holds for long.
func TestProbesHaveTheirOwnConnections(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(0)
	w := o.run(t)
	var held []*pgxpool.Conn
	t.Cleanup(func() {
		for _, conn := range held {
			conn.Release()
		}
	})
	for range w.pool.Config().MaxConns {
		conn, err := w.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	for path, want := range map[string]string{"/readyz": `"ready"`, "/metrics": `workers_queue_jobs{`} {
		if status, body := get(t, "http://"+w.addr.String()+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, %q is not in %.300s", path, status, want, body)
		}
	}
	var limit string
	if err := w.probe.QueryRow(t.Context(), "SHOW statement_timeout").Scan(&limit); err != nil || limit != "3s" {
		t.Errorf("a query of the probes may take %q, %v", limit, err)
	}
}

// Ensure what strangers must reach can have an address of its own, which serves nothing
// else, and which the private one then does not serve.
func TestPublicAddress(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(0)
	o.environ["PUBLIC_LISTEN_ADDR"] = "127.0.0.1:0"
	o.environ["UNIPILE_WEBHOOK_SECRET"] = "inbound-secret-of-the-tests"
	w := o.run(t)
	private, public := "http://"+w.addr.String(), "http://"+w.publicAddr.String()
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/riverui/", "/api/cron/dm-scraper", "/debug/pprof/"} {
		if status, body := get(t, public+path); status != http.StatusNotFound {
			t.Errorf("%s is public: %d %.100s", path, status, body)
		}
	}
	for _, path := range []string{"/healthz", "/metrics"} {
		if status, body := get(t, private+path); status != http.StatusOK {
			t.Errorf("%s is not there: %d %.100s", path, status, body)
		}
	}
	post := func(base string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/webhooks/unipile", strings.NewReader(`{"event":"message_read"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Unipile-Auth", "inbound-secret-of-the-tests")
		status, _ := do(t, req)
		return status
	}
	if got := post(public); got != http.StatusOK {
		t.Errorf("an event at the public address: %d, want 200", got)
	}
	if got := post(private); got != http.StatusNotFound {
		t.Errorf("an event at the private address: %d, want 404", got)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (status int, body string) {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
