package webhook

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations"
)

const (
	kelp = "6f1c2a9e-3b54-4d7a-9c0e-2f8b7a6d5e41"
	tarn = "0b9d7c55-10aa-4a8e-8d0f-5b1f0c2d3e4f"
)

func openings(t *testing.T, list string) []Opening {
	t.Helper()
	parsed, err := ParseOpenings(list)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Ensure that each way to open something is read as what it says.
func TestParseOpenings(t *testing.T) {
	t.Parallel()
	client := uuid.MustParse(kelp)
	network := netip.MustParsePrefix
	for list, want := range map[string][]Opening{
		"10.1.0.0/16":                      {{Network: network("10.1.0.0/16")}},
		"10.1.0.0/16 , fd00::/8":           {{Network: network("10.1.0.0/16")}, {Network: network("fd00::/8")}},
		"::ffff:10.1.0.0/112":              {{Network: network("10.1.0.0/16")}},
		"10.1.0.0/16@" + kelp:              {{Network: network("10.1.0.0/16"), Client: client}},
		"10.1.0.0/16:8443":                 {{Network: network("10.1.0.0/16"), Port: 8443}},
		"10.1.2.3:8080":                    {{Network: network("10.1.2.3/32"), Port: 8080}},
		"[fd00::5]:8080@" + kelp:           {{Network: network("fd00::5/128"), Port: 8080, Client: client}},
		"[::ffff:10.1.2.3]:8080":           {{Network: network("10.1.2.3/32"), Port: 8080}},
		"CRM.Internal.:8443@" + kelp:       {{Host: "crm.internal", Port: 8443, Client: client}},
		"receiver:3000,10.0.0.0/8@" + kelp: {{Host: "receiver", Port: 3000}, {Network: network("10.0.0.0/8"), Client: client}},
	} {
		got, err := ParseOpenings(list)
		if err != nil {
			t.Errorf("%s: %v", list, err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", list, diff)
		}
	}
}

// Ensure that every entry which is wrong is told by its number, with the way to write it
// right, and that none is repeated: it may be a secret that was pasted into the wrong place.
func TestParseOpeningsThatAreWrong(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"hunter2":                  "entry 1 is neither a network nor host:port",
		"10.1.2.3":                 "entry 1 is an address without a port: write for example 10.1.2.3:8443, or",
		"fd00::5":                  "entry 1 is an address without a port",
		"10.1.0.0/33":              "entry 1 is no network",
		"hunter2/8":                "entry 1 is no network",
		"10.1.0.0/16,":             "entry 2 is empty",
		"@" + kelp:                 "entry 1 is empty",
		"10.1.0.0/16@hunter2":      "entry 1 has no id of a client behind @",
		"10.1.0.0/16@":             "entry 1 has no id of a client behind @",
		"10.1.0.0/16@{" + kelp:     "entry 1 has no id of a client behind @",
		"hunter2:0":                "entry 1 has no port between 1 and 65535",
		"hunter2:http":             "entry 1 has no port between 1 and 65535",
		"https://hunter2:443/x":    "entry 1 is a URL: write host:port alone",
		"localhost:3000":           "entry 1 is this machine by name: write its address, for example 127.0.0.1:8443",
		"hunter2 x:80":             "entry 1 has no name of a host before the port",
		"127.1:80":                 "entry 1 has no name of a host before the port",
		":80":                      "entry 1 has no name of a host before the port",
		"hunter2, 10.0.0.0/8, x:y": "entry 1 is neither a network nor host:port: write for example 10.1.0.0/16 or crm.internal:8443; entry 3 has no port",
	} {
		got, err := ParseOpenings(list)
		if err == nil {
			t.Errorf("%s is taken for %v", list, got)
			continue
		}
		if !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %q, want %q…", list, err, want)
		}
	}
}

