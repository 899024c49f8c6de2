package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	"github.com/bravorevos/workers/integrations"
)

// guard decides which addresses may be called: those of the public Internet and the
// networks that were opened on purpose, but never the worker itself. The same rules
// hold when a URL is saved and when an address is dialled.
type guard struct {
	ranges ranges
	own    func() netip.AddrPort // where the worker listens; may be nil
}

func (g guard) allows(target netip.AddrPort) bool {
	return g.ranges.allow(target.Addr()) && !g.isOwn(target)
}

// isOwn reports whether the worker itself would answer: its routes trust whoever
// reaches them from inside. Its port is refused on each address of this machine; who
// opened a network did not mean that.
func (g guard) isOwn(target netip.AddrPort) bool {
	if g.own == nil || target.Port() == 0 || g.own().Port() != target.Port() {
		return false
	}
	address := unwrap(target.Addr())
	if address.IsLoopback() || address.IsUnspecified() || address == g.own().Addr().Unmap().WithZone("") {
		return true
	}
	interfaces, err := net.InterfaceAddrs()
	return err != nil || slices.ContainsFunc(interfaces, func(a net.Addr) bool {
		network, ok := a.(*net.IPNet)
		if !ok {
			return false
		}
		own, _ := netip.AddrFromSlice(network.IP)
		return own.Unmap() == address
	})
}

// control is called with each address that is about to be dialled, after the name
// lookup: a name that changes its address between check and use gains nothing.
func (g guard) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !g.allows(target) {
		return integrations.CauseBlockedAddress
	}
	if passed, ok := ctx.Value(passedKey{}).(*passed); ok {
		passed.add(address)
	}
	return nil
}

// dial connects with what the guard lets through. The error of the standard
// library's dialer is that of the first address: for a name with a private address
// and a public one that is down it would say "blocked", so the ones that passed are
// asked again.
func (g guard) dial(dialer *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var passed passed
		conn, err := dialer.DialContext(context.WithValue(ctx, passedKey{}, &passed), network, address)
		if err == nil || !errors.Is(err, integrations.CauseBlockedAddress) {
			return conn, err
		}
		for _, address := range passed.list() {
			if conn, err = dialer.DialContext(ctx, network, address); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}

type passedKey struct{}

// passed are the addresses of one name that the guard let through. Those of both
// families are dialled at once.
type passed struct {
	mu        sync.Mutex
	addresses []string
}

func (p *passed) add(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addresses = append(p.addresses, address)
}

func (p *passed) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.addresses)
}
