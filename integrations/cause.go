package integrations

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// Cause is why an exchange brought no usable answer. The list is closed, so that
// it may label a metric and be shown to a customer: it holds nothing of the
// request. A Cause is an error too, for what has no better one.
type Cause string

// The causes.
const (
	CauseDNS            Cause = "dns_error"           // the name has no address
	CauseRefused        Cause = "connection_refused"  // nothing listens there
	CauseReset          Cause = "connection_reset"    // hung up in the middle
	CauseUnreachable    Cause = "network_unreachable" // no route
	CauseTimeout        Cause = "timeout"             // too slow, at any stage
	CauseTLS            Cause = "tls_error"           // no trusted connection
	CauseCanceled       Cause = "canceled"            // we stopped it ourselves
	CauseLocal          Cause = "local_error"         // this machine has run out of something
	CauseProtocol       Cause = "protocol_error"      // connected, and no HTTP came back
	CauseNetwork        Cause = "network_error"       // any other failure to connect
	CauseRedirect       Cause = "redirect"            // 3xx; never followed
	CauseHTTP4xx        Cause = "http_4xx"            // refused by the service
	CauseHTTP5xx        Cause = "http_5xx"            // broken at the service
	CauseTooLarge       Cause = "answer_too_large"    // longer than the client reads
	CauseBadAnswer      Cause = "bad_answer"          // not what the API promises
	CauseBlockedAddress Cause = "blocked_address"     // the address guard said no
	CauseInvalidURL     Cause = "invalid_url"         // no URL that may be called
	CauseInvalidRequest Cause = "invalid_request"     // never sent: it lacks something
	CauseSecret         Cause = "secret_unreadable"   // never sent: nothing to sign it with
)

// ranOut is the detail of what could not even be tried.
const ranOut = "this machine has run out of file handles, memory or ports"

// noNameServer is the detail of a lookup that failed for another reason than the name.
const noNameServer = "the name server did not answer"

// Error names the cause.
func (c Cause) Error() string { return string(c) }

// Causes lists them all.
func Causes() []Cause {
	return []Cause{
		CauseDNS, CauseRefused, CauseReset, CauseUnreachable, CauseTimeout, CauseTLS, CauseCanceled, CauseLocal,
		CauseProtocol, CauseNetwork, CauseRedirect, CauseHTTP4xx, CauseHTTP5xx, CauseTooLarge, CauseBadAnswer,
		CauseBlockedAddress, CauseInvalidURL, CauseInvalidRequest, CauseSecret,
	}
}

// diagnose finds the cause of a transport error, with a detail where one helps
// the operator. The error's own text is never used: it quotes the URL.
func diagnose(err error) (cause Cause, detail string) {
	if cause, ok := errors.AsType[Cause](err); ok {
		return cause, ""
	}
	if errors.Is(err, context.Canceled) {
		return CauseCanceled, ""
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return CauseDNS, "no such host"
		}
		if isLocal(err) {
			return CauseLocal, ranOut // it takes a handle and a port to ask, too
		}
		return CauseDNS, noNameServer
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err) {
		return CauseTimeout, ""
	}
	if detail, ok := tlsDetail(err); ok {
		return CauseTLS, detail
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return CauseRefused, ""
	case isUnreachable(err):
		return CauseUnreachable, ""
	case isLocal(err):
		return CauseLocal, ranOut
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), hungUp(err):
		return CauseReset, ""
	}
	return CauseNetwork, ""
}

// streamError has the fields of the standard library's error for one HTTP/2 stream,
// which copies itself into any such struct.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }

// hungUp recognizes what the standard library says in words alone. A test ensures
// that it still says so.
func hungUp(err error) bool {
	if stream, ok := errors.AsType[streamError](err); ok {
		return stream.Cause != nil && stream.Cause.Error() == "received from peer"
	}
	for ; err != nil; err = errors.Unwrap(err) {
		switch text := err.Error(); {
		case text == "http: server closed idle connection",
			text == "http2: client connection lost",
			strings.HasPrefix(text, "http2: server sent GOAWAY"),
			strings.HasPrefix(text, "http2: Transport received GOAWAY"):
			return true
		}
	}
	return false
}

// isTimeout covers the deadlines of dialer and TLS handshake, which are not the context's.
func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// tlsDetail says why a server could not be trusted; ok is false when err is of another sort.
func tlsDetail(err error) (detail string, ok bool) {
	if errors.Is(err, http.ErrSchemeMismatch) {
		return "the server speaks http, not https", true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is for another name", true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate is signed by an unknown authority", true
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "the certificate has expired or is not valid yet", true
		}
		return "the certificate is not valid", true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the certificate cannot be verified", true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS", true
	}
	// crypto/tls marks alerts of either side by the operation alone.
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return "the handshake was refused", true
	}
	return "", false
}
