package unipile

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// newTransport opens connections that deliver nothing after an exchange was given up.
//
// A message that the network swallowed stays in the kernel's buffer: without a limit the
// kernel sends it again for a quarter of an hour, and the person gets it when everybody
// has long concluded that it was never sent. So a connection that is given up is closed
// at once and what its buffer holds is thrown away, and where the process cannot close it
// (frozen, or dead), the kernel itself gives it up after undelivered has passed without
// an acknowledgement. HTTP/2 would share one connection among the sends of all accounts,
// which could not be closed for one of them.
func newTransport(undelivered time.Duration) http.RoundTripper {
	transport := integrations.NoRedirects(nil).Transport.(*http.Transport) //nolint:forcetypeassert // made there
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second, Control: limitUndelivered(undelivered)}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
			// Not a graceful end, and none is needed: a connection that is closed in order
			// has delivered its request, since the answer to it was read.
			_ = tcp.SetLinger(0)
		}
		return conn, err
	}
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.ForceAttemptHTTP2 = false
	return transport
}
