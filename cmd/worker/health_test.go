package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure health tells a worker that serves from none and from one that is ill.
func TestHealth(t *testing.T) {
	t.Parallel()
	o := newOutside(t, storetest.New(t), 0)
	w := o.run(t)
	o.environ["LISTEN_ADDR"] = w.addr.String()
	out, err := o.call(t, "health")
	if err != nil {
		t.Errorf("health of a worker: %v", err)
	}
	assertContains(t, out, `"status":"ok"`)

	ill := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"error":"the heartbeat has not come round"}`))
	}))
	defer ill.Close()
	o.environ["LISTEN_ADDR"] = ill.Listener.Addr().String()
	if out, err := o.call(t, "health"); err == nil {
		t.Errorf("health of an ill worker succeeded:\n%s", out)
	} else {
		assertContains(t, err.Error(), "503", "the heartbeat has not come round")
	}

	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	o.environ["LISTEN_ADDR"] = gone.Addr().String()
	if out, err := o.call(t, "health"); err == nil {
		t.Errorf("health without a worker succeeded:\n%s", out)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		":8080":            "127.0.0.1:8080",
		"0.0.0.0:8080":     "127.0.0.1:8080",
		"[::]:8080":        "127.0.0.1:8080",
		"127.0.0.1:9000":   "127.0.0.1:9000",
		"[::1]:9000":       "[::1]:9000",
		"worker.local:443": "worker.local:443",
	} {
		if got := reachable(addr); got != want {
			t.Errorf("reachable(%q) = %q, want %q", addr, got, want)
		}
	}
}
