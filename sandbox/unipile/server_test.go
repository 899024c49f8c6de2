package unipile

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(int) {
		http.DefaultClient.CloseIdleConnections()
	}))
}

// Ensure that an absent or wrong key is refused with the one body that has no detail.
func TestKeyIsRequired(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "wrong"} {
		a := newAPI(t, newServer(t, Options{}))
		a.key = key
		want := body{"status": 401.0, "type": "errors/missing_credentials", "title": "Missing credentials"}
		if diff := cmp.Diff(want, a.get(401, "/accounts")); diff != "" {
			t.Errorf("key %q (-want +got):\n%s", key, diff)
		}
	}
}

// Ensure that unknown routes and methods have Nest's body, not the problem shape.
func TestUnknownRouteAnswersLikeNest(t *testing.T) {
	t.Parallel()
	a := newAPI(t, newServer(t, Options{}))
	for _, tt := range []struct{ method, path string }{
		{"POST", "/messages/send"},
		{"PUT", "/chats"},
		{"POST", "/webhooks/test"},
		{"GET", "/nothing?x=1"},
	} {
		want := body{"message": "Cannot " + tt.method + " /api/v1" + tt.path, "error": "Not Found", "statusCode": 404.0}
		if diff := cmp.Diff(want, a.send(404, tt.method, tt.path, "", "")); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.method, tt.path, diff)
		}
	}
}

// Ensure that the traffic log shows each exchange with its outcome, refused ones too,
// and stays within its cap.
func TestRequestsAreLogged(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now, MaxTraffic: 3})
	a := newAPI(t, s)
	a.get(200, "/accounts")
	a.get(404, "/nothing")
	a.get(400, "/posts/"+postID)
	a.get(200, "/posts/"+postID+"?account_id="+accountID)
	want := []Request{
		{At: c.at, Method: "GET", Path: "/api/v1/nothing", Status: 404},
		{At: c.at, Method: "GET", Path: "/api/v1/posts/" + postID, Operation: "get_post", Status: 400},
		{At: c.at, Method: "GET", Path: "/api/v1/posts/" + postID, Operation: "get_post", AccountID: accountID, Status: 200},
	}
	if diff := cmp.Diff(want, s.Requests()); diff != "" {
		t.Errorf("Requests() (-want +got):\n%s", diff)
	}
}

// Ensure that ids depend on the seed alone, and that no seed means new ids each time.
func TestSeedMakesIDsRepeatable(t *testing.T) {
	t.Parallel()
	id := func(seed uint64) string {
		s := New(Options{Seed: seed})
		defer s.Close()
		s.AddAccount(Account{ID: accountID, ProviderID: ownerID})
		s.AddPerson(Person{ProviderID: tomasID})
		return s.Receive(accountID, tomasID, "hi")
	}
	if a, b := id(3), id(3); a != b {
		t.Errorf("one seed gave %s and %s", a, b)
	}
	if a, b := id(0), id(0); a == b {
		t.Errorf("no seed gave %s twice", a)
	}
}

// Ensure that noise adds unknown fields to things and takes nothing away.
func TestExtraFieldsOnlyAdd(t *testing.T) {
	t.Parallel()
	a := newAPI(t, newServer(t, Options{ExtraFields: true}))
	answer := a.get(200, "/accounts/"+accountID)
	plain := newAPI(t, newServer(t, Options{})).get(200, "/accounts/"+accountID)
	plain["created_at"] = answer["created_at"]

	var strip func(v any) int
	strip = func(v any) (n int) {
		switch v := v.(type) {
		case body:
			for key, inner := range v {
				if strings.HasPrefix(key, "x_") {
					delete(v, key)
					n++
					continue
				}
				n += strip(inner)
			}
		case []any:
			for _, inner := range v {
				n += strip(inner)
			}
		}
		return n
	}
	if n := strip(answer); n != 3 { // the account, its source, its im parameters
		t.Errorf("%d unknown fields, want 3", n)
	}
	if diff := cmp.Diff(plain, answer); diff != "" {
		t.Errorf("besides unknown fields (-plain +noisy):\n%s", diff)
	}
}

// Ensure that Close lets go of held requests, silences personas and may be repeated.
func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.SetPersona(tomasID, Persona{Replies: []Answer{{Text: "never", After: 1 << 40}}})
	a := newAPI(t, s)
	a.dm(201, tomasID, "hello")
	s.AddFault(Fault{Operation: "list_accounts", Hang: true})
	cut := make(chan error, 1)
	go func() {
		_, _, err := a.try("GET", "/accounts", "", nil)
		cut <- err
	}()
	eventually(t, "the request is held", func() bool { return s.Requests()[len(s.Requests())-1].FaultName != "" })
	s.Close()
	if err := wait(t, cut); err == nil {
		t.Error("a held request was answered by Close")
	}
	s.Close()
	s.Receive(accountID, tomasID, "after the end") // must not start anything, nor panic
}

// Ensure that bodies keep < > & as JavaScript writes them.
func TestBodiesAreNotHTMLEscaped(t *testing.T) {
	t.Parallel()
	if got := string(marshal(body{"a": "<&>"})); got != `{"a":"<&>"}` || !json.Valid([]byte(got)) {
		t.Errorf("marshal = %s", got)
	}
}
