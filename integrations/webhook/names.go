package webhook

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// probeTimeout bounds the question whether the name servers are there at all.
const probeTimeout = 2 * time.Second

// names looks names up and knows whether our name servers answer. A name that they
// do not know, or cannot find out, is the receiver's failure; servers that cannot be
// reached are ours, and nobody's deliveries may be used up by it.
type names struct {
	resolver *net.Resolver
	heard    atomic.Int64 // when one last answered, in nanoseconds since 1970
}

// newNames looks up as base does, but always in Go: the C library tells no reasons.
func newNames(base *net.Resolver) *names {
	n := &names{}
	dial := base.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	n.resolver = &net.Resolver{
		PreferGo:     true,
		StrictErrors: base.StrictErrors,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			if packets, ok := conn.(net.PacketConn); ok { // the resolver asks which it is
				return &packetLine{line{conn, n}, packets}, nil
			}
			return &line{conn, n}, nil
		},
	}
	return n
}

// silent reports whether no name server has answered since, and none does now.
func (n *names) silent(ctx context.Context, since time.Time) bool {
	if n.heard.Load() >= since.UnixNano() {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	// Any answer will do; every resolver knows the root.
	_, _ = n.resolver.LookupNS(ctx, ".")
	return n.heard.Load() < since.UnixNano()
}

// line is a connection to a name server.
type line struct {
	net.Conn

	names *names
}

// Read notes that something was heard.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.names.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// packetLine is a line of packets. The resolver reads and writes it as any other;
// the methods below only name it.
type packetLine struct {
	line

	packets net.PacketConn
}

// ReadFrom implements net.PacketConn.
func (l *packetLine) ReadFrom(p []byte) (int, net.Addr, error) { return l.packets.ReadFrom(p) }

// WriteTo implements net.PacketConn.
func (l *packetLine) WriteTo(p []byte, to net.Addr) (int, error) { return l.packets.WriteTo(p, to) }
