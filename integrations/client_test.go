package integrations_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
)

func post(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"text":"hello"}`))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// Ensure that whatever a server does is bounded and has a cause, and that a
// request which reached it counts as perhaps done.
func TestDoAgainstHostileServers(t *testing.T) {
	t.Parallel()
	for _, hostility := range integrationstest.Hostilities() {
		t.Run(hostility.Name, func(t *testing.T) {
			t.Parallel()
			server := integrationstest.Serve(t, hostility.Handler)
			client := integrations.Client{Service: "test", HTTP: integrations.NoRedirects(nil), Timeout: hostility.Patience}

			answer, err := client.Do(t.Context(), "post", post(t, server.URL))
			if hostility.Whole {
				if err != nil {
					t.Fatalf("a whole answer failed: %v", err)
				}
				return
			}
			want := &integrations.Error{Service: "test", Operation: "post", Status: answer.Status, Type: string(hostility.Cause), OutcomeUnknown: true}
			got := integrations.As(err)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(integrations.Error{}, "Err")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if answer.Address != strings.TrimPrefix(server.URL, "http://") {
				t.Errorf("address = %q, want the server's %s", answer.Address, server.URL)
			}
		})
	}
}

// Ensure that what never reached a server does not count as perhaps done.
func TestDoThatNeverSent(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	plain := integrationstest.Serve(t, http.NotFoundHandler())

	tests := []struct {
		name      string
		url       string
		transport *http.Transport
		cause     integrations.Cause
		detail    string
	}{
		{"nobody listens", "http://" + closedPort(t), &http.Transport{}, integrations.CauseRefused, ""},
		{"hangs up before TLS", "https://" + hangingUp(t), &http.Transport{}, integrations.CauseReset, ""},
		{"silent before TLS", "https://" + silent(t), &http.Transport{TLSHandshakeTimeout: 50 * time.Millisecond}, integrations.CauseTimeout, ""},
		{"unknown authority", untrusted.URL, &http.Transport{}, integrations.CauseTLS, "the certificate is signed by an unknown authority"},
		{"no TLS at all", strings.Replace(plain.URL, "http:", "https:", 1), &http.Transport{}, integrations.CauseTLS, "the server speaks http, not https"},
		{"no name server", "http://api.test", &http.Transport{DialContext: (&net.Dialer{Resolver: noNameServer()}).DialContext}, integrations.CauseDNS, "the name server did not answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := integrations.Client{Service: "test", HTTP: &http.Client{Transport: tt.transport}}
			_, err := client.Do(t.Context(), "post", post(t, tt.url+"/secret?token=secret"))
			want := &integrations.Error{Service: "test", Operation: "post", Type: string(tt.cause), Detail: tt.detail}
			if diff := cmp.Diff(want, integrations.As(err), cmpopts.IgnoreFields(integrations.Error{}, "Err")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			integrationstest.AssertNoSecret(t, err, "secret")
		})
	}
}

// Ensure that a stop of the worker is told from a slow server, whatever cause the
// context was cancelled with.
func TestDoCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	server := integrationstest.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel(errors.New("worker is stopping"))
		<-r.Context().Done()
	}))
	client := integrations.Client{Service: "test", HTTP: integrations.NoRedirects(nil)}
	_, err := client.Do(ctx, "post", post(t, server.URL))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("errors.Is(%v, context.Canceled) = false", err)
	}
	failure := integrations.As(err)
	if failure.Type != string(integrations.CauseCanceled) || !failure.OutcomeUnknown {
		t.Errorf("error = %+v, want canceled with an unknown outcome", failure)
	}
}

// Ensure that a refusal is an answer and stays one when its body goes on for ever.
func TestDoReadsLongRefusals(t *testing.T) {
	t.Parallel()
	server := integrationstest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	client := integrations.Client{Service: "test", HTTP: integrations.NoRedirects(nil)}
	answer, err := client.Do(t.Context(), "get", post(t, server.URL))
	if err != nil || answer.Status != http.StatusTooManyRequests || len(answer.Body) > 1<<16 {
		t.Errorf("Do = status %d, %d bytes, %v; want a short 429", answer.Status, len(answer.Body), err)
	}
}

// Ensure that credentials are not carried to where a redirect points.
func TestNoRedirects(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	elsewhere := integrationstest.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	server := integrationstest.Serve(t, http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	client := integrations.Client{Service: "test", HTTP: integrations.NoRedirects(&http.Client{Transport: &http.Transport{}})}
	answer, err := client.Do(t.Context(), "post", post(t, server.URL))
	if err != nil || answer.Status != http.StatusTemporaryRedirect {
		t.Errorf("Do = status %d, %v; want the redirect itself", answer.Status, err)
	}
	if visits.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

// Ensure that each exchange is observed once, with its status or its cause.
func TestDoObserves(t *testing.T) {
	t.Parallel()
	server := integrationstest.Serve(t, http.NotFoundHandler())
	for _, tt := range []struct {
		url  string
		want integrations.Observation
	}{
		{server.URL, integrations.Observation{Service: "test", Operation: "post", Status: http.StatusNotFound, Connected: true}},
		{"http://" + closedPort(t), integrations.Observation{Service: "test", Operation: "post", Cause: integrations.CauseRefused}},
	} {
		var seen []integrations.Observation
		client := integrations.Client{Service: "test", HTTP: integrations.NoRedirects(nil), Observe: func(o integrations.Observation) { seen = append(seen, o) }}
		_, _ = client.Do(t.Context(), "post", post(t, tt.url))
		if diff := cmp.Diff([]integrations.Observation{tt.want}, seen, cmpopts.IgnoreFields(integrations.Observation{}, "Duration")); diff != "" {
			t.Errorf("observed (-want +got):\n%s", diff)
		}
	}
}

// closedPort is an address where nothing listens any more.
func closedPort(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	_ = listener.Close()
	return listener.Addr().String()
}

// hangingUp closes each connection at the first byte, before a request could be read.
func hangingUp(t *testing.T) string {
	t.Helper()
	return serveConns(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.Close()
	})
}

// silent accepts connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	return serveConns(t, func(conn net.Conn) {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	})
}

func serveConns(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return listener.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func noNameServer() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("unreachable")
	}}
}
