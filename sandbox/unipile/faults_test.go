package unipile

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// last is the newest entry of the traffic log.
func last(s *Server) Request {
	log := s.Requests()
	return log[len(log)-1]
}

// Ensure that a fault strikes as often as it says, in the vendor's words, and is
// named in the traffic log.
func TestFaultTimes(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	id := s.AddFault(Fault{Operation: "get_post", Type: "invalid_post", Times: 2})
	path := "/posts/" + postID + "?account_id=" + accountID
	want := body{"status": 422.0, "type": "errors/invalid_post", "title": "Invalid post", "detail": "Post cannot be found"}
	for range 2 {
		if diff := cmp.Diff(want, a.get(422, path)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := last(s); got.FaultName != id || got.Status != 422 {
			t.Errorf("logged as %+v", got)
		}
	}
	a.get(200, path)
	if got := last(s).FaultName; got != "" {
		t.Errorf("fault %s struck a third time", got)
	}
}

// Ensure that the error body is completed from what is given.
func TestFaultBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault Fault
		want  body
	}{
		{Fault{}, body{"status": 500.0, "type": "errors/provider_error", "title": "Provider error",
			"detail": "The provider is experiencing operational problems. Please try again later."}},
		{Fault{Status: 429}, body{"status": 429.0, "type": "errors/too_many_requests", "title": "Too many requests",
			"detail": "The provider cannot accept any more requests at the moment. Please try again later."}},
		{Fault{Status: 503}, body{"status": 503.0, "type": "errors/no_client_session", "title": "No client session",
			"detail": "No client session is currently running."}},
		{Fault{Type: "errors/disconnected_account"}, body{"status": 401.0, "type": "errors/disconnected_account", "title": "Disconnected account",
			"detail": "The account appears to be disconnected from the provider service."}},
		{Fault{Type: "user_unreachable"}, body{"status": 422.0, "type": "errors/user_unreachable", "title": "User unreachable"}},
		{Fault{Status: 422, Type: "brand_new"}, body{"status": 422.0, "type": "errors/brand_new", "title": "Brand new"}},
		{Fault{Status: 500, Type: "limit_exceeded", Title: "T", Detail: "D"},
			body{"status": 500.0, "type": "errors/limit_exceeded", "title": "T", "detail": "D"}},
	} {
		s := newServer(t, Options{})
		s.AddFault(tt.fault)
		if diff := cmp.Diff(tt.want, newAPI(t, s).get(int(tt.want["status"].(float64)), "/accounts")); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.fault, diff)
		}
	}
}

// Ensure that a fault meets only the operation, account and person it names, and that
// a malformed request does not use it up.
func TestFaultFilters(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.AddAccount(Account{ID: "other", ProviderID: "ACoAA2"})
	a := newAPI(t, s)
	s.AddFault(Fault{Operation: "start_chat", AccountID: accountID, PersonID: tomasID, Status: 429, Times: 1})
	s.AddFault(Fault{Operation: "send_message", PersonID: tomasID, Status: 500, Times: 1})
	s.AddFault(Fault{Operation: "*", AccountID: "other", Status: 503})

	a.dm(201, linaID, "another person")
	a.multipart(503, "/chats", "account_id", "other", "attendees_ids", tomasID, "text", "another account")
	a.dm(400, tomasID, "")
	a.dm(429, tomasID, "struck")
	chatID := a.dm(201, tomasID, "used up")["chat_id"].(string)
	a.post(500, "/chats/"+chatID+"/messages", body{"text": "found by the chat's person"})
	a.post(201, "/chats/"+chatID+"/messages", body{"text": "used up"})
	a.get(503, "/accounts/other")
	a.get(200, "/accounts/"+accountID)
	s.ClearFaults()
	a.get(200, "/accounts/other")
	if n := len(s.Sent()); n != 3 {
		t.Errorf("%d messages sent, want 3", n)
	}
}

// Ensure that a likely fault strikes some calls and spares some.
func TestFaultProbability(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	s.AddFault(Fault{Operation: "list_accounts", Status: 500, Probability: 0.5})
	seen := map[int]int{}
	for range 60 {
		status, _, err := a.try("GET", "/accounts", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		seen[status]++
	}
	if seen[200] < 10 || seen[500] < 10 {
		t.Errorf("statuses %v, want about half of each", seen)
	}
}

// Ensure that AfterStore does the work before it fails, and that a plain fault does
// not do it.
func TestFaultAfterStore(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	s.AddFault(Fault{Operation: "start_chat", Status: 504, Times: 1})
	s.AddFault(Fault{Operation: "start_chat", Status: 504, AfterStore: true, Times: 1})
	s.AddFault(Fault{Operation: "comment", Status: 504, AfterStore: true})
	a.dm(504, tomasID, "lost")
	if got := a.dm(504, tomasID, "stored")["type"]; got != "errors/request_timeout" {
		t.Errorf("type %v", got)
	}
	if sent := s.Sent(); len(sent) != 1 || sent[0].Text != "stored" {
		t.Errorf("Sent() = %+v", sent)
	}
	if diff := cmp.Diff([]string{"stored"}, column(a.get(200, "/messages"), "text")); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	a.post(504, commentsPath, body{"account_id": accountID, "text": "stored too"})
	if n := s.state()["comments"]; n != 1 {
		t.Errorf("%d comments", n)
	}
}

// Ensure that Reset cuts the connection before or after the work.
func TestFaultReset(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		s := newServer(t, Options{})
		a := newAPI(t, s)
		s.AddFault(Fault{Operation: "start_chat", Reset: true, AfterStore: after})
		payload := toJSON(t, body{"account_id": accountID, "attendees_ids": []string{tomasID}, "text": "x"})
		if status, _, err := a.try("POST", "/chats", "application/json", strings.NewReader(payload)); err == nil {
			t.Errorf("after store %v: answered with %d", after, status)
		}
		if stored := len(s.Sent()) == 1; stored != after {
			t.Errorf("after store %v: %d messages", after, len(s.Sent()))
		}
		if got := last(s).Status; got != 0 {
			t.Errorf("logged with status %d", got)
		}
	}
}

