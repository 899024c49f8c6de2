package webhook

import (
	"context"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"github.com/bravorevos/workers/integrations"
)

// azureWireServer is Azure's channel between host and guest. The address is public
// by the registries and answers inside every virtual machine.
var azureWireServer = netip.MustParsePrefix("168.63.129.16/32")

// guard decides which addresses may be called: those of the public Internet and
// the networks that were opened on purpose. For IPv6 that is 2000::/3 without its
// special ranges, which leaves out every way to embed an IPv4 address.
type guard struct{ guardian *ssrf.Guardian }

func newGuard(allow []netip.Prefix) guard {
	var v4, v6 []netip.Prefix
	for _, prefix := range allow {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	return guard{ssrf.New(
		ssrf.WithAnyPort(), // receivers live on any port
		ssrf.WithAllowedV4Prefixes(v4...),
		ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithDeniedV4Prefixes(azureWireServer),
	)}
}

// allows reports whether an address may be called. A v4-mapped address is judged as
// the IPv4 address that it stands for, and a zone says nothing.
func (g guard) allows(address netip.Addr) bool {
	return g.guardian.SafeAddr(address.Unmap().WithZone("")) == nil
}

// control is called with each address that is about to be dialled, after the name
// lookup: a name that changes its address between check and use gains nothing.
func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !g.allows(target.Addr()) {
		return integrations.CauseBlockedAddress
	}
	return nil
}

// CheckURL tells whether a URL may be saved as a receiver: http or https, a host,
// no user, and where the host is an address, one that the guard lets through. The
// addresses of names are judged at each delivery, since they change.
//
// Its errors are Rejected [integrations.Error] that do not repeat the URL.
func (s *Sender) CheckURL(raw string) error {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil || u.Opaque != "":
		return rejected(integrations.CauseInvalidURL, "the address cannot be read")
	case u.Scheme != "https" && u.Scheme != "http":
		return rejected(integrations.CauseInvalidURL, "the address must begin with https:// or http://")
	case u.User != nil:
		return rejected(integrations.CauseInvalidURL, "the address must not hold a user or a password")
	case !validPort(u.Port()):
		return rejected(integrations.CauseInvalidURL, "the port must be between 1 and 65535")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "" {
		return rejected(integrations.CauseInvalidURL, "the address has no host")
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		host = "127.0.0.1"
	}
	address, err := netip.ParseAddr(host)
	switch {
	case err == nil && !s.guard.allows(address):
		return rejected(integrations.CauseBlockedAddress, "the address is not on the public Internet")
	case err != nil && endsInNumber(host):
		// 127.1, 2130706433, 0x7f000001: resolvers read them as addresses.
		return rejected(integrations.CauseInvalidURL, "the host is neither a name nor a plain address")
	}
	return nil
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func endsInNumber(host string) bool {
	label := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(label, "0123456789") == "" {
		return true
	}
	_, err := strconv.ParseUint(label, 0, 64)
	return err == nil
}
