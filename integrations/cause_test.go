package integrations

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/http2"
)

// try makes one exchange over a dialer and gives its failure.
func try(t *testing.T, dialer *net.Dialer, url string) *Error {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	client := Client{Service: "test", HTTP: &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}}
	_, err = client.Do(t.Context(), "post", req)
	failure := As(err)
	if failure == nil {
		t.Fatalf("error = %v, want a failure", err)
	}
	return failure
}

// Ensure that what this machine lacks is our failure and not the service's. The
// system's answer is put in where a connection would be made; the last case asks it.
func TestCausesOnOurSide(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	answering := func(errno syscall.Errno) *net.Dialer {
		return &net.Dialer{ControlContext: func(context.Context, string, string, syscall.RawConn) error { return errno }}
	}
	for name, tt := range map[string]struct {
		dialer *net.Dialer
		cause  Cause
		ours   bool
	}{
		"no file handle":         {answering(syscall.EMFILE), CauseLocal, true},
		"none in the system":     {answering(syscall.ENFILE), CauseLocal, true},
		"no buffer":              {answering(syscall.ENOBUFS), CauseLocal, true},
		"no memory":              {answering(syscall.ENOMEM), CauseLocal, true},
		"no port":                {answering(syscall.EADDRNOTAVAIL), CauseLocal, true},
		"no route to it":         {answering(syscall.ENETUNREACH), CauseUnreachable, !routed()},
		"no route to the host":   {answering(syscall.EHOSTUNREACH), CauseUnreachable, !routed()},
		"not our address":        {&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}, CauseLocal, true},
		"refused":                {answering(syscall.ECONNREFUSED), CauseRefused, false},
		"reset while connecting": {answering(syscall.ECONNRESET), CauseReset, false},
		"not permitted":          {answering(syscall.EPERM), CauseNetwork, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if failure := try(t, tt.dialer, server.URL); failure.Type != string(tt.cause) || failure.Ours != tt.ours || failure.Kind != Temporary {
				t.Errorf("error = %+v, want %s, ours %v", failure, tt.cause, tt.ours)
			}
		})
	}
}

// Ensure that a machine without IPv6, which has no address of its own to call from,
// is told from one without a port left.
func TestUnreachableOverIPv6(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{"192.0.2.1": false, "2001:db8::1": true} {
		err := &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.ParseIP(address)}, Err: syscall.EADDRNOTAVAIL}
		if cause, _ := diagnose(err); (cause == CauseUnreachable) != want {
			t.Errorf("%s: cause = %s", address, cause)
		}
	}
}

// Ensure that the standard library still says what it says in words alone, where the
// cause depends on it. TestHTTP2ThatFails of the webhook package meets the others at
// a real server.
func TestWordsOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	hangingUp := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	hangingUp.EnableHTTP2 = true
	hangingUp.StartTLS()
	t.Cleanup(hangingUp.Close)
	response, err := hangingUp.Client().Post(hangingUp.URL, "", strings.NewReader("{}"))
	if err == nil {
		_ = response.Body.Close()
	}
	stream, ok := errors.AsType[streamError](err)
	if !ok || stream.Cause == nil || stream.Cause.Error() != "received from peer" || http2.ErrCode(stream.Code) != http2.ErrCodeInternal {
		t.Errorf("the error of a stream is %#v (%v)", stream, err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	for text, file := range map[string]string{
		"http: server closed idle connection": "transport.go",
		"http2: client connection lost":       "h2_bundle.go",
		"http2: server sent GOAWAY":           "h2_bundle.go",
		"http2: Transport received GOAWAY":    "h2_bundle.go",
	} {
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "net", "http", file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(source), `"`+text) {
			t.Errorf("the standard library does not say %q any more", text)
		}
		if cause, _ := diagnose(fmt.Errorf("post: %w", errors.New(text))); cause != CauseReset {
			t.Errorf("%s: cause = %s, want connection_reset", text, cause)
		}
	}
}

// Ensure that the list of causes is whole, and fit for labels.
func TestCauses(t *testing.T) {
	t.Parallel()
	causes := Causes()
	slices.Sort(causes)
	if len(slices.Compact(causes)) != len(Causes()) {
		t.Error("a cause is listed twice")
	}
	for _, cause := range causes {
		if strings.Trim(string(cause), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("%q is no label", cause)
		}
	}
}
