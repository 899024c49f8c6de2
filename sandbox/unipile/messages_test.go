package unipile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Ensure that messages of both directions have the vendor's shape, with 0 and 1 as
// flags.
func TestMessageShape(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	a := newAPI(t, s)
	chatID := a.dm(201, tomasID, "Which address?")["chat_id"].(string)
	question := s.Sent()[0].ID
	c.advance(time.Minute)
	id := s.ReceiveMessage(Inbound{AccountID: accountID, PersonID: tomasID, Text: "tomas@kelp.example", Quotes: question})

	items := a.get(200, "/chats/"+chatID+"/messages")["items"].([]any)
	own, got := items[1].(body), items[0].(body)
	quoted := body{"provider_id": own["provider_id"], "sender_id": ownerID, "text": "Which address?", "attachments": []any{}}
	for _, opaque := range []string{"provider_id", "chat_provider_id", "original", "sender_attendee_id"} {
		if got[opaque] == "" || got[opaque] == nil {
			t.Errorf("%s is empty", opaque)
		}
		delete(got, opaque)
	}
	want := body{
		"object": "Message", "id": id, "account_id": accountID, "chat_id": chatID, "sender_id": tomasID,
		"text": "tomas@kelp.example", "timestamp": "2026-11-23T09:01:00.000Z", "is_sender": 0.0, "seen": 0.0, "seen_by": body{},
		"delivered": 1.0, "hidden": 0.0, "deleted": 0.0, "edited": 0.0, "is_event": 0.0, "event_type": nil, "behavior": 0.0,
		"subject": nil, "quoted": quoted, "message_type": "MESSAGE", "attendee_type": "MEMBER", "attendee_distance": 1.0,
		"sender_urn": "urn:li:fsd_profile:" + tomasID, "attachments": []any{}, "reactions": []any{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inbound (-want +got):\n%s", diff)
	}
	if own["is_sender"] != 1.0 || own["sender_id"] != ownerID || own["id"] != question {
		t.Errorf("own message: %v", own)
	}
	if diff := cmp.Diff(own, a.get(200, "/messages/"+question)); diff != "" {
		t.Errorf("GET /messages/{id} (-list +got):\n%s", diff)
	}
	a.get(404, "/messages/none")
}

// Ensure that a chat has the vendor's shape, and its newest message when read alone.
func TestChatShape(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	a := newAPI(t, s)
	s.Type(accountID, tomasID, "typed by hand")
	c.advance(time.Minute)
	id := s.Receive(accountID, tomasID, "answer")
	s.ReceiveMessage(Inbound{AccountID: accountID, PersonID: tomasID, Event: true}) // not counted as unread

	list := a.get(200, "/chats")
	got := list["items"].([]any)[0].(body)
	chatID, providerID := got["id"].(string), got["provider_id"].(string)
	want := body{
		"object": "Chat", "id": chatID, "account_id": accountID, "account_type": "LINKEDIN", "provider_id": providerID,
		"attendee_provider_id": tomasID, "name": nil, "type": 0.0, "timestamp": "2026-11-23T09:01:00.000Z",
		"unread_count": 1.0, "unread": 1.0, "archived": 0.0, "muted_until": nil, "read_only": 0.0, "pinned": 0.0,
		"disabledFeatures": []any{}, "subject": nil, "content_type": nil, "folder": []any{"INBOX", "INBOX_LINKEDIN_CLASSIC"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, path := range []string{"/chats/" + chatID, "/chats/" + providerID + "?account_id=" + accountID} {
		alone := a.get(200, path)
		if last := alone["lastMessage"].(body); last["is_event"] != 1.0 || last["text"] != nil || last["id"] == id {
			t.Errorf("%s: last message %v", path, last)
		}
	}
	a.get(404, "/chats/"+providerID) // LinkedIn's id needs the account
	if got := s.Sent(); len(got) != 0 {
		t.Errorf("what was typed by hand counts as sent: %v", got)
	}
}

// Ensure that the filters of messages select by account, sender and time, exclusively.
func TestMessageFilters(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	s.AddAccount(Account{ID: "other", ProviderID: "ACoAA2"})
	a := newAPI(t, s)
	for i, from := range []string{tomasID, linaID, tomasID} {
		s.Receive(accountID, from, fmt.Sprint(i))
		c.advance(time.Minute)
	}
	s.Type(accountID, linaID, "3")
	s.Receive("other", tomasID, "4")
	attendee := a.get(200, "/messages?sender_id="+tomasID)["items"].([]any)[1].(body)["sender_attendee_id"].(string)

	for path, want := range map[string][]string{
		"/messages":                                   {"4", "3", "2", "1", "0"},
		"/messages?account_id=" + accountID:           {"3", "2", "1", "0"},
		"/messages?account_id=other," + accountID:     {"4", "3", "2", "1", "0"},
		"/messages?sender_id=" + linaID:               {"1"},
		"/messages?sender_id=" + attendee:             {"2", "0"},
		"/messages?after=2026-11-23T09:01:00.000Z":    {"4", "3", "2"},
		"/messages?before=2026-11-23T09:01:00.000Z":   {"0"},
		"/chat_attendees/" + linaID + "/messages":     {"3", "1"},
		"/chat_attendees/" + attendee + "/messages":   {"2", "0"},
		"/chat_attendees/" + tomasID + "/messages":    {"4", "2", "0"},
		"/messages?after=2026-11-23T23:59:59.999Z":    {},
		"/messages?account_id=other&sender_id=" + "x": nil,
	} {
		if want == nil {
			a.get(404, path)
			continue
		}
		if diff := cmp.Diff(want, column(a.get(200, path), "text")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// Ensure that a time in any other form than the vendor's is refused.
func TestDateFilterForm(t *testing.T) {
	t.Parallel()
	a := newAPI(t, newServer(t, Options{}))
	for _, at := range []string{
		"2026-11-23T09:00:00Z", "2026-11-23T09:00:00.000000Z", "2026-11-23T10:00:00.000%2B01:00", "2026-11-23", "2026-19-39T09:00:00.000Z",
	} {
		for _, path := range []string{"/messages", "/chats", "/chats/x/messages", "/chat_attendees/x/chats"} {
			a.get(400, path+"?after="+at)
			a.get(400, path+"?before="+at)
		}
	}
}

// Ensure that pages by position neither repeat nor skip when messages arrive between
// them, also within one millisecond, and that the filters travel in the cursor.
func TestMessagePages(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{Now: newClock().now})
	for i := range 5 {
		s.Receive(accountID, tomasID, fmt.Sprint(i))
	}
	a := newAPI(t, s)
	var got []string
	page := a.get(200, "/messages?limit=2&sender_id="+tomasID)
	s.Receive(accountID, tomasID, "new")
	s.Receive(accountID, linaID, "not from him")
	for {
		got = append(got, column(page, "text")...)
		if page["cursor"] == nil {
			break
		}
		page = a.get(200, "/messages?account_id="+accountID+nextPage(t, page))
	}
	if diff := cmp.Diff([]string{"4", "3", "2", "1", "0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Ensure that chats come with the newest activity first, in pages, and by unread.
func TestChatPages(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	for i := range 4 {
		id := fmt.Sprintf("ACoAA%d", i)
		s.AddPerson(Person{ProviderID: id})
		s.Receive(accountID, id, "hi")
		c.advance(time.Second)
	}
	s.Type(accountID, "ACoAA0", "hello") // bumps the oldest
	a := newAPI(t, s)
	first := a.get(200, "/chats?limit=3&account_type=LINKEDIN")
	second := a.get(200, "/chats?limit=3"+nextPage(t, first))
	got := slices.Concat(column(first, "attendee_provider_id"), column(second, "attendee_provider_id"))
	if diff := cmp.Diff([]string{"ACoAA0", "ACoAA3", "ACoAA2", "ACoAA1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for path, want := range map[string]int{
		"/chats?unread=true": 3, "/chats?unread=false": 1, "/chats?account_type=WHATSAPP": 0,
		"/chats?after=2026-11-23T09:00:01.000Z": 2, // created after, whatever was written since
		"/chat_attendees/ACoAA1/chats":          1, "/chat_attendees/ACoAA1,ACoAA2/chats": 2,
	} {
		if got := len(a.get(200, path)["items"].([]any)); got != want {
			t.Errorf("%s: %d chats, want %d", path, got, want)
		}
	}
	a.get(400, "/chats?unread=maybe")
	a.get(404, "/chats?account_id=nobody")
}

// Ensure that a message that was just sent is invisible to every read until the lag
// is over: the trap of whoever looks before sending again.
func TestReadLag(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now, ReadLag: 30 * time.Second})
	a := newAPI(t, s)
	started := a.dm(201, tomasID, "hello")
	chatID, messageID := started["chat_id"].(string), started["message_id"].(string)
	reads := []string{
		"/chats/" + chatID, "/chats/" + chatID + "/messages", "/messages/" + messageID,
		"/chat_attendees/" + tomasID, "/chat_attendees/" + tomasID + "/chats", "/chat_attendees/" + tomasID + "/messages",
	}
	c.advance(30*time.Second - time.Millisecond)
	for _, path := range reads {
		a.get(404, path)
	}
	for _, path := range []string{"/chats", "/messages"} {
		if items := a.get(200, path)["items"].([]any); len(items) != 0 {
			t.Errorf("%s shows %v before its time", path, items)
		}
	}
	c.advance(time.Millisecond)
	for _, path := range reads {
		a.get(200, path)
	}
	for _, path := range []string{"/chats", "/messages"} {
		if items := a.get(200, path)["items"].([]any); len(items) != 1 {
			t.Errorf("%s shows %v after the lag", path, items)
		}
	}
}

// Ensure that a person is an attendee from first contact on, in the words of the
// messaging endpoints.
func TestAttendees(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	if got := a.get(404, "/chat_attendees/"+tomasID+"/chats")["detail"]; got != "Attendee not found" {
		t.Errorf("before first contact: %v", got)
	}
	s.SetDistance(accountID, tomasID, 2)
	s.Receive(accountID, tomasID, "hi")
	got := a.get(200, "/chat_attendees/"+tomasID)
	specifics := got["specifics"].(body)
	want := body{
		"object": "ChatAttendee", "id": got["id"], "account_id": accountID, "provider_id": tomasID, "name": "Tomás Arrieta",
		"is_self": 0.0, "hidden": 0.0, "profile_url": "https://www.linkedin.com/in/" + tomasID,
		"specifics": body{
			"provider": "LINKEDIN", "member_urn": specifics["member_urn"], "occupation": "Head of RevOps",
			"network_distance": "DISTANCE_2", "pending_invitation": false, "contact_info": body{"emails": []any{}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	first := a.get(200, "/chat_attendees?limit=1&account_id="+accountID)
	self := first["items"].([]any)[0].(body)
	if self["is_self"] != 1.0 || self["specifics"].(body)["network_distance"] != "SELF" {
		t.Errorf("the owner: %v", self)
	}
	second := a.get(200, "/chat_attendees?limit=1"+nextPage(t, first))
	if diff := cmp.Diff([]string{tomasID}, column(second, "provider_id")); diff != "" || second["cursor"] != nil {
		t.Errorf("second page, cursor %v (-want +got):\n%s", second["cursor"], diff)
	}
}
