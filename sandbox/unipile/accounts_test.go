package unipile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ensure that an account has the vendor's shape: its status in the sources, its own
// provider id in the connection parameters.
func TestGetAccount(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	a := newAPI(t, s)
	want := body{
		"object": "Account", "id": accountID, "name": "Mara Lindqvist", "type": "LINKEDIN",
		"created_at": "2026-11-23T09:00:00.000Z", "groups": []any{},
		"sources": []any{body{"id": accountID + "_MESSAGING", "status": "OK"}},
		"connection_params": body{"im": body{
			"id": ownerID, "publicIdentifier": "mara-lindqvist", "username": "Mara Lindqvist",
			"premiumId": nil, "premiumFeatures": []any{}, "premiumContractId": nil, "organizations": []any{},
		}},
	}
	if diff := cmp.Diff(want, a.get(200, "/accounts/"+accountID)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	missing := body{"status": 404.0, "type": "errors/resource_not_found", "title": "Resource not found.", "detail": "Account not found"}
	if diff := cmp.Diff(missing, a.get(404, "/accounts/other")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Ensure that accounts come in pages, with counters over all of them.
func TestListAccounts(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.AddAccount(Account{ID: "second", ProviderID: "ACoAA2", Status: "CREDENTIALS"})
	s.AddAccount(Account{ID: "third", ProviderID: "ACoAA3"})
	a := newAPI(t, s)
	first := a.get(200, "/accounts?limit=2")
	if diff := cmp.Diff([]string{accountID, "second"}, column(first, "id")); diff != "" {
		t.Errorf("first page (-want +got):\n%s", diff)
	}
	counts := body{"OK": 2.0, "CONNECTING": 0.0, "CREDENTIALS": 1.0, "STOPPED": 0.0}
	if diff := cmp.Diff(counts, first["status_counts"]); diff != "" || first["total_count"] != 3.0 {
		t.Errorf("total %v, counts (-want +got):\n%s", first["total_count"], diff)
	}
	second := a.get(200, "/accounts?limit=2"+nextPage(t, first))
	if diff := cmp.Diff([]string{"third"}, column(second, "id")); diff != "" || second["cursor"] != nil {
		t.Errorf("last page, cursor %v (-want +got):\n%s", second["cursor"], diff)
	}
}

// Ensure that a page size out of range and a foreign cursor are refused, not corrected.
func TestBadPagingIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t, newServer(t, Options{}))
	comments := "/posts/" + socialID + "/comments?account_id=" + accountID
	for _, path := range []string{
		"/accounts?limit=0", "/accounts?limit=251", "/accounts?limit=ten", "/accounts?cursor=abc",
		"/chats?limit=251", "/messages?limit=251", "/chat_attendees?limit=251", "/webhooks?limit=251",
		comments + "&limit=101", comments + "&limit=0", comments + "&cursor=2",
		"/users/relations?limit=1001&account_id=" + accountID, "/users/invite/sent?limit=101&account_id=" + accountID,
	} {
		if got := a.get(400, path)["type"]; got != "errors/invalid_parameters" {
			t.Errorf("GET %s: type %v", path, got)
		}
	}
}

// Ensure that what goes through to LinkedIn needs a working session, while reads of
// the vendor's copy do not.
func TestDisconnectedAccount(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.Receive(accountID, tomasID, "hi")
	s.SetAccountStatus(accountID, "CREDENTIALS")
	a := newAPI(t, s)
	if got := a.dm(401, tomasID, "hello")["type"]; got != "errors/disconnected_account" {
		t.Errorf("start_chat: type %v", got)
	}
	for _, path := range []string{
		"/posts/" + postID, "/posts/" + socialID + "/comments", "/users/" + tomasID, "/users/me", "/users/relations", "/users/invite/sent",
	} {
		a.get(401, path+"?account_id="+accountID)
	}
	for _, path := range []string{"/chats", "/messages", "/chat_attendees", "/chat_attendees/" + tomasID + "/chats"} {
		a.get(200, path+"?account_id="+accountID)
	}
	if got := len(s.Sent()); got != 0 {
		t.Errorf("%d messages sent", got)
	}
}
