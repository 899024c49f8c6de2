// Package webhook delivers leads to the URLs of customers.
//
// It must reach public addresses only, whatever the URL or its name server says,
// must give every delivery one bounded try, and must not decide when the next
// one comes.
package webhook

import (
	"bytes"
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations"
)

const (
	service   = "webhook"
	operation = "deliver"

	// UserAgent is part of the contract with receivers.
	UserAgent = "BravoRevOS-Webhook/1.0"

	// DefaultTimeout bounds one delivery from the name lookup to the end of the answer.
	DefaultTimeout = 10 * time.Second

	// readLimit is how much of an answer is read, in bytes after decompression.
	readLimit = 64 << 10
	// bodyLimit is how much of an answer is kept, in characters.
	bodyLimit = 1000
)

// Config is what a sender needs; the zero value delivers to public addresses.
type Config struct {
	// Timeout of one whole delivery; 0 means DefaultTimeout.
	Timeout time.Duration
	// AllowCIDRs opens networks that are not public to everybody, and keeps what is
	// answered there: for programs whose receivers are all their own.
	AllowCIDRs []netip.Prefix
	// Openings open what is not public for one client or for all. What is answered from
	// there is kept where the opening names the client; see [Result.Kept].
	Openings []Opening
	// RequireHTTPS refuses http:// receivers.
	RequireHTTPS bool
	// Own tells where the worker itself listens, once it does: no delivery may go
	// there, whatever is opened. Optional.
	Own func() netip.AddrPort
	// Observe is told of each exchange; optional.
	Observe integrations.Observer
}

// Sender delivers webhooks. It may be used from many goroutines.
type Sender struct {
	way // of everybody whom no opening names

	named        map[uuid.UUID]way
	names        *names
	requireHTTPS bool
}

// way is how the deliveries of a client go out. Who has openings of their own has
// connections of their own: over one that is open already the guard is not asked again.
type way struct {
	client integrations.Client
	guard  guard
}

// New returns a sender.
func New(cfg Config) *Sender { return newSender(cfg, &net.Resolver{}) }

// newSender lets tests answer for the name server.
func newSender(cfg Config, resolver *net.Resolver) *Sender {
	s := &Sender{names: newNames(resolver), named: map[uuid.UUID]way{}, requireHTTPS: cfg.RequireHTTPS}
	s.way = s.newWay(cfg, uuid.Nil)
	for _, opening := range cfg.Openings {
		if _, known := s.named[opening.Client]; !known && opening.Client != uuid.Nil {
			s.named[opening.Client] = s.newWay(cfg, opening.Client)
		}
	}
	return s
}

func (s *Sender) newWay(cfg Config, client uuid.UUID) way {
	timeout := cmp.Or(cfg.Timeout, DefaultTimeout)
	g := guard{ranges: newRanges(cfg.AllowCIDRs), own: cfg.Own}
	for _, opening := range cfg.Openings {
		if opening.Client == uuid.Nil || opening.Client == client {
			g.openings = append(g.openings, opening)
		}
	}
	return way{guard: g, client: integrations.Client{
		Service: service,
		HTTP:    integrations.NoRedirects(&http.Client{Transport: s.transport(g, timeout)}),
		Timeout: timeout,
		Limit:   readLimit,
		Cut:     true,
		Observe: cfg.Observe,
	}}
}

func (s *Sender) of(client uuid.UUID) way {
	if own, ok := s.named[client]; ok {
		return own
	}
	return s.way
}

func (s *Sender) transport(g guard, timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, Resolver: s.names.resolver, ControlContext: g.control}
	return &http.Transport{
		// Behind a proxy the guard would see the proxy's address alone.
		Proxy:       nil,
		DialContext: g.dial(dialer),
		// The transport goes on connecting after the exchange has ended, in case another
		// wants it; a handshake that never ends would never be given up.
		TLSHandshakeTimeout:    timeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: readLimit,
		// A connection whose other end is gone must not be given to more deliveries.
		HTTP2: &http.HTTP2Config{SendPingTimeout: timeout, PingTimeout: timeout},
	}
}

// Delivery is one try to deliver one webhook.
type Delivery struct {
	ID      string    // webhook-id: the same for every try, for the receiver to tell repetitions
	Client  uuid.UUID // whose it is, for what is opened to one client alone
	URL     string    // where to
	Body    []byte    // JSON; exactly these bytes are signed and sent
	Secret  string    // the global one; signs the header of old, X-Webhook-Signature
	Secrets []string  // of the campaign, newest first: each signs webhook-signature; none: Secret does
	Now     time.Time // time of this try
}

