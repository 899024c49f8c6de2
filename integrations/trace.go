package integrations

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// Timings are the steps of an exchange. A step that did not happen is zero, as the
// first three are over a reused connection; one that did not end counts until the
// exchange did.
type Timings struct {
	DNS       time.Duration // looking the name up
	Connect   time.Duration // from the first address dialled to a connection
	TLS       time.Duration // the handshake
	FirstByte time.Duration // from the connection being there to the first byte of the answer
	Total     time.Duration // of the whole exchange, to the end of the answer
}

// trace watches how far a request got. The transport may call its hooks from
// other goroutines, even after the exchange has ended.
type trace struct {
	mu        sync.Mutex
	address   string
	connected bool
	reused    bool
	// multiplexed is set for a connection of HTTP/2.
	multiplexed bool

	settled time.Time // the first success of a dial

	dns, connect, tls, answer span
}

// span is a step from its first beginning to its last end; several addresses may be
// dialled at once.
type span struct {
	from, to time.Time
	open     int
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { t.begin(&t.dns) },
		DNSDone:  func(httptrace.DNSDoneInfo) { t.end(&t.dns) },
		ConnectStart: func(_, address string) {
			t.begin(&t.connect)
			t.mu.Lock()
			defer t.mu.Unlock()
			if !t.connected {
				t.address = address
			}
		},
		ConnectDone:       t.dialled,
		TLSHandshakeStart: func() { t.begin(&t.tls) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { t.end(&t.tls) },
		// Writing begins here, in a goroutine that does not stop with the exchange:
		// the hooks for what was written may come too late to be believed.
		GotConn: func(info httptrace.GotConnInfo) {
			t.begin(&t.answer)
			t.mu.Lock()
			defer t.mu.Unlock()
			t.connected, t.reused, t.address = true, info.Reused, info.Conn.RemoteAddr().String()
			secure, ok := info.Conn.(interface{ ConnectionState() tls.ConnectionState })
			t.multiplexed = ok && secure.ConnectionState().NegotiatedProtocol == "h2"
		},
		GotFirstResponseByte: func() { t.end(&t.answer) },
	}
}

func (t *trace) begin(s *span) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.from.IsZero() {
		s.from = time.Now()
	}
	s.open++
}

func (t *trace) end(s *span) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.to = time.Now()
	s.open--
}

// dialled ends the step with the first success: the other addresses of a name are
// given up only then.
func (t *trace) dialled(_, _ string, err error) {
	t.end(&t.connect)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && t.settled.IsZero() {
		t.settled = t.connect.to
	}
}

// read puts what was seen into the answer, and tells whether the request may have
// been written.
func (t *trace) read(answer *Answer, started time.Time) (maybeWritten bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if !t.settled.IsZero() {
		t.connect.to, t.connect.open = t.settled, 0
	}
	answer.Address, answer.Reused = t.address, t.reused
	answer.Timings = Timings{FirstByte: t.answer.took(now), Total: now.Sub(started)}
	if !t.reused { // else a connection that nobody waited for was dialled meanwhile
		answer.Timings.DNS, answer.Timings.Connect, answer.Timings.TLS = t.dns.took(now), t.connect.took(now), t.tls.took(now)
	}
	return t.connected
}

func (s span) took(now time.Time) time.Duration {
	switch {
	case s.from.IsZero():
		return 0
	case s.open > 0:
		return now.Sub(s.from)
	default:
		return s.to.Sub(s.from)
	}
}

// isMultiplexed reports whether the exchange has a connection of HTTP/2.
func (t *trace) isMultiplexed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.multiplexed
}

// isLookingUp reports whether the exchange still waits for the name server: the
// transport gives up at the deadline without saying for what it waited.
func (t *trace) isLookingUp() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.dns.from.IsZero() && t.connect.from.IsZero() && !t.connected
}
