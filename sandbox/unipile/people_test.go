package unipile

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Ensure that a profile is found by provider id and slug and tells the degree in the
// words of profiles.
func TestGetProfile(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.SetDistance(accountID, tomasID, 2)
	a := newAPI(t, s)
	got := a.get(200, "/users/"+tomasID+"?account_id="+accountID)
	if urn, _ := got["member_urn"].(string); !isDigits(urn) {
		t.Errorf("member_urn %v is not a bare number", got["member_urn"])
	}
	want := body{
		"object": "UserProfile", "provider": "LINKEDIN", "provider_id": tomasID, "public_identifier": "tomas-arrieta-91b",
		"member_urn": got["member_urn"], "first_name": "Tomás", "last_name": "Arrieta", "headline": "Head of RevOps",
		"websites": []any{}, "contact_info": body{"emails": []any{}},
		"is_open_profile": false, "is_premium": false, "is_relationship": false, "is_self": false,
		"network_distance": "SECOND_DEGREE", "can_send_inmail": false,
		"public_profile_url": "https://www.linkedin.com/in/tomas-arrieta-91b",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by provider id (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, a.get(200, "/users/tomas-arrieta-91b?account_id="+accountID)); diff != "" {
		t.Errorf("by slug (-by id +got):\n%s", diff)
	}

	s.SetDistance(accountID, tomasID, 0) // first degree, though LinkedIn does not say so
	got = a.get(200, "/users/"+tomasID+"?account_id="+accountID)
	if _, there := got["network_distance"]; there || got["is_relationship"] != true {
		t.Errorf("distance %v, relationship %v", got["network_distance"], got["is_relationship"])
	}
	for path, status := range map[string]int{
		"/users/nobody?account_id=" + accountID:            404,
		"/users/" + companyID + "?account_id=" + accountID: 404,
		"/users/" + tomasID:                                400,
		"/users/" + tomasID + "?account_id=nobody":         404,
	} {
		a.get(status, path)
	}
}

// Ensure that an account can ask who it is.
func TestGetOwnProfile(t *testing.T) {
	t.Parallel()
	got := newAPI(t, newServer(t, Options{})).get(200, "/users/me?account_id="+accountID)
	for key, want := range map[string]any{
		"object": "AccountOwnerProfile", "provider_id": ownerID, "first_name": "Mara", "last_name": "Lindqvist",
		"entity_urn": "urn:li:fsd_profile:" + ownerID,
	} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
}

// Ensure that relations are the first degree, newest first, in pages by offset, with
// the one date that is a number.
func TestListRelations(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now, DefaultDistance: 3})
	c.advance(time.Minute)
	s.SetDistance(accountID, linaID, 1)
	c.advance(time.Minute)
	s.SetDistance(accountID, tomasID, 0)
	a := newAPI(t, s)
	query := "/users/relations?limit=1&account_id=" + accountID
	first := a.get(200, query)
	want := body{
		"object": "UserRelation", "first_name": "Tomás", "last_name": "Arrieta", "headline": "Head of RevOps",
		"public_identifier": "tomas-arrieta-91b", "public_profile_url": "https://www.linkedin.com/in/tomas-arrieta-91b",
		"created_at": float64(c.at.UnixMilli()), "member_id": tomasID,
		"member_urn": "urn:li:fsd_profile:" + tomasID, "connection_urn": "urn:li:fsd_connection:" + tomasID,
	}
	if diff := cmp.Diff(want, first["items"].([]any)[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	second := a.get(200, query+nextPage(t, first))
	if diff := cmp.Diff([]string{linaID}, column(second, "member_id")); diff != "" || second["cursor"] != nil {
		t.Errorf("second page, cursor %v (-want +got):\n%s", second["cursor"], diff)
	}
	named := a.get(200, "/users/relations?filter=okafor&account_id="+accountID)
	if diff := cmp.Diff([]string{linaID}, column(named, "member_id")); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
}

// Ensure the life of an invitation: sent, listed, accepted, gone from the list, and
// the note in the chat.
func TestInvitationAccepted(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now, DefaultDistance: 2})
	a := newAPI(t, s)
	sent := a.post(200, "/users/invite", body{"account_id": accountID, "provider_id": tomasID, "message": "Hi Tomás"})
	id, _ := sent["invitation_id"].(string)
	if sent["object"] != "UserInvitationSent" || !isDigits(id) || len(id) != 19 {
		t.Errorf("answer %v", sent)
	}
	c.advance(25 * time.Hour)
	list := "/users/invite/sent?account_id=" + accountID
	want := body{
		"object": "InvitationSent", "id": id, "invited_user": "Tomás Arrieta", "invited_user_id": tomasID,
		"invited_user_public_id": "tomas-arrieta-91b", "invited_user_description": "Head of RevOps",
		"date": "Sent yesterday", "parsed_datetime": "2026-11-23T09:00:00.000Z", "invitation_text": "Hi Tomás",
	}
	if diff := cmp.Diff([]any{want}, a.get(200, list)["items"]); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	profile := a.get(200, "/users/"+tomasID+"?account_id="+accountID)
	if diff := cmp.Diff(body{"type": "SENT", "status": "PENDING"}, profile["invitation"]); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
	a.dm(422, tomasID, "too early")

	s.AcceptInvitation(accountID, tomasID)
	if items := a.get(200, list)["items"].([]any); len(items) != 0 {
		t.Errorf("accepted invitation is still listed: %v", items)
	}
	a.dm(201, tomasID, "now")
	messages := a.get(200, "/chat_attendees/"+tomasID+"/messages")
	if diff := cmp.Diff([]string{"MESSAGE", "INVITATION"}, column(messages, "message_type")); diff != "" {
		t.Errorf("message types (-want +got):\n%s", diff)
	}
	a.post(422, "/users/invite", body{"account_id": accountID, "provider_id": tomasID})
}

