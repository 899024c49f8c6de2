package webhook

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/bravorevos/workers/integrations"
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

// nameServer answers every question for an IPv4 address with the one stored, and
// everything else with "no such name".
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
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: message.ID, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: message.Questions,
	}
	ip, known := address.([4]byte)
	switch {
	case !known:
		reply.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.AResource{A: ip},
		}}
	}
	return reply.Pack()
}
