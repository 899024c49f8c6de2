package webhook

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations"
)

// CheckURL tells whether a URL may be saved as a receiver: http or https, a host,
// no user, and where the host is an address, one that the guard lets through. The
// addresses of names are judged at each delivery, since they change.
//
// Its errors are Rejected [integrations.Error] that do not repeat the URL.
func (s *Sender) CheckURL(raw string) error {
	return s.checkURL(raw, uuid.Nil)
}

// checkURL judges a URL for one client.
func (s *Sender) checkURL(raw string, client uuid.UUID) error {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil || u.Opaque != "":
		return rejected(integrations.CauseInvalidURL, "the address cannot be read")
	case u.Scheme != "https" && u.Scheme != "http":
		return rejected(integrations.CauseInvalidURL, "the address must begin with https:// or http://")
	case u.Scheme == "http" && s.requireHTTPS:
		return rejected(integrations.CauseInvalidURL, "the address must begin with https://: WEBHOOK_REQUIRE_HTTPS is on")
	case u.User != nil:
		return rejected(integrations.CauseInvalidURL, "the address must not hold a user or a password")
	case !validPort(u.Port()):
		return rejected(integrations.CauseInvalidURL, "the port must be between 1 and 65535")
	}
	host := normalHost(u.Hostname())
	if host == "" {
		return rejected(integrations.CauseInvalidURL, "the address has no host")
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		host = "127.0.0.1"
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		if endsInNumber(host) {
			// 127.1, 2130706433, 0x7f000001: resolvers read them as addresses.
			return rejected(integrations.CauseInvalidURL, "the host is neither a name nor a plain address")
		}
		return nil
	}
	switch err := s.of(client).guard.check(host, netip.AddrPortFrom(address, portOf(u))); {
	case errors.Is(err, integrations.CauseLocal):
		failure := fault(integrations.CauseLocal, "this machine could not be asked for its own addresses")
		failure.Ours = true
		return failure
	case err != nil:
		return rejected(integrations.CauseBlockedAddress, "the address is not on the public Internet")
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

// portOf is the port that would be dialled.
func portOf(u *url.URL) uint16 {
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		return uint16(n)
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

func endsInNumber(host string) bool {
	label := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(label, "0123456789") == "" {
		return true
	}
	_, err := strconv.ParseUint(label, 0, 64)
	return err == nil
}

// HostOf is the part of a URL that may be shown to anybody.
func HostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "an address that cannot be read"
	}
	return u.Host
}
