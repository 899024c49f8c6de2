package integrations

import (
	"net/http/httptrace"
	"sync"
)

// trace watches how far a request got. The transport may call its hooks from
// other goroutines, even after the exchange has ended.
type trace struct {
	mu        sync.Mutex
	connected bool
	address   string
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		ConnectStart: func(_, address string) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.address = address
		},
		// Writing begins here, in a goroutine that does not stop with the exchange:
		// the hooks for what was written may come too late to be believed.
		GotConn: func(info httptrace.GotConnInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.connected, t.address = true, info.Conn.RemoteAddr().String()
		},
	}
}

// seen tells whether the request may have been written, and the address dialled last.
func (t *trace) seen() (maybeWritten bool, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.connected, t.address
}