// Ensure that invitations are refused for each of the vendor's reasons, and that a
// withdrawn one blocks the next for three weeks.
func TestInvitationRefusals(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now, DefaultDistance: 2})
	s.SetDistance(accountID, linaID, 1)
	a := newAPI(t, s)
	invite := func(status int, providerID string) any {
		t.Helper()
		return a.post(status, "/users/invite", body{"account_id": accountID, "provider_id": providerID})["type"]
	}
	if got := a.post(400, "/users/invite", body{"account_id": accountID, "provider_id": "tomas-arrieta-91b"})["detail"]; got != "User ID does not match provider's expected format." {
		t.Errorf("slug: %v", got)
	}
	a.post(400, "/users/invite", body{"account_id": accountID})
	a.post(400, "/users/invite", body{"provider_id": tomasID})
	long := string(slices.Repeat([]byte("x"), noteLimit+1))
	a.post(400, "/users/invite", body{"account_id": accountID, "provider_id": tomasID, "message": long})
	if got := invite(422, linaID); got != "errors/already_connected" {
		t.Errorf("relation: %v", got)
	}
	if got := invite(422, "ACoAAnobody"); got != "errors/invalid_recipient" {
		t.Errorf("nobody: %v", got)
	}

	invite(200, tomasID)
	if got := invite(422, tomasID); got != "errors/already_invited_recently" {
		t.Errorf("pending: %v", got)
	}
	id := column(a.get(200, "/users/invite/sent?account_id="+accountID), "id")[0]
	withdraw := "/users/invite/sent/" + id + "?account_id=" + accountID
	if got := a.send(200, "DELETE", withdraw, "", "")["object"]; got != "InvitationCanceled" {
		t.Errorf("withdrawn: %v", got)
	}
	a.send(404, "DELETE", withdraw, "", "")
	c.advance(rest - time.Millisecond)
	invite(422, tomasID)
	c.advance(time.Millisecond)
	invite(200, tomasID)
}

// Ensure that the quota of invitations refuses with cannot_resend_yet, and that marks
// of its use are told when crossed.
func TestLimitInvites(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{DefaultDistance: 2})
	s.LimitInvites(accountID, 4)
	a := newAPI(t, s)
	var usage []any
	for _, id := range []string{"ACoAA1", "ACoAA2", "ACoAA3", "ACoAA4"} {
		s.AddPerson(Person{ProviderID: id})
		usage = append(usage, a.post(200, "/users/invite", body{"account_id": accountID, "provider_id": id})["usage"])
	}
	if diff := cmp.Diff([]any{nil, 50.0, 75.0, 100.0}, usage); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	want := body{
		"status": 422.0, "type": "errors/cannot_resend_yet", "title": "Cannot resend yet",
		"detail": "You have reached a temporary provider limit. Please try again later.",
	}
	if diff := cmp.Diff(want, a.post(422, "/users/invite", body{"account_id": accountID, "provider_id": tomasID})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	query := "/users/invite/sent?limit=3&account_id=" + accountID
	first := a.get(200, query)
	got := slices.Concat(column(first, "invited_user_id"), column(a.get(200, query+nextPage(t, first)), "invited_user_id"))
	if diff := cmp.Diff([]string{"ACoAA4", "ACoAA3", "ACoAA2", "ACoAA1"}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
