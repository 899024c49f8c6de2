package unipile

import (
	"bytes"
	"mime/multipart"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ensure that every encoding the vendor takes reaches the one 1:1 with the person.
func TestStartChatEncodings(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	a := newAPI(t, s)
	answers := []body{
		a.multipart(201, "/chats", "account_id", accountID, "attendees_ids", tomasID, "text", "one", "linkedin[api]", "classic"),
		a.multipart(201, "/chats", "account_id", accountID, "attendees_ids[]", tomasID, "text", "two"),
		a.post(201, "/chats", body{
			"account_id": accountID, "attendees_ids": []string{tomasID}, "text": "three", "linkedin": body{"api": "classic", "inmail": false},
		}),
	}
	var want []SentMessage
	for i, text := range []string{"one", "two", "three"} {
		if answers[i]["object"] != "ChatStarted" || answers[i]["chat_id"] != answers[0]["chat_id"] {
			t.Errorf("answer %v, want one chat", answers[i])
		}
		want = append(want, SentMessage{
			ID: answers[i]["message_id"].(string), AccountID: accountID, ChatID: answers[0]["chat_id"].(string),
			RecipientID: tomasID, Text: text, At: c.at, Via: "start_chat",
		})
	}
	if diff := cmp.Diff(want, s.Sent()); diff != "" {
		t.Errorf("Sent() (-want +got):\n%s", diff)
	}
}

// Ensure that what is malformed is refused with 400, is logged, and sends nothing.
func TestStartChatShapeErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	const format = "User ID does not match provider's expected format."
	for _, tt := range []struct {
		name   string
		fields body
		detail string // a part of it
	}{
		{"no account", body{"attendees_ids": []string{tomasID}, "text": "x"}, `"path":"/account_id"`},
		{"null account", body{"account_id": nil, "attendees_ids": []string{tomasID}, "text": "x"}, `"path":"/account_id"`},
		{"no recipient", body{"account_id": accountID, "text": "x"}, `"path":"/attendees_ids"`},
		{"no text", body{"account_id": accountID, "attendees_ids": []string{tomasID}}, `"path":"/text"`},
		{"slug", body{"account_id": accountID, "attendees_ids": []string{"tomas-arrieta-91b"}, "text": "x"}, format},
		{"url", body{"account_id": accountID, "attendees_ids": []string{"https://www.linkedin.com/in/" + tomasID}, "text": "x"}, format},
		{"company", body{"account_id": accountID, "attendees_ids": []string{companyID}, "text": "x"}, format},
		{"urn", body{"account_id": accountID, "attendees_ids": []string{"urn:li:fsd_profile:" + tomasID}, "text": "x"}, format},
		{"api", body{"account_id": accountID, "attendees_ids": []string{tomasID}, "text": "x", "linkedin": body{"api": "premium"}}, "/linkedin/api"},
		{"inmail", body{"account_id": accountID, "attendees_ids": []string{tomasID}, "text": "x", "linkedin": body{"inmail": "yes"}}, "/linkedin/inmail"},
	} {
		answer := a.post(400, "/chats", tt.fields)
		if detail, _ := answer["detail"].(string); !strings.Contains(detail, tt.detail) || answer["type"] != "errors/invalid_parameters" {
			t.Errorf("%s: %v", tt.name, answer)
		}
		log := s.Requests()
		if last := log[len(log)-1]; last.Operation != "start_chat" || last.Status != 400 {
			t.Errorf("%s: logged as %+v", tt.name, last)
		}
	}
	if answer := a.dm(400, tomasID, strings.Repeat("x", messageLimit+1)); answer["type"] != "errors/too_many_characters" {
		t.Errorf("long text: %v", answer)
	}
	if answer := a.send(400, "POST", "/chats", "application/json", "{"); answer["type"] != "errors/malformed_request" {
		t.Errorf("broken JSON: %v", answer)
	}
	if answer := a.send(415, "POST", "/chats", "text/plain", "hello"); answer["type"] != "errors/unsupported_media_type" {
		t.Errorf("plain text: %v", answer)
	}
	if n := len(s.Sent()); n != 0 {
		t.Errorf("%d messages sent", n)
	}
}

