package webhook

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
)

// Ensure that one deadline covers the exchange to the end of the body, however alive
// the receiver looks.
func TestBodyThatNeverEnds(t *testing.T) {
	t.Parallel()
	server := integrationstest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, ".")
			_ = http.NewResponseController(w).Flush()
			<-time.After(time.Millisecond)
		}
	}))
	result, err := trusting(server, Config{Timeout: 2 * time.Second}).Deliver(t.Context(), to(server.URL))
	if err == nil || result.Cause != "timeout" || result.Status != http.StatusOK || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("result = %+v, %v; want a timeout after the status", result, err)
	}
}

// Ensure that a large answer counts as success, and that the limit on what is read
// of it counts bytes after decompression.
func TestLargeAnswerIsReadInPart(t *testing.T) {
	t.Parallel()
	server := integrationstest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zipper := gzip.NewWriter(w)
		_, _ = zipper.Write(bytes.Repeat([]byte("x"), 4<<20)) // 4 kB on the wire
		_ = zipper.Close()
	}))
	sender := trusting(server, Config{Timeout: time.Minute})
	req, failure := sender.request(to(server.URL))
	if failure != nil {
		t.Fatal(failure)
	}
	if answer, err := sender.client.Do(t.Context(), operation, req); err != nil || len(answer.Body) != readLimit {
		t.Errorf("%d bytes were read, %v; want %d", len(answer.Body), err, readLimit)
	}
	result, err := sender.Deliver(t.Context(), to(server.URL))
	if err != nil || len(result.Body) != bodyLimit {
		t.Errorf("result = %+v, %v; want success and %d characters", result, err, bodyLimit)
	}
}

// Ensure that one attempt is one request: nothing is sent again at once after a
// failure, on a new connection or on one that was kept.
func TestNoSecondRequest(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]int32{"new connection": 0, "kept connection": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var posts, connections atomic.Int32
			address := listen(t, func(conn net.Conn) {
				connections.Add(1)
				for reader := bufio.NewReader(conn); ; {
					r, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					if posts.Add(1) > answers {
						return // has the lead, and hangs up without a word
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
			sender := New(Config{AllowCIDRs: prefixes("127.0.0.1/32")})
			for range answers {
				if _, err := sender.Deliver(t.Context(), to("http://"+address)); err != nil {
					t.Fatal(err)
				}
			}
			result, err := sender.Deliver(t.Context(), to("http://"+address))
			failure := integrations.As(err)
			if failure == nil || result.Cause != "connection_reset" || !failure.OutcomeUnknown || result.Reused != (answers > 0) {
				t.Errorf("result = %+v, %v; want connection_reset with an unknown outcome", result, err)
			}
			if posts.Load() != answers+1 || connections.Load() != 1 {
				t.Errorf("%d requests over %d connections, want %d over 1", posts.Load(), connections.Load(), answers+1)
			}
		})
	}
}

// Ensure that a connection is used again after a success and after a refusal, since
// answers are read to their end, and that a metric can tell.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	var visits, connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if visits.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, strings.Repeat("thanks ", 5000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	opened, reused := 0, 0
	sender := trusting(server, Config{Observe: func(o integrations.Observation) {
		switch {
		case o.Reused:
			reused++
		case o.Connected:
			opened++
		}
	}})
	for range 10 {
		result, _ := sender.Deliver(t.Context(), to(server.URL))
		if connect := result.Timings.Connect; (connect == 0) != result.Reused || result.Timings.FirstByte == 0 {
			t.Errorf("reused = %v, timings = %+v", result.Reused, result.Timings)
		}
	}
	if connections.Load() != 1 || opened != 1 || reused != 9 {
		t.Errorf("10 deliveries over %d connections, observed as %d opened and %d reused; want 1, 1 and 9", connections.Load(), opened, reused)
	}
}

