// Package integrationstest holds servers that behave badly and the check that no
// error repeats a secret, for the tests of every client of an outside service.
//
// It must not know any vendor, and only tests may import it.
package integrationstest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// Hostility is one way in which a server misbehaves after it got the whole request.
type Hostility struct {
	Name    string
	Handler http.HandlerFunc
	// Cause is what a client that expects JSON reports.
	Cause integrations.Cause
	// Whole is set when an answer comes that is complete and wrong in its content alone.
	Whole bool
	// Patience is the timeout to give the client.
	Patience time.Duration
}

// Hostilities lists them. All of them happen to every service some day.
func Hostilities() []Hostility {
	const soon, ample = 2 * time.Second, time.Minute // also on a busy machine, where connecting takes its time
	return []Hostility{
		{"hangs up", hangUp, integrations.CauseReset, false, ample},
		{"resets the connection", reset, integrations.CauseReset, false, ample},
		{"never answers", silence, integrations.CauseTimeout, false, soon},
		{"drips its body", drip, integrations.CauseTimeout, false, soon},
		{"hangs up within its body", shortBody, integrations.CauseReset, false, ample},
		{"speaks another protocol", otherProtocol, integrations.CauseProtocol, false, ample},
		{"never ends its headers", endlessHeader, integrations.CauseProtocol, false, ample},
		{"never gets past 1xx", endlessHints, integrations.CauseProtocol, false, ample},
		{"never ends its trailers", endlessTrailers, integrations.CauseBadAnswer, false, ample},
		{"switches to another protocol", switchProtocol, integrations.CauseProtocol, false, ample},
		{"answers 50 MB", flood, integrations.CauseTooLarge, false, ample},
		{"answers with a gzip bomb", bomb, integrations.CauseTooLarge, false, ample},
		{"answers with broken gzip", brokenGzip, integrations.CauseBadAnswer, false, ample},
		{"cuts its JSON", body(`{"items":[{"id":"1"`), integrations.CauseBadAnswer, true, ample},
		{"answers with a login page", body(`<!doctype html><title>Sign in</title>`), integrations.CauseBadAnswer, true, ample},
		{"redirects", redirect, integrations.CauseRedirect, true, ample},
	}
}

// Serve starts a server that ends with the test.
func Serve(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// Quoted is how much of a request [Echo] has to quote to have quoted it all.
const Quoted = 1500

// QuoteStep leaves no short secret cut in two everywhere.
const QuoteStep = 100

// Echo answers every request with a refusal in the form of each vendor, whose
// texts quote the request (address, headers, body) from the given byte on.
func Echo(status, from int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		quote := fmt.Sprintf("%s %v %s", r.URL, r.Header, sent)
		quote = quote[min(from, len(quote)):min(from+2*QuoteStep, len(quote))]
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"status": status, "type": "errors/unheard_of", "title": quote, "detail": quote,
			"statusCode": status, "name": "unheard_of", "message": quote,
		})
	}
}

// AssertNoSecret fails when err, or any error that it wraps, shows one of the secrets.
func AssertNoSecret(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		shown := fmt.Sprintf("%v\n%+v\n%#v", err, err, err)
		for _, secret := range secrets {
			if strings.Contains(shown, secret) {
				t.Errorf("error shows %q: %s", secret, shown)
			}
		}
	}
}

func hijack(w http.ResponseWriter, r *http.Request) *net.TCPConn {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	return conn.(*net.TCPConn)
}

func hangUp(w http.ResponseWriter, r *http.Request) { _ = hijack(w, r).Close() }

func reset(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w, r)
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func silence(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func drip(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-r.Context().Done():
			tick.Stop()
			return
		case <-tick.C:
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func shortBody(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w, r)
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
	_ = conn.Close()
}

func otherProtocol(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w, r)
	_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.2p1\r\n")
	_ = conn.Close()
}

func endlessHeader(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w, r)
	_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
	for line := []byte("X-More: " + strings.Repeat("x", 1000) + "\r\n"); err == nil; {
		_, err = conn.Write(line)
	}
	_ = conn.Close()
}

func endlessHints(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w, r)
	var err error
	for hint := []byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"); err == nil; {
		_, err = conn.Write(hint)
	}
	_ = conn.Close()
}

func endlessTrailers(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w, r)
	_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
	for line := []byte("X-More: " + strings.Repeat("x", 1000) + "\r\n"); err == nil; {
		_, err = conn.Write(line)
	}
	_ = conn.Close()
}

// switchProtocol keeps quiet afterwards, for as long as the client holds the connection.
func switchProtocol(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w, r)
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: example\r\n\r\n")
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

func flood(w http.ResponseWriter, _ *http.Request) {
	chunk := []byte(strings.Repeat("x", 1<<20))
	for range 50 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// bomb sends 50 MB in 50 kB. One part is packed, and sent again and again: packing it
// all would take a busy machine longer than a client waits.
func bomb(w http.ResponseWriter, _ *http.Request) {
	var part bytes.Buffer
	zipper := gzip.NewWriter(&part)
	_, _ = zipper.Write(bytes.Repeat([]byte("x"), 1<<20))
	_ = zipper.Close()
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(bytes.Repeat(part.Bytes(), 50))
}

func brokenGzip(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = io.WriteString(w, "this was never compressed")
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
}