// Ensure that NullIDs succeeds without saying what was made.
func TestFaultNullIDs(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	chatID := a.dm(201, tomasID, "x")["chat_id"].(string)
	s.AddFault(Fault{NullIDs: true})
	if diff := cmp.Diff(body{"object": "ChatStarted", "chat_id": nil, "message_id": nil}, a.dm(201, tomasID, "x")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(body{"object": "MessageSent", "message_id": nil}, a.post(201, "/chats/"+chatID+"/messages", body{"text": "x"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(body{"object": "CommentSent"}, a.post(201, commentsPath, body{"account_id": accountID, "text": "x"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(s.Sent()); n != 3 {
		t.Errorf("%d messages sent, want 3", n)
	}
}

// Ensure that a held call waits: for Release to go on, or for the client to leave,
// which without AfterStore means that nothing is done.
func TestFaultHang(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	id := s.AddFault(Fault{Operation: "start_chat", Hang: true})
	held := func(text string) (context.CancelFunc, <-chan error) {
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan error, 1)
		payload := toJSON(t, body{"account_id": accountID, "attendees_ids": []string{tomasID}, "text": text})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/chats", strings.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-KEY", testKey)
		req.Header.Set("Content-Type", "application/json")
		before := len(s.Requests())
		go func() {
			resp, err := http.DefaultClient.Do(req)
			if err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusCreated {
					err = errors.New(resp.Status)
				}
			}
			done <- err
		}()
		eventually(t, "the call is held", func() bool {
			log := s.Requests()
			return len(log) > before && log[before].FaultName == id && log[before].Status == 0
		})
		return leave, done
	}

	leave, done := held("client leaves")
	leave()
	if err := wait(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("left call: %v", err)
	}
	eventually(t, "the server hears that the client left", func() bool { return s.Requests()[0].Cut })
	_, done = held("released")
	if n := len(s.Sent()); n != 0 {
		t.Errorf("%d messages sent while held", n)
	}
	s.Release(id)
	if err := wait(t, done); err != nil {
		t.Errorf("released call: %v", err)
	}
	if sent := s.Sent(); len(sent) != 1 || sent[0].Text != "released" {
		t.Errorf("Sent() = %+v", sent)
	}
}

// Ensure that Hang with AfterStore holds the answer to work that is done, the shape of
// a client-side timeout, and fails once released if it has an error.
func TestFaultHangAfterStore(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	s.AddFault(Fault{Operation: "start_chat", Hang: true, AfterStore: true, Status: 504})
	status := make(chan int, 1)
	go func() {
		payload := `{"account_id":"` + accountID + `","attendees_ids":["` + tomasID + `"],"text":"x"}`
		code, _, _ := a.try("POST", "/chats", "application/json", strings.NewReader(payload))
		status <- code
	}()
	eventually(t, "the message is stored", func() bool { return len(s.Sent()) == 1 })
	s.ClearFaults()
	if got := wait(t, status); got != 504 {
		t.Errorf("status %d", got)
	}
}

// Ensure that a delay holds a call back and then lets it succeed.
func TestFaultDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{})
		defer s.Close()
		s.AddFault(Fault{Operation: "list_accounts", Delay: time.Minute, Times: 1})
		r := httptest.NewRequest(http.MethodGet, "/api/v1/accounts", nil)
		r.Header.Set("X-API-KEY", testKey)
		w := httptest.NewRecorder()
		before := time.Now()
		s.Handler().ServeHTTP(w, r)
		if got := time.Since(before); got != time.Minute || w.Code != 200 { // the bubble's clock is exact
			t.Errorf("answered %d after %v", w.Code, got)
		}
	})
}

// Ensure that a fault which could never strike is not accepted.
func TestAddFaultRejectsNonsense(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	for name, f := range map[string]Fault{
		"unknown operation":       {Operation: "start-chat"},
		"success":                 {Status: 200},
		"probability":             {Probability: 1.5},
		"times":                   {Times: -1},
		"unknown type, no status": {Type: "brand_new"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			s.AddFault(f)
		}()
	}
}
