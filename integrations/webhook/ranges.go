package webhook

import (
	"net/netip"

	"code.dny.dev/ssrf"
)

// The library denies what the registries of IANA call special; for IPv6 it lets
// through 2000::/3 without its special ranges. That leaves out every way to embed an
// IPv4 address (v4-compatible, NAT64, 6to4, Teredo), site-local and local addresses.
//
// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry

// azureWireServer is Azure's channel between host and guest. The address is public
// by the registries and answers inside every virtual machine.
// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
var azureWireServer = netip.MustParsePrefix("168.63.129.16/32")

// ranges decides by the address alone.
type ranges struct{ guardian *ssrf.Guardian }

// newRanges opens the networks of allow, too. One of v4-mapped addresses opens the
// IPv4 network that it stands for.
func newRanges(allow []netip.Prefix) ranges {
	var v4, v6 []netip.Prefix
	for _, prefix := range allow {
		if prefix = unmapped(prefix); prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	return ranges{ssrf.New(
		ssrf.WithAnyPort(), // receivers live on any port
		ssrf.WithAllowedV4Prefixes(v4...),
		ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithDeniedV4Prefixes(azureWireServer),
	)}
}

// allow reports whether an address may be called. A v4-mapped address is judged as
// the IPv4 address that it stands for, and a zone says nothing. Behind NAT64, where
// that was opened, the address that it leads to must be allowed as well.
func (r ranges) allow(address netip.Addr) bool {
	if !address.IsValid() {
		return false
	}
	if target := unwrap(address); target.Is4() && r.guardian.SafeAddr(target) != nil {
		return false
	}
	return r.guardian.SafeAddr(address.Unmap().WithZone("")) == nil
}

// unwrap is the address that one leads to: the IPv4 address that is mapped into it, or
// behind NAT64, or else itself.
func unwrap(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if ssrf.IPv6NAT64Prefix.Contains(address) {
		bytes := address.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return address
}
