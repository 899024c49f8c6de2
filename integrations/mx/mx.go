// Package mx tells whether the domain of an address takes mail at all. It asks the DNS
// and never a mail server: an answer to "is this mailbox there" is worth little, and
// asking costs reputation.
package mx

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
)

// Verdict is what the DNS says of a domain.
type Verdict string

const (
	// Accepted means that there is somewhere to deliver to.
	Accepted Verdict = "accepted"
	// Refused means that the domain does not exist, says that it takes no mail
	// (a null MX, https://www.rfc-editor.org/rfc/rfc7505), or has no host at all.
	Refused Verdict = "refused"
	// Unknown means that the DNS gave no answer; nobody may be refused for that.
	Unknown Verdict = "unknown"
)

// Config is what a checker needs; the zero value is fine.
type Config struct {
	Resolver *net.Resolver // nil: that of the machine
	Timeout  time.Duration // of one domain's look-ups; 0 means 2 s
	Remember time.Duration // how long a verdict holds; 0 means 1 h
	Now      func() time.Time
}

// Checker looks domains up and remembers them. It may be used from many goroutines.
type Checker struct {
	resolver *net.Resolver
	timeout  time.Duration
	remember time.Duration
	now      func() time.Time

	mu    sync.Mutex
	known map[string]known
}

type known struct {
	verdict Verdict
	until   time.Time
}

const (
	maxKnown = 10_000 // domains; beyond that all are forgotten
	// An outage of the DNS must not be remembered for long.
	rememberUnknown = time.Minute
)

// New makes a checker.
func New(cfg Config) *Checker {
	c := &Checker{
		resolver: cmp.Or(cfg.Resolver, net.DefaultResolver), now: cfg.Now,
		timeout: cmp.Or(cfg.Timeout, 2*time.Second), remember: cmp.Or(cfg.Remember, time.Hour),
		known: make(map[string]known),
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c
}

// Accepts says whether mail to an address can be delivered anywhere.
func (c *Checker) Accepts(ctx context.Context, address string) Verdict {
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(address[strings.LastIndexByte(address, '@')+1:], "."))
	if err != nil || domain == "" {
		return Refused
	}
	c.mu.Lock()
	at, ok := c.known[domain]
	c.mu.Unlock()
	if ok && c.now().Before(at.until) {
		return at.verdict
	}
	verdict, keep := c.ask(ctx, domain), c.remember
	if verdict == Unknown {
		keep = rememberUnknown
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[domain] = known{verdict, c.now().Add(keep)}
	return verdict
}

// ask looks a domain up: its mail servers, else a host of its own, which takes mail
// where there are none (https://www.rfc-editor.org/rfc/rfc5321#section-5.1).
func (c *Checker) ask(ctx context.Context, domain string) Verdict {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	domain += "." // without the search domains of this machine
	servers, err := c.resolver.LookupMX(ctx, domain)
	switch {
	case len(servers) == 1 && strings.Trim(servers[0].Host, ".") == "":
		return Refused
	case len(servers) > 0:
		return Accepted // even with a malformed one beside
	case !isNotFound(err):
		return Unknown
	}
	hosts, err := c.resolver.LookupHost(ctx, domain)
	switch {
	case len(hosts) > 0:
		return Accepted
	case isNotFound(err):
		return Refused
	default:
		return Unknown
	}
}

// isNotFound tells "there is none" from "nobody answered".
func isNotFound(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return err == nil || ok && dns.IsNotFound && !dns.IsTimeout && !dns.IsTemporary
}