// Ensure that LinkedIn's own verdicts are answered in the words seen live.
func TestStartChatVerdicts(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.SetDistance(accountID, tomasID, 2)
	s.SetDistance(accountID, linaID, 0)
	a := newAPI(t, s)
	want := body{
		"status": 422.0, "type": "errors/no_connection_with_recipient", "title": "Recipient cannot be reached",
		"detail": "The recipient appears not to be first degree connection.",
	}
	if diff := cmp.Diff(want, a.dm(422, tomasID, "x")); diff != "" {
		t.Errorf("second degree (-want +got):\n%s", diff)
	}
	for _, id := range []string{"ACoAAnobody", ownerID} {
		if got := a.dm(422, id, "x")["type"]; got != "errors/invalid_recipient" {
			t.Errorf("%s: type %v", id, got)
		}
	}
	a.multipart(404, "/chats", "account_id", "nobody", "attendees_ids", linaID, "text", "x")
	a.multipart(403, "/chats", "account_id", accountID, "attendees_ids", linaID, "text", "x", "linkedin[inmail]", "true")
	a.multipart(501, "/chats", "account_id", accountID, "attendees_ids", linaID, "attendees_ids", tomasID, "text", "x")
	if n := len(s.Sent()); n != 0 {
		t.Fatalf("%d messages sent", n)
	}
	a.dm(201, linaID, "first degree, though reported as null")
	s.Receive(accountID, tomasID, "a stranger who wrote may be answered")
	a.dm(201, tomasID, "x")
}

// Ensure that messages go into a known chat, and only for the account it belongs to.
func TestSendMessage(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{ReadLag: 1 << 40}) // reads never show the chat, sending works all the same
	s.AddAccount(Account{ID: "other", ProviderID: "ACoAA2"})
	a := newAPI(t, s)
	chatID := a.dm(201, tomasID, "hello")["chat_id"].(string)
	path := "/chats/" + chatID + "/messages"
	first := a.multipart(201, path, "text", "again")
	a.post(201, path, body{"text": "and again", "account_id": accountID})
	if sent := s.Sent(); len(sent) != 3 || sent[1].Via != "send_message" || sent[1].ChatID != chatID || sent[1].ID != first["message_id"] {
		t.Errorf("Sent() = %+v, answer %v", sent, first)
	}
	const missing = "Account, chat, thread or provider resource not found"
	if got := a.post(404, path, body{"text": "x", "account_id": "other"})["detail"]; got != missing {
		t.Errorf("foreign account: %v", got)
	}
	if got := a.post(404, "/chats/none/messages", body{"text": "x"})["detail"]; got != missing {
		t.Errorf("unknown chat: %v", got)
	}
	a.post(400, path, body{"account_id": accountID})
	if n := len(s.Sent()); n != 3 {
		t.Errorf("%d messages sent, want 3", n)
	}
}

// Ensure that a file may stand in for the text, which is then null in reads.
func TestSendFile(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	_ = w.WriteField("account_id", accountID)
	_ = w.WriteField("attendees_ids", tomasID)
	part, err := w.CreateFormFile("attachments", "guide.pdf")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte("%PDF"))
	_ = w.Close()
	a.send(201, "POST", "/chats", w.FormDataContentType(), buf.String())
	item := a.get(200, "/messages")["items"].([]any)[0].(body)
	if files := item["attachments"].([]any); item["text"] != nil || len(files) != 1 {
		t.Errorf("text %v, attachments %v", item["text"], files)
	}
}

// Ensure that the quota of messages holds over both routes and can be lifted.
func TestLimitDMs(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	s.LimitDMs(accountID, 2)
	chatID := a.dm(201, tomasID, "1")["chat_id"].(string)
	a.post(201, "/chats/"+chatID+"/messages", body{"text": "2"})
	want := body{"status": 422.0, "type": "errors/limit_exceeded", "title": "Limit exceeded"}
	if diff := cmp.Diff(want, a.dm(422, linaID, "3")); diff != "" {
		t.Errorf("start_chat (-want +got):\n%s", diff)
	}
	a.post(422, "/chats/"+chatID+"/messages", body{"text": "3"})
	s.LimitDMs(accountID, -1)
	a.dm(201, linaID, "3")
}

// Ensure that many clients at once share one chat with a person and lose nothing.
func TestConcurrentSends(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{ExtraFields: true})
	a := newAPI(t, s)
	payload := toJSON(t, body{"account_id": accountID, "attendees_ids": []string{tomasID}, "text": "x"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if status, _, err := a.try("POST", "/chats", "application/json", strings.NewReader(payload)); err != nil || status != 201 {
					t.Errorf("POST /chats = %d, %v", status, err)
				}
				s.Receive(accountID, tomasID, "answer")
				s.AddComment(Comment{PostID: postID, AuthorID: tomasID, Text: "PRICING"})
			}
		})
	}
	wg.Wait()
	ids := map[string]bool{}
	for _, sent := range s.Sent() {
		ids[sent.ID] = true
	}
	if state := s.state(); len(ids) != 80 || state["chats"] != 1 || state["messages"] != 160 || state["comments"] != 80 {
		t.Errorf("%d sent, state %v", len(ids), state)
	}
}
