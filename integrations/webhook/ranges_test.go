package webhook

import (
	"net/netip"
	"strings"
	"testing"
)

// special are the networks that no delivery may reach, written down here once more,
// apart from the library's list.
var special = prefixes(`
	0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
	192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
	198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
	::/128 ::1/128 ::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64
	2001::/23 2001::/32 2001:10::/28 2001:20::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48
	3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8`)

// global is where public IPv6 addresses are.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(text string) (list []netip.Prefix) {
	for prefix := range strings.FieldsSeq(text) {
		list = append(list, netip.MustParsePrefix(prefix))
	}
	return list
}

// isPublic is the oracle.
func isPublic(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, prefix := range special {
		if prefix.Contains(address) {
			return false
		}
	}
	return address.Is4() || global.Contains(address)
}

// last is the last address of a network.
func last(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	address, _ := netip.AddrFromSlice(bytes)
	return address
}

// Ensure that each special network is blocked from its first address to its last, in
// the form of IPv6 too, and that what lies just outside is as it should be.
func TestRanges(t *testing.T) {
	t.Parallel()
	all := newRanges(nil)
	for _, prefix := range special {
		first, last := prefix.Addr(), last(prefix)
		for _, address := range []netip.Addr{first, first.Next(), last.Prev(), last} {
			if prefix.Contains(address) && all.allow(address) {
				t.Errorf("%s of %s is allowed", address, prefix)
			}
			if mapped := netip.AddrFrom16(address.As16()); prefix.Contains(address) && all.allow(mapped) {
				t.Errorf("%s of %s is allowed", mapped, prefix)
			}
		}
		for _, outside := range []netip.Addr{first.Prev(), last.Next()} {
			if outside.IsValid() && all.allow(outside) != isPublic(outside) {
				t.Errorf("%s, just outside of %s: allowed = %v, want %v", outside, prefix, all.allow(outside), isPublic(outside))
			}
		}
	}
	for _, edge := range []netip.Addr{global.Addr().Prev(), last(global).Next(), {}} {
		if all.allow(edge) {
			t.Errorf("%s is allowed", edge)
		}
	}
	for public := range strings.FieldsSeq(`1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 168.63.129.15
		168.63.129.17 172.15.255.255 172.32.0.0 223.255.255.255 2000:: 2001:200:: 2606:4700::1111 2a00::1 3ffe:ffff::`) {
		if address := netip.MustParseAddr(public); !all.allow(address) || !isPublic(address) {
			t.Errorf("%s is blocked", public)
		}
	}
}

// Ensure that each way to write a private IPv4 address within an IPv6 one is blocked.
func TestEmbeddedAddresses(t *testing.T) {
	t.Parallel()
	all := newRanges(nil)
	for form, address := range map[string]string{
		"v4-mapped": "::ffff:10.0.0.1", "v4-mapped, hex": "::ffff:a00:1", "v4-compatible": "::10.0.0.1",
		"v4-translated": "::ffff:0:10.0.0.1", "NAT64": "64:ff9b::10.0.0.1", "local NAT64": "64:ff9b:1::10.0.0.1",
		"6to4": "2002:a00:1::", "Teredo server": "2001:0:a00:1::", "Teredo client": "2001::f5ff:fffe",
		"ISATAP": "fe80::5efe:10.0.0.1", "loopback with a zone": "::1%lo", "mapped with a zone": "::ffff:127.0.0.1%lo",
	} {
		if all.allow(netip.MustParseAddr(address)) {
			t.Errorf("%s: %s is allowed", form, address)
		}
	}
}

// Ensure that opening a network opens that one alone, in whichever form either is written.
func TestRangesThatWereOpened(t *testing.T) {
	t.Parallel()
	for opened, addresses := range map[string]map[string]bool{
		"10.1.0.0/16":         {"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "::10.1.2.3": false},
		"::ffff:10.1.0.0/112": {"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false},
		"fd00::/64":           {"fd00::5": true, "fd00::5%eth0": true, "fd00:0:0:1::5": false, "127.0.0.1": false},
		"64:ff9b::/96":        {"64:ff9b::8.8.8.8": true, "64:ff9b::127.0.0.1": false, "64:ff9b::169.254.169.254": false},
		"2001:db8:1::/48":     {"2001:db8:1::5": true, "2001:db8:2::5": false},
		"168.63.129.16/32":    {"168.63.129.16": true},
		"::/0":                {"::1": true, "127.0.0.1": false, "::ffff:127.0.0.1": false},
	} {
		opened := newRanges(prefixes(opened))
		for address, want := range addresses {
			if opened.allow(netip.MustParseAddr(address)) != want {
				t.Errorf("%s: allowed = %v, want %v", address, !want, want)
			}
		}
	}
}

// FuzzGuard ensures that no address is judged otherwise than by the list above.
func FuzzGuard(f *testing.F) {
	for _, prefix := range special {
		f.Add(prefix.Addr().AsSlice())
		f.Add(last(prefix).AsSlice())
	}
	all := newRanges(nil)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		address, ok := netip.AddrFromSlice(bytes)
		if !ok {
			return
		}
		if got := all.allow(address); got != isPublic(address) {
			t.Errorf("%s: allowed = %v", address, got)
		}
	})
}

// FuzzCheckURL ensures that whatever may be saved and is an address is public, that
// what may be saved may be sent to, and that errors are of the right kind.
func FuzzCheckURL(f *testing.F) {
	for _, raw := range []string{
		"https://127.0.0.1/", "http://[::ffff:7f00:1]:80", "https://8.8.8.8:8443/x", "http://[fe80::1%25eth0]/",
		"http://0177.0.0.1", "http://127.1", "http://①②⑦.0.0.1", "http://[::]", "https://hooks.example.com/x?y#z",
		"http://127.0.0.1.", "http://2130706433", "HTTP://LOCALHOST", "https://1.1.1.1:99999", "http://a@10.0.0.1",
	} {
		f.Add(raw)
	}
	sender := New(Config{})
	f.Fuzz(func(t *testing.T, raw string) {
		err := sender.CheckURL(raw)
		d := Delivery{ID: "msg_1", URL: raw, Secret: "secret"}
		req, failure := sender.request(d)
		if err != nil {
			if failure == nil {
				t.Errorf("%q may not be saved (%v) and is sent to", raw, err)
			}
			return
		}
		if failure != nil {
			t.Fatalf("%q may be saved and not be sent to: %v", raw, failure)
		}
		if address, err := netip.ParseAddr(req.URL.Hostname()); err == nil && !isPublic(address) {
			t.Errorf("%q may be saved, and is %s", raw, address)
		}
	})
}
