package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
)

// Ensure that a name is judged by the address that it has when it is dialled: one
// that passed before is blocked once it points into a private network.
func TestNameThatChangesItsAddress(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close") // so that each try looks the name up
		visits.Add(1)
	}))
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]

	var answer atomic.Value
	sender := newSender(Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, nameServer(t, &answer))
	deliver := func() (Result, error) {
		return sender.Deliver(t.Context(), Delivery{ID: "msg_1", URL: "http://hooks.test" + port, Secret: "secret"})
	}

	answer.Store([4]byte{127, 0, 0, 1})
	if _, err := deliver(); err != nil {
		t.Fatal(err)
	}
	for _, private := range [][4]byte{{127, 0, 0, 2}, {169, 254, 169, 254}, {168, 63, 129, 16}, {0, 0, 0, 0}} {
		answer.Store(private)
		result, err := deliver()
		failure := integrations.As(err)
		if failure == nil || failure.Kind != integrations.Temporary || failure.Ours || result.Cause != string(integrations.CauseBlockedAddress) {
			t.Errorf("%v: result = %+v, error = %v; want temporary as blocked_address", private, result, err)
		}
	}
	if visits.Load() != 1 {
		t.Errorf("the server was visited %d times, want once", visits.Load())
	}
}

// Ensure that a name without an address is told from every other failure.
func TestNameWithoutAddress(t *testing.T) {
	t.Parallel()
	var nothing atomic.Value
	sender := newSender(Config{}, nameServer(t, &nothing))
	result, err := sender.Deliver(t.Context(), Delivery{ID: "msg_1", URL: "https://hooks.test", Secret: "secret"})
	failure := integrations.As(err)
	if failure == nil || failure.Kind != integrations.Temporary || failure.Detail != "no such host" || result.Cause != string(integrations.CauseDNS) {
		t.Errorf("result = %+v, error = %+v; want temporary dns_error", result, failure)
	}
}

// Ensure that no proxy of the environment stands between the guard and the receiver.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	if New(Config{}).client.HTTP.Transport.(*http.Transport).Proxy != nil {
		t.Error("deliveries go through a proxy")
	}
}

// Ensure that of a name with private and public addresses only the public ones are
// dialled, and that their failure is the one told.
func TestNameWithMixedAddresses(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	var answer atomic.Value
	answer.Store([][4]byte{{127, 0, 0, 2}, {10, 0, 0, 1}, {127, 0, 0, 1}, {127, 0, 0, 3}})
	sender := newSender(Config{AllowCIDRs: prefixes("127.0.0.1/32")}, nameServer(t, &answer))
	result, err := sender.Deliver(t.Context(), to("http://hooks.test"+port))
	if err != nil || result.Address != "127.0.0.1"+port || visits.Load() != 1 {
		t.Errorf("result = %+v, %v, %d visits; want one at the address that is open", result, err, visits.Load())
	}
	if result.Timings.DNS == 0 {
		t.Error("the lookup took no time")
	}

	closed := listen(t, func(net.Conn) {})
	server.Close()
	sender = newSender(Config{AllowCIDRs: prefixes("127.0.0.1/32")}, nameServer(t, &answer)) // without its connection
	result, err = sender.Deliver(t.Context(), to("http://hooks.test"+port))
	if err == nil || result.Cause != "connection_refused" {
		t.Errorf("result = %+v, %v; want the failure of the public address", result, err)
	}

	own := netip.MustParseAddrPort(closed)
	self := newSender(Config{AllowCIDRs: prefixes("127.0.0.1/32"), Own: func() netip.AddrPort { return own }}, nameServer(t, &answer))
	if result, err := self.Deliver(t.Context(), to("http://hooks.test:"+strconv.Itoa(int(own.Port())))); err == nil || result.Cause != "blocked_address" {
		t.Errorf("result = %+v, %v; want the worker itself blocked behind a name", result, err)
	}
}

// Ensure that name servers which cannot be reached are a failure of ours, however
// that shows, and that what they say of one name is the receiver's.
func TestWhoseLookupFails(t *testing.T) {
	t.Parallel()
	mute := func(name string) bool { return name == "hooks.test." }
	for name, tt := range map[string]struct {
		resolver *net.Resolver
		ours     bool
	}{
		"no such name":              {nameServer(t, answers(dnsmessage.RCodeNameError)), false},
		"failure for the name":      {nameServer(t, answers(dnsmessage.RCodeServerFailure)), false},
		"refused for the name":      {nameServer(t, answers(dnsmessage.RCodeRefused)), false},
		"no answer for the name":    {nameServer(t, answers(mute)), false},
		"no answer at all":          {nameServer(t, answers(func(string) bool { return true })), true},
		"nobody at the name server": {&net.Resolver{Dial: dialClosed(t)}, true},
		"no way to the name server": {&net.Resolver{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
		}}, true},
		"no file handle for it": {&net.Resolver{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.EMFILE}
		}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := newSender(Config{Timeout: 2 * time.Second}, tt.resolver).Deliver(t.Context(), to("https://hooks.test"))
			if err == nil || result.Cause != "dns_error" || result.Ours != tt.ours || result.Address != "" {
				t.Errorf("result = %+v, %v; want dns_error, ours %v", result, err, tt.ours)
			}
			integrationstest.AssertNoSecret(t, err, "s3cret", "hooks.test")
		})
	}
}

func answers(answer any) *atomic.Value {
	var value atomic.Value
	value.Store(answer)
	return &value
}

// dialClosed dials a port where nobody is, as packets too.
func dialClosed(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}
}

// nameServer answers every question for an IPv4 address with the one stored or with
// each of those stored, or all questions with the code stored; none where the function
// stored says so; and everything else with "no such name".
func nameServer(t *testing.T, address *atomic.Value) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		packet := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if reply, err := respond(packet[:n], address.Load()); err == nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func respond(packet []byte, address any) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(packet); err != nil {
		return nil, err
	}
	question := message.Questions[0]
	if mute, ok := address.(func(string) bool); ok && mute(question.Name.String()) {
		return nil, errors.New("no answer")
	}
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: message.ID, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: message.Questions,
	}
	switch address := address.(type) {
	case dnsmessage.RCode:
		reply.RCode = address
	case [4]byte:
		reply.Answers = resources(question, address)
	case [][4]byte:
		reply.Answers = resources(question, address...)
	default:
		reply.RCode = dnsmessage.RCodeNameError
	}
	return reply.Pack()
}

func resources(question dnsmessage.Question, addresses ...[4]byte) (list []dnsmessage.Resource) {
	if question.Type != dnsmessage.TypeA {
		return nil
	}
	for _, address := range addresses {
		list = append(list, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.AResource{A: address},
		})
	}
	return list
}
