package integrations_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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

// Ensure a gate that shuts when the body is on its way already leaves the outcome open:
// the server may have all of it.
func TestGateThatShutsTooLate(t *testing.T) {
	t.Parallel()
	arrived := make(chan int64, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err == nil {
			arrived <- n
		}
	}))
	t.Cleanup(server.Close)
	client := integrations.Client{Service: "test", HTTP: integrations.NoRedirects(server.Client())}

	const size = 20_000 // more than the transport holds back
	body := &counted{Reader: strings.NewReader(strings.Repeat("x", size))}
	shut := errors.New("shut")
	ctx := integrations.WithGate(t.Context(), func() error {
		if body.read < size {
			return nil
		}
		if got := <-arrived; got != size {
			t.Errorf("%d bytes arrived, want %d", got, size)
		}
		return shut
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	_, err = client.Do(ctx, "post", req)
	if e := integrations.As(err); e != nil && !e.OutcomeUnknown {
		t.Errorf("error = %v: a request that arrived counts as surely not done", err)
	}
}

// counted says how much of it was read.
type counted struct {
	io.Reader

	read int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}