// Ensure that an opening opens what it names and nothing beside it.
func TestGuardWithOpenings(t *testing.T) {
	t.Parallel()
	const list = "10.1.0.0/24,10.2.0.3:8080,10.3.0.0/24@" + kelp + ",crm.internal:8443,[fd00::5]:80"
	sender := New(Config{Openings: openings(t, list)})
	for target, want := range map[string]struct{ everybody, kelp bool }{
		"x.test 10.1.0.9:1":                   {true, true},
		"x.test [::ffff:10.1.0.9]:1":          {true, true},
		"x.test 10.1.1.9:1":                   {},
		"x.test 10.2.0.3:8080":                {true, true},
		"x.test 10.2.0.3:80":                  {},
		"x.test 10.3.0.9:443":                 {false, true},
		"x.test [fd00::5]:80":                 {true, true},
		"x.test [fd00::5]:81":                 {},
		"x.test [fd00::6]:80":                 {},
		"crm.internal 10.9.9.9:8443":          {true, true},
		"CRM.internal. 192.168.1.1:8443":      {true, true},
		"crm.internal 10.9.9.9:443":           {},
		"notcrm.internal 10.9.9.9:8443":       {},
		"crm.internal.example 10.9.9.9:8443":  {},
		"crm.internal 127.0.0.1:8443":         {},
		"crm.internal 169.254.169.254:8443":   {},
		"crm.internal [fd00:ec2::254]:8443":   {},
		"crm.internal [fe80::1]:8443":         {},
		"crm.internal [64:ff9b::a09:1]:8443":  {},
		"crm.internal 8.8.8.8:8443":           {true, true},
		"x.test [64:ff9b::10.1.0.9]:80":       {},
		"x.test 168.63.129.16:80":             {},
		"metadata 169.254.169.254:80":         {},
		"x.test 1.1.1.1:443":                  {true, true},
		"crm.internal [::ffff:10.9.9.9]:8443": {true, true},
	} {
		host, address, _ := strings.Cut(target, " ")
		for client, want := range map[string]bool{tarn: want.everybody, kelp: want.kelp} {
			err := sender.of(uuid.MustParse(client)).guard.check(host, netip.MustParseAddrPort(address))
			if (err == nil) != want {
				t.Errorf("%s for %s: %v, want allowed %v", target, client, err, want)
			}
		}
	}
}

// Ensure that what is opened for one client is delivered to for that one alone: not for
// another over the connection that the first has left open, not at another port, and not
// under another name.
func TestOpeningOfOneClient(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visits.Add(1)
		_, _ = w.Write([]byte("inside"))
	}))
	t.Cleanup(server.Close)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(100) }))
	t.Cleanup(other.Close)
	target := strings.TrimPrefix(server.URL, "http://")
	port := target[strings.LastIndexByte(target, ':'):]
	var answer atomic.Value
	answer.Store([4]byte{127, 0, 0, 1})
	sender := newSender(Config{Openings: openings(t, target+"@"+kelp)}, nameServer(t, &answer))
	for _, step := range []struct {
		client, url string
		allowed     bool
	}{
		{tarn, server.URL, false},
		{kelp, server.URL, true},
		{tarn, server.URL, false},
		{kelp, "http://hooks.test" + port, true},
		{tarn, "http://hooks.test" + port, false},
		{kelp, other.URL, false},
		{kelp, server.URL, true},
	} {
		result, err := sender.Deliver(t.Context(), Delivery{ID: "msg_1", URL: step.url, Secret: "secret", Client: uuid.MustParse(step.client)})
		if (err == nil) != step.allowed || !step.allowed && result.Cause != string(integrations.CauseBlockedAddress) {
			t.Errorf("%s to %s: %+v, %v; want allowed %v", step.client, step.url, result, err, step.allowed)
		}
		if step.allowed && result.Kept() != "inside" {
			t.Errorf("%q is kept of the answer to the client that may read it", result.Kept())
		}
	}
	if visits.Load() != 3 {
		t.Errorf("%d visits, want 3", visits.Load())
	}
}

// Ensure that of what answers in a network that is open to everybody nothing is kept that
// a client could read.
func TestAnswerFromASharedNetwork(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("password of the database"))
	}))
	t.Cleanup(server.Close)
	sender := New(Config{Openings: openings(t, "127.0.0.0/8")})
	for range 2 { // over a new connection, and over one that is there
		result, err := sender.Deliver(t.Context(), Delivery{ID: "msg_1", URL: server.URL, Secret: "secret"})
		if err == nil || result.Status != http.StatusInternalServerError {
			t.Fatalf("%+v, %v", result, err)
		}
		if kept := result.Kept(); strings.Contains(kept, "password") || !strings.Contains(kept, "WEBHOOK_ALLOW_CIDRS") {
			t.Errorf("%q is kept", kept)
		}
	}
}

// Ensure that http:// is refused where that is asked for, with the reason, and https:// not.
func TestRequireHTTPS(t *testing.T) {
	t.Parallel()
	sender := New(Config{RequireHTTPS: true, Openings: openings(t, "10.0.0.0/8")})
	for raw, allowed := range map[string]bool{
		"https://crm.example.com": true, "https://10.0.0.1": true, "http://crm.example.com": false, "HTTP://crm.example.com": false, "http://10.0.0.1": false,
	} {
		err := sender.CheckURL(raw)
		failure := integrations.As(err)
		if (err == nil) != allowed || failure != nil && (failure.Kind != integrations.Rejected || !strings.Contains(err.Error(), "WEBHOOK_REQUIRE_HTTPS is on")) {
			t.Errorf("%s: %v, want allowed %v", raw, err, allowed)
		}
		if allowed {
			continue
		}
		if result, err := sender.Deliver(t.Context(), Delivery{ID: "msg_1", URL: raw, Secret: "secret"}); err == nil || result.Cause != string(integrations.CauseInvalidURL) {
			t.Errorf("%s: %+v, %v", raw, result, err)
		}
	}
}
