package mx_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/bravorevos/workers/integrations/mx"
)

// zone is a name server that knows a few domains.
type zone struct {
	mu      sync.Mutex
	records map[string][]string // by name and type, as in a zone file; missing: NXDOMAIN
	fails   map[string]int      // answers with that code
	silent  map[string]bool     // does not answer
	asked   int
}

// serve starts the server and returns a resolver that asks nobody else.
func (z *zone) serve(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, done := make(chan struct{}), make(chan error, 1)
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(z.answer), NotifyStartedFunc: func() { close(started) }}
	go func() { done <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		_ = server.Shutdown()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (z *zone) answer(w dns.ResponseWriter, r *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked++
	name, kind := r.Question[0].Name, dns.TypeToString[r.Question[0].Qtype]
	if z.silent[name] {
		return
	}
	m := new(dns.Msg).SetReply(r)
	m.RecursionAvailable = true // or an empty answer would be none
	m.Rcode = z.fails[name]
	known := false
	for key, values := range z.records {
		if key == name+" "+kind {
			for _, value := range values {
				record, err := dns.NewRR(name + " 60 IN " + kind + " " + value)
				if err == nil {
					m.Answer = append(m.Answer, record)
				}
			}
		}
		known = known || strings.HasPrefix(key, name+" ")
	}
	if m.Rcode == 0 && !known {
		m.Rcode = dns.RcodeNameError
	}
	_ = w.WriteMsg(m)
}

func (z *zone) queries() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked
}

func newZone() *zone {
	return &zone{
		records: map[string][]string{
			"kelp.example. MX":           {"10 mx1.kelp.example.", "20 mx2.kelp.example."},
			"nomail.example. MX":         {"0 ."},
			"host.example. A":            {"192.0.2.1"},
			"six.example. AAAA":          {"2001:db8::1"},
			"text.example. TXT":          {`"nothing else"`},
			"xn--mnchen-3ya.example. MX": {"10 mx.kelp.example."},
			"broken.example. MX":         {"10 mx.kelp.example."},
		},
		fails:  map[string]int{"broken.example.": dns.RcodeServerFailure},
		silent: map[string]bool{"silent.example.": true},
	}
}

// Ensure only what the DNS says for certain refuses an address.
func TestAccepts(t *testing.T) {
	t.Parallel()
	checker := mx.New(mx.Config{Resolver: newZone().serve(t), Timeout: 5 * time.Second})
	for address, want := range map[string]mx.Verdict{
		"ana@kelp.example": mx.Accepted, "Ana@KELP.Example": mx.Accepted, "ana@kelp.example.": mx.Accepted, "ana@münchen.example": mx.Accepted,
		"ana@host.example": mx.Accepted, "ana@six.example": mx.Accepted,
		"ana@nomail.example": mx.Refused, "ana@text.example": mx.Refused, "ana@nowhere.example": mx.Refused, "ana@": mx.Refused, "": mx.Refused, "ana@a..b": mx.Refused,
		"ana@broken.example": mx.Unknown, "ana@silent.example": mx.Unknown,
	} {
		if got := checker.Accepts(t.Context(), address); got != want {
			t.Errorf("%q is %s, want %s", address, got, want)
		}
	}
}

// Ensure a domain is asked for once, and that an outage is not remembered for long.
func TestRemembers(t *testing.T) {
	t.Parallel()
	z, now := newZone(), time.Unix(0, 0)
	checker := mx.New(mx.Config{Resolver: z.serve(t), Now: func() time.Time { return now }})
	for range 3 {
		checker.Accepts(t.Context(), "a@kelp.example")
	}
	if n := z.queries(); n != 1 {
		t.Errorf("%d queries for one domain", n)
	}
	now = now.Add(2 * time.Hour)
	checker.Accepts(t.Context(), "b@kelp.example")
	if n := z.queries(); n != 2 {
		t.Errorf("%d queries after the time was over, want 2", n)
	}
	if got := checker.Accepts(t.Context(), "a@broken.example"); got != mx.Unknown {
		t.Fatalf("a server that fails says %s", got)
	}
	z.mu.Lock()
	z.fails = nil
	z.mu.Unlock()
	now = now.Add(2 * time.Minute)
	if got := checker.Accepts(t.Context(), "a@broken.example"); got != mx.Accepted {
		t.Errorf("still %s two minutes after the outage", got)
	}
}

// Ensure a caller that gives up is answered, and nothing is known by that.
func TestCancelled(t *testing.T) {
	t.Parallel()
	checker := mx.New(mx.Config{Resolver: newZone().serve(t)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := checker.Accepts(ctx, "a@silent.example"); got != mx.Unknown {
		t.Errorf("a look-up that was cancelled says %s", got)
	}
}
