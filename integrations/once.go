package integrations

import (
	"io"
	"net/http"
	"sync/atomic"
)

// once keeps the transport from sending a body a second time by itself. Over
// HTTP/1.1 it only does so when it knows that not a byte of the first was written.
// Over HTTP/2 it trusts the server's word that nothing was done (GOAWAY,
// REFUSED_STREAM, and even PROTOCOL_ERROR), after the whole body was on the wire: one
// attempt of ours must not become two messages or two deliveries.
func once(req *http.Request, t *trace) *http.Request {
	open := req.GetBody
	if open == nil || req.Body == nil || req.Body == http.NoBody {
		return req
	}
	read := new(atomic.Bool)
	req.Body = &noted{req.Body, read}
	req.GetBody = func() (io.ReadCloser, error) {
		if read.Load() && t.isMultiplexed() {
			return nil, CauseReset
		}
		body, err := open()
		return &noted{body, read}, err
	}
	return req
}

// noted is a body that remembers whether its first part was asked for.
type noted struct {
	io.ReadCloser

	read *atomic.Bool
}

// Read notes that the body may now be on its way.
func (n *noted) Read(p []byte) (int, error) {
	n.read.Store(true)
	return n.ReadCloser.Read(p)
}