// Ensure that as many connections to one receiver are kept as there were deliveries to it
// at once: the standard library would keep two, and open the others again and again.
func TestConnectionsOfABurstAreKept(t *testing.T) {
	t.Parallel()
	const burst = 8
	var connections atomic.Int32
	together := make(chan chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer := make(chan struct{})
		together <- answer
		<-answer
		_, _ = io.WriteString(w, "thanks")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	sender := trusting(server, Config{Timeout: time.Minute})
	for round := range 3 {
		var all sync.WaitGroup
		for range burst {
			all.Go(func() {
				if result, err := sender.Deliver(t.Context(), to(server.URL)); err != nil || result.Reused != (round > 0) {
					t.Errorf("round %d: result = %+v, %v", round, result, err)
				}
			})
		}
		var answers []chan struct{}
		for range burst {
			answers = append(answers, <-together)
		}
		for _, answer := range answers {
			close(answer)
		}
		all.Wait()
	}
	if n := connections.Load(); n != burst {
		t.Errorf("3 rounds of %d deliveries opened %d connections, want %d", burst, n, burst)
	}
}

// Ensure that a certificate for another name is not trusted, although its authority is,
// and that nothing was sent to whoever showed it.
func TestCertificateOfAnotherName(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(server.Close)
	sender := trusting(server, Config{Timeout: time.Minute})
	sender.client.HTTP.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(server.URL, "https://"))
	}
	result, err := sender.Deliver(t.Context(), to("https://hooks.test"))
	failure := integrations.As(err)
	if failure == nil || result.Cause != "tls_error" || failure.Detail != "the certificate is for another name" || failure.OutcomeUnknown || visits.Load() != 0 {
		t.Errorf("result = %+v, %v, %d visits; want tls_error and none", result, err, visits.Load())
	}
	if _, err := sender.Deliver(t.Context(), to("https://example.com")); err != nil || visits.Load() != 1 {
		t.Errorf("the name that it is for: %v, %d visits", err, visits.Load())
	}
}

// Ensure that a handshake which never ends is a timeout that shows where the time
// went, and that the connection is not held open afterwards.
func TestHandshakeThatNeverEnds(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	address := listen(t, func(conn net.Conn) {
		_, _ = io.Copy(io.Discard, conn)
		close(closed)
	})
	result, err := New(Config{AllowCIDRs: prefixes("127.0.0.1/32"), Timeout: 2 * time.Second}).Deliver(t.Context(), to("https://"+address))
	if failure := integrations.As(err); failure == nil || result.Cause != "timeout" || failure.OutcomeUnknown || result.Address != address {
		t.Errorf("result = %+v, %v; want a timeout", result, err)
	}
	if timings := result.Timings; timings.Connect == 0 || timings.TLS == 0 || timings.FirstByte != 0 || timings.Total < timings.TLS {
		t.Errorf("timings = %+v, want those of connecting and of the handshake", timings)
	}
	<-closed
}

// Ensure that a wait is believed on whichever failure it comes with, and never for
// longer than a day.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status   int
		value    string
		min, max time.Duration
	}{
		{429, "120", 2 * time.Minute, 2 * time.Minute},
		{503, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), 50 * time.Minute, time.Hour},
		{404, "30", 30 * time.Second, 30 * time.Second},
		{307, "30", 30 * time.Second, 30 * time.Second},
		{500, "9999999", 24 * time.Hour, 24 * time.Hour},
		{503, "Fri, 31 Dec 9999 23:59:59 GMT", 24 * time.Hour, 24 * time.Hour},
		{503, "soon", 0, 0}, {503, "-5", 0, 0}, {503, "", 0, 0},
		{503, "Thu, 01 Jan 1970 00:00:00 GMT", 0, 0},
	} {
		server := integrationstest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", tt.value)
			w.WriteHeader(tt.status)
		}))
		_, err := trusting(server, Config{}).Deliver(t.Context(), to(server.URL))
		failure := integrations.As(err)
		if failure == nil || failure.RetryAfter < tt.min || failure.RetryAfter > tt.max {
			t.Errorf("%d with %q: %+v, want a wait of %s to %s", tt.status, tt.value, failure, tt.min, tt.max)
		}
	}
}

// Ensure that a stop of the worker in the middle leaves nothing of the request in the
// error, wherever it strikes.
func TestCanceledErrorHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for name, scheme := range map[string]string{"in the handshake": "https://", "before the answer": "http://"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			address := listen(t, func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 1))
				cancel()
				_, _ = io.Copy(io.Discard, conn)
			})
			result, err := New(Config{AllowCIDRs: prefixes("127.0.0.1/32")}).Deliver(ctx, to(scheme+address))
			if !errors.Is(err, context.Canceled) || result.Cause != "canceled" || result.Ours {
				t.Errorf("result = %+v, %v; want canceled", result, err)
			}
			integrationstest.AssertNoSecret(t, err, "s3cret", "kelp.example", "127.0.0.1", address)
		})
	}
}

// listen serves each connection to a port of this machine, and closes it.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			}()
		}
	}()
	return listener.Addr().String()
}
