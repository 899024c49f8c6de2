package integrations_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/bravorevos/workers/integrations"
)

// Ensure a gate that shuts while the connection is made keeps the request from being
// sent, over either protocol and on connections that were used before.
func TestGate(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "http/1.1", true: "http/2"}[http2], func(t *testing.T) {
			t.Parallel()
			var whole atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if err := r.ParseForm(); err == nil && r.ContentLength > 0 {
					whole.Add(1)
				}
			}))
			server.EnableHTTP2 = http2
			server.StartTLS()
			t.Cleanup(server.Close)
			client := integrations.Client{Service: "test", HTTP: integrations.NoRedirects(server.Client())}

			shut := errors.New("shut")
			var answer error
			ctx := integrations.WithGate(t.Context(), func() error { return answer })
			for _, answer = range []error{shut, nil, shut} {
				req := post(t, server.URL)
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				_, err := client.Do(ctx, "post", req)
				if !errors.Is(err, answer) {
					t.Fatalf("error = %v, want %v", err, answer)
				}
				if e := integrations.As(err); e != nil && e.OutcomeUnknown {
					t.Error("a request that was withheld counts as perhaps done")
				}
			}
			if got := whole.Load(); got != 1 {
				t.Errorf("%d whole requests arrived, want 1", got)
			}
		})
	}
}