// Timings are the steps of an exchange; see [integrations.Timings].
type Timings = integrations.Timings

// Result is what is known of a try, for its row in the attempt log.
type Result struct {
	Status  int    // 0 when there was no answer
	Body    string // at most 1000 printable characters of the answer
	Address string // ip:port that was dialled, also when nothing answered
	Cause   string // empty on success; else of a closed list: timeout, dns_error, http_4xx, …
	Timings Timings
	Reused  bool // it went over a connection of an earlier delivery
	// Shared is set when a private address answered that is open to every client: see Kept.
	Shared bool
	// Ours is set when the failure is on our side (no network, no file handles, our
	// name servers unreachable): it says nothing of the receiver and must cost no try.
	Ours bool
}

// withheld stands where an answer would.
const withheld = "(not kept: it came from a private address that WEBHOOK_ALLOW_CIDRS opens to every client)"

// Kept is what may be stored of the answer, where its client can read it. Whoever may name
// any URL could read with its answers what lives in a network that is open to all.
func (r Result) Kept() string {
	if r.Shared && r.Body != "" {
		return withheld
	}
	return r.Body
}

// Deliver posts the body and reads the answer. Only 2xx is success, and only when
// it ended in time.
//
// The result is filled as far as it is known on failure too. Errors are
// [integrations.Error] with the result's cause for a Type: Rejected for a URL that
// may not be called and for 410, Denied when there is no secret to sign with, else
// Temporary, with RetryAfter where the receiver named one. A name that points into a
// private network today is Temporary as well: name servers are mended, and the lead
// must not be lost to it.
//
// A 2xx answer longer than what is read is success: the receiver has said what
// matters. One that breaks off or does not end in time is not.
func (s *Sender) Deliver(ctx context.Context, d Delivery) (Result, error) {
	req, failure := s.request(d)
	if failure != nil {
		return Result{Cause: failure.Type, Ours: failure.Ours}, failure
	}
	started, way := time.Now(), s.of(d.Client)
	answer, err := way.client.Do(ctx, operation, req)
	result := Result{
		Status:  answer.Status,
		Body:    integrations.Printable(string(answer.Body), bodyLimit),
		Address: answer.Address,
		Timings: answer.Timings,
		Reused:  answer.Reused,
	}
	if from, err := netip.ParseAddrPort(answer.Address); err == nil {
		result.Shared = way.guard.isShared(req.URL.Hostname(), from)
	}
	failure = integrations.As(err)
	if failure == nil {
		failure = refusal(answer)
	}
	if failure == nil {
		return result, nil
	}
	if failure.Type == string(integrations.CauseDNS) {
		failure.Ours = s.names.silent(ctx, started)
	}
	result.Cause, result.Ours = failure.Type, failure.Ours
	return result, failure
}

// request is the signed request, or the reason why none may be sent.
func (s *Sender) request(d Delivery) (*http.Request, *integrations.Error) {
	if err := s.checkURL(d.URL, d.Client); err != nil {
		return nil, integrations.As(err)
	}
	//nolint:noctx // the shared client gives it the caller's
	req, err := http.NewRequest(http.MethodPost, strings.TrimSpace(d.URL), bytes.NewReader(d.Body))
	if err != nil {
		return nil, rejected(integrations.CauseInvalidURL, "the address cannot be read")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", UserAgent)
	if failure := sign(req.Header, d); failure != nil {
		return nil, failure
	}
	return req, nil
}

// refusal is nil for a 2xx answer.
func refusal(answer integrations.Answer) *integrations.Error {
	if answer.OK() {
		return nil
	}
	failure := fault("", "")
	failure.Status = answer.Status
	// Any failing answer may name its time; a receiver under load says 503 or 429.
	failure.RetryAfter = integrations.RetryAfter(answer.Header, time.Now())
	switch {
	case answer.Status < 400:
		failure.Type = string(integrations.CauseRedirect)
	case answer.Status < 500:
		failure.Type = string(integrations.CauseHTTP4xx)
	default:
		failure.Type = string(integrations.CauseHTTP5xx)
	}
	if answer.Status == http.StatusGone {
		failure.Kind = integrations.Rejected // the receiver wants no more
	}
	return failure
}

func fault(cause integrations.Cause, detail string) *integrations.Error {
	return &integrations.Error{Service: service, Operation: operation, Type: string(cause), Detail: detail}
}

func rejected(cause integrations.Cause, detail string) *integrations.Error {
	failure := fault(cause, detail)
	failure.Kind = integrations.Rejected
	return failure
}
