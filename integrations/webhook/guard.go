package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations"
)

// guard decides which addresses may be called: those of the public Internet and what
// was opened on purpose, but never the worker itself. The same rules hold when a URL is
// saved and when an address is dialled.
type guard struct {
	ranges   ranges
	openings []Opening             // for everybody, and for the client whose guard it is
	own      func() netip.AddrPort // where the worker listens; may be nil
}

// check says why a delivery to this host may not go to this address of it; nil: it may.
func (g guard) check(host string, target netip.AddrPort) error {
	opens := func(address netip.Addr) bool {
		return g.ranges.allow(address) || len(g.opening(host, netip.AddrPortFrom(address, target.Port()))) > 0
	}
	// Behind NAT64, where that was opened, the address that it leads to must be open as well.
	address := target.Addr()
	if !address.IsValid() || !opens(address.Unmap().WithZone("")) || !opens(unwrap(address)) {
		return integrations.CauseBlockedAddress
	}
	return g.checkOwn(target)
}

// opening lists what opens an address.
func (g guard) opening(host string, target netip.AddrPort) (list []Opening) {
	for _, opening := range g.openings {
		if opening.opens(host, target) {
			list = append(list, opening)
		}
	}
	return list
}

// isShared reports whether an address is private and open to every client alike: what
// answers there is none of theirs.
func (g guard) isShared(host string, target netip.AddrPort) bool {
	address := unwrap(target.Addr())
	return !g.ranges.allow(address) &&
		!slices.ContainsFunc(g.opening(host, netip.AddrPortFrom(address, target.Port())), func(o Opening) bool { return o.Client != uuid.Nil })
}

// checkOwn refuses what the worker itself would answer: its routes trust whoever
// reaches them from inside. Its port is refused on each address of this machine; who
// opened a network did not mean that.
func (g guard) checkOwn(target netip.AddrPort) error {
	if g.own == nil || target.Port() == 0 || g.own().Port() != target.Port() {
		return nil
	}
	address := unwrap(target.Addr())
	if address.IsLoopback() || address.IsUnspecified() || address == g.own().Addr().Unmap().WithZone("") {
		return integrations.CauseBlockedAddress
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return integrations.CauseLocal // it takes a file handle to ask: no failure of the receiver
	}
	for _, each := range interfaces {
		if network, ok := each.(*net.IPNet); ok {
			if own, _ := netip.AddrFromSlice(network.IP); own.Unmap() == address {
				return integrations.CauseBlockedAddress
			}
		}
	}
	return nil
}

// control is called with each address that is about to be dialled, after the name
// lookup: a name that changes its address between check and use gains nothing.
func (g guard) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	passed, _ := ctx.Value(passedKey{}).(*passed)
	target, err := netip.ParseAddrPort(address)
	if err != nil || passed == nil {
		return integrations.CauseBlockedAddress
	}
	if err := g.check(passed.host, target); err != nil {
		return err
	}
	passed.add(address)
	return nil
}

// dial connects with what the guard lets through. The error of the standard
// library's dialer is that of the first address: for a name with a private address
// and a public one that is down it would say "blocked", so the ones that passed are
// asked again.
func (g guard) dial(dialer *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		passed := &passed{host: host}
		ctx = context.WithValue(ctx, passedKey{}, passed)
		conn, err := dialer.DialContext(ctx, network, address)
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

// passed are the addresses of one host that the guard let through. Those of both
// families are dialled at once.
type passed struct {
	host string

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
