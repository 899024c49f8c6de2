package webhook_test

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
	"github.com/bravorevos/workers/integrations/webhook"
)

func literal(address string) string {
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	return "https://" + address + "/hook?token=s3cret"
}

func causeOf(err error) string {
	if failure := integrations.As(err); failure != nil {
		return failure.Type
	}
	return ""
}

// Ensure that every range that is not the public Internet is blocked, up to its
// edges and not beyond.
func TestCheckURLAddresses(t *testing.T) {
	t.Parallel()
	blocked := strings.Fields(`
		0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 100.100.100.200
		127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1
		192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
		224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
		:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:168.63.129.16 ::ffff:0:7f00:1
		64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::7f00:1 100::1 2001::1 2001:0:7f00:1:: 2001:db8::1
		2002:7f00:1:: 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%25eth0 fec0::1 ff02::1`)
	public := strings.Fields(`
		1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
		172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
		168.63.129.15 168.63.129.17 ::ffff:8.8.8.8 2606:4700:4700::1111 2a00:1450:4001::1 2001:200::1 2003::1`)
	sender := webhook.New(webhook.Config{})
	for _, address := range blocked {
		if got := causeOf(sender.CheckURL(literal(address))); got != string(integrations.CauseBlockedAddress) {
			t.Errorf("%s: cause = %q, want blocked_address", address, got)
		}
	}
	for _, address := range public {
		if err := sender.CheckURL(literal(address)); err != nil {
			t.Errorf("%s: %v, want no error", address, err)
		}
	}
}

// Ensure that opening a network opens that one alone, for either way to write it.
func TestAllowCIDRs(t *testing.T) {
	t.Parallel()
	sender := webhook.New(webhook.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/64")}})
	for address, allowed := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00::5": true, "fd00:0:0:1::5": false, "127.0.0.1": false,
	} {
		if err := sender.CheckURL(literal(address)); (err == nil) != allowed {
			t.Errorf("%s: %v, want allowed %v", address, err, allowed)
		}
	}
}

// Ensure that what cannot be a receiver is refused when it is saved, without
// repeating it.
func TestCheckURL(t *testing.T) {
	t.Parallel()
	tests := map[string]integrations.Cause{
		"https://hooks.example.com/x?token=s3cret": "",
		"http://hooks.example.com:8080":            "",
		" https://hooks.example.com ":              "",
		"https://münchen.example/":                 "",
		"https://123.example.com":                  "",
		"":                                         integrations.CauseInvalidURL,
		"hooks.example.com/s3cret":                 integrations.CauseInvalidURL,
		"ftp://hooks.example.com/s3cret":           integrations.CauseInvalidURL,
		"file:///etc/passwd":                       integrations.CauseInvalidURL,
		"https:hooks.example.com":                  integrations.CauseInvalidURL,
		"https://":                                 integrations.CauseInvalidURL,
		"https:///s3cret":                          integrations.CauseInvalidURL,
		"https://:443/s3cret":                      integrations.CauseInvalidURL,
		"https://user:s3cret@hooks.example.com":    integrations.CauseInvalidURL,
		"https://hooks.example.com:0/":             integrations.CauseInvalidURL,
		"https://hooks.example.com:65536/":         integrations.CauseInvalidURL,
		"https://hooks.example.com:s3cret/":        integrations.CauseInvalidURL,
		"https://hooks.example.com/\x00s3cret":     integrations.CauseInvalidURL,
		"https://%zzs3cret":                        integrations.CauseInvalidURL,
		"https://127.1/":                           integrations.CauseInvalidURL,
		"https://2130706433/":                      integrations.CauseInvalidURL,
		"https://0x7f000001/":                      integrations.CauseInvalidURL,
		"https://0177.0.0.1/":                      integrations.CauseInvalidURL,
		"http://localhost:3000":                    integrations.CauseBlockedAddress,
		"http://LOCALHOST.":                        integrations.CauseBlockedAddress,
		"http://app.localhost":                     integrations.CauseBlockedAddress,
		"http://127.0.0.1.:80":                     integrations.CauseBlockedAddress,
	}
	sender := webhook.New(webhook.Config{})
	for raw, want := range tests {
		err := sender.CheckURL(raw)
		if got := causeOf(err); got != string(want) {
			t.Errorf("CheckURL(%q) = %v, want %q", raw, err, want)
		}
		if failure := integrations.As(err); failure != nil && (failure.Kind != integrations.Rejected || failure.Detail == "") {
			t.Errorf("CheckURL(%q) = %+v, want rejected with a detail", raw, failure)
		}
		integrationstest.AssertNoSecret(t, err, "s3cret")
	}
}

// Ensure that no delivery reaches the worker itself, whatever network is open, and
// that its neighbours on the same machine can be reached.
func TestOwnListener(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	self := integrationstest.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	neighbour := integrationstest.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	own := netip.MustParseAddrPort(strings.TrimPrefix(self.URL, "http://"))
	sender := webhook.New(webhook.Config{
		AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")},
		Own:        func() netip.AddrPort { return own },
	})
	hosts := []string{"127.0.0.1", "127.9.9.9", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::127.0.0.1]", "localhost"}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range interfaces {
		if network := each.(*net.IPNet); network.IP.To4() != nil {
			hosts = append(hosts, network.IP.String(), "[64:ff9b::"+network.IP.String()+"]")
		}
	}
	for _, host := range hosts {
		url := "http://" + host + ":" + strconv.Itoa(int(own.Port()))
		if err := sender.CheckURL(url); causeOf(err) != string(integrations.CauseBlockedAddress) {
			t.Errorf("CheckURL(%s) = %v, want blocked_address", url, err)
		}
		if result, err := sender.Deliver(t.Context(), delivery(url)); causeOf(err) != string(integrations.CauseBlockedAddress) {
			t.Errorf("%s: result = %+v, error = %v; want blocked_address", url, result, err)
		}
	}
	if _, err := sender.Deliver(t.Context(), delivery(neighbour.URL)); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
	if visits.Load() != 0 {
		t.Errorf("the worker was visited %d times", visits.Load())
	}
}
