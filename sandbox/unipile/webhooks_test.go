package unipile

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// call to a receiver.
type hit struct {
	header http.Header
	raw    string
	body   body
}

// newReceiver answers each call with the status that answer gives and hands it on.
func newReceiver(t *testing.T, answer func() int) (string, <-chan hit) {
	t.Helper()
	hits := make(chan hit, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got := hit{header: r.Header.Clone(), raw: string(raw)}
		_ = json.Unmarshal(raw, &got.body)
		w.WriteHeader(answer())
		hits <- got
	}))
	t.Cleanup(srv.Close)
	return srv.URL, hits
}

func ok() int { return http.StatusOK }

// Ensure that a registration is listed with accounts as objects, and can be deleted.
func TestWebhookRegistration(t *testing.T) {
	t.Parallel()
	a := newAPI(t, newServer(t, Options{}))
	header := body{"key": "Unipile-Auth", "value": "secret"}
	created := a.post(201, "/webhooks", body{
		"source": "messaging", "request_url": "https://hooks.example.com/in", "name": "inbox", "format": "json",
		"account_ids": []string{accountID}, "enabled": false, "headers": []any{header},
	})
	id := created["webhook_id"]
	if diff := cmp.Diff(body{"object": "WebhookCreated", "webhook_id": id}, created); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := body{
		"object": "Webhook", "id": id, "type": "AUTO", "enabled": false, "name": "inbox", "format": "json", "source": "messaging",
		"account_ids": []any{body{"id": accountID, "name": "Mara Lindqvist", "type": "LINKEDIN"}},
		"request_url": "https://hooks.example.com/in", "headers": []any{header}, "data": []any{}, "events": []any{"message_received"},
	}
	if diff := cmp.Diff([]any{want}, a.get(200, "/webhooks")["items"]); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if got := a.send(200, "DELETE", "/webhooks/"+id.(string), "", "")["object"]; got != "WebhookDeleted" {
		t.Errorf("deleted: %v", got)
	}
	if got := a.send(404, "DELETE", "/webhooks/"+id.(string), "", "")["detail"]; got != "Webhook not found" {
		t.Errorf("deleted again: %v", got)
	}
	if items := a.get(200, "/webhooks")["items"].([]any); len(items) != 0 {
		t.Errorf("still listed: %v", items)
	}
}

// Ensure that a registration that cannot work is refused.
func TestWebhookRegistrationRefusals(t *testing.T) {
	t.Parallel()
	a := newAPI(t, newServer(t, Options{}))
	const url = "https://hooks.example.com/in"
	for name, registration := range map[string]body{
		"no source":        {"request_url": url},
		"unknown source":   {"source": "comments", "request_url": url},
		"no url":           {"source": "messaging"},
		"not a url":        {"source": "messaging", "request_url": "hooks"},
		"foreign event":    {"source": "messaging", "request_url": url, "events": []string{"new_relation"}},
		"header shape":     {"source": "messaging", "request_url": url, "headers": []any{body{"Unipile-Auth": "x"}}},
		"headers as map":   {"source": "messaging", "request_url": url, "headers": []any{"x"}},
		"unknown format":   {"source": "messaging", "request_url": url, "format": "xml"},
		"enabled as words": {"source": "messaging", "request_url": url, "enabled": "yes"},
	} {
		if got := a.post(400, "/webhooks", registration); got["status"] != 400.0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	a.post(404, "/webhooks", body{"source": "users", "request_url": url, "account_ids": []string{"nobody"}})
	a.multipart(415, "/webhooks", "source", "users", "request_url", url)
}

// Ensure that messages of both directions are delivered in the vendor's shape: JSON
// under the wrong content type, and the ids of REST.
func TestMessageReceived(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now, ReadLag: time.Hour}) // webhooks do not wait for reads
	a := newAPI(t, s)
	url, hits := newReceiver(t, ok)
	a.post(201, "/webhooks", body{"source": "messaging", "request_url": url, "name": "inbox"})

	started := a.dm(201, tomasID, "hello")
	own := wait(t, hits)
	if got := own.header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		t.Errorf("content type %q", got)
	}
	if got := own.header.Get("User-Agent"); got != "axios/1.7.7" {
		t.Errorf("user agent %q", got)
	}
	if own.body["is_sender"] != true || own.body["message_id"] != started["message_id"] ||
		own.body["sender"].(body)["attendee_provider_id"] != ownerID ||
		own.body["attendees"].([]any)[0].(body)["attendee_provider_id"] != tomasID {
		t.Errorf("own message: %s", own.raw)
	}

	id := s.Receive(accountID, tomasID, "tomas@kelp.example")
	got := wait(t, hits).body
	tomas := body{
		"attendee_id": got["sender"].(body)["attendee_id"], "attendee_provider_id": tomasID,
		"attendee_public_identifier": nil, "attendee_name": "Tomás Arrieta",
		"attendee_profile_url": "https://www.linkedin.com/in/" + tomasID,
		"attendee_specifics": body{
			"provider": "LINKEDIN", "member_urn": got["sender"].(body)["attendee_specifics"].(body)["member_urn"],
			"occupation": "Head of RevOps", "is_company": false, "network_distance": "DISTANCE_1",
		},
	}
	want := body{
		"event": "message_received", "account_id": accountID, "account_type": "LINKEDIN",
		"account_info": body{"type": "LINKEDIN", "feature": "classic", "user_id": ownerID}, "webhook_name": "inbox",
		"chat_id": started["chat_id"], "provider_chat_id": got["provider_chat_id"],
		"message_id": id, "provider_message_id": got["provider_message_id"], "message": "tomas@kelp.example",
		"timestamp": "2026-11-23T09:00:00.000Z", "is_sender": false, "sender": tomas, "attendees": []any{tomas},
		"attachments": []any{}, "subject": nil, "quoted": nil, "reply_to": nil, "is_forwarded": nil,
		"is_event": 0.0, "event_type": nil, "is_group": false, "chat_pinned": 0.0, "chat_content_type": nil,
		"message_type": "MESSAGE", "folder": []any{"INBOX", "INBOX_LINKEDIN_CLASSIC"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inbound (-want +got):\n%s", diff)
	}
}

// Ensure that headers of the registration are echoed and win, and that an event goes
// only to who subscribed to it.
func TestWebhookHeadersAndFilters(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.AddAccount(Account{ID: "other", ProviderID: "ACoAA2"})
	a := newAPI(t, s)
	wanted, hits := newReceiver(t, ok)
	unwanted, others := newReceiver(t, ok)
	for _, registration := range []body{
		{"source": "messaging", "request_url": unwanted, "enabled": false},
		{"source": "messaging", "request_url": unwanted, "account_ids": []string{"other"}},
		{"source": "messaging", "request_url": unwanted, "events": []string{"message_read"}},
		{"source": "users", "request_url": unwanted},
		{"source": "messaging", "request_url": wanted, "headers": []any{
			body{"key": "Content-Type", "value": "application/json"}, body{"key": "Unipile-Auth", "value": "secret"},
		}},
	} {
		a.post(201, "/webhooks", registration)
	}
	s.Receive(accountID, tomasID, "hi")
	got := wait(t, hits).header
	if got.Get("Content-Type") != "application/json" || got.Get("Unipile-Auth") != "secret" {
		t.Errorf("headers %v", got)
	}
	s.Close() // after this nothing more can come
	if n := len(others); n != 0 {
		t.Errorf("%d deliveries to who did not subscribe", n)
	}
}

// Ensure that anything but 200 is retried five times at growing attempts, and no more.
func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	const d = time.Millisecond
	s := newServer(t, Options{WebhookDelays: []time.Duration{d, d, d, d, d}})
	a := newAPI(t, s)
	url, hits := newReceiver(t, func() int { return http.StatusAccepted }) // 202 is not 200
	a.post(201, "/webhooks", body{"source": "messaging", "request_url": url})
	s.Receive(accountID, tomasID, "hi")
	first := wait(t, hits)
	for range 5 {
		if again := wait(t, hits); again.raw != first.raw {
			t.Errorf("retry differs: %s", again.raw)
		}
	}
	eventually(t, "all attempts are logged", func() bool { return len(s.Deliveries()) == 6 })
	for i, got := range s.Deliveries() {
		if got.Attempt != i+1 || got.Status != 202 || got.Event != "message_received" {
			t.Errorf("attempt %d: %+v", i+1, got)
		}
	}
	s.wg.Wait() // nothing is left that could try a seventh time
	if n := len(hits); n != 0 {
		t.Errorf("%d attempts too many", n)
	}
}

// Ensure that a redirect is a failed delivery and is not followed.
func TestWebhookRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{WebhookDelays: []time.Duration{}})
	a := newAPI(t, s)
	target, hits := newReceiver(t, ok)
	srv := httptest.NewServer(http.RedirectHandler(target, http.StatusFound))
	t.Cleanup(srv.Close)
	a.post(201, "/webhooks", body{"source": "messaging", "request_url": srv.URL})
	s.Receive(accountID, tomasID, "hi")
	s.wg.Wait()
	if got := s.Deliveries(); len(got) != 1 || got[0].Status != http.StatusFound || len(hits) != 0 {
		t.Errorf("Deliveries() = %+v, %d arrived behind the redirect", got, len(hits))
	}
}

// Ensure that a delivery ends with its first 200, and that one which fails does not
// hold up the next.
func TestWebhookRecovers(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{WebhookDelays: []time.Duration{time.Millisecond}})
	a := newAPI(t, s)
	var calls atomic.Int32
	url, hits := newReceiver(t, func() int {
		if calls.Add(1) == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	a.post(201, "/webhooks", body{"source": "messaging", "request_url": url})
	s.Receive(accountID, tomasID, "first")
	s.Receive(accountID, tomasID, "second")
	seen := map[any]int{}
	for range 3 {
		seen[wait(t, hits).body["message"]]++
	}
	if diff := cmp.Diff(map[any]int{"first": 2, "second": 1}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.wg.Wait()
	if n := len(hits); n != 0 {
		t.Errorf("%d attempts too many", n)
	}
}

// Ensure that the noise doubles and swaps deliveries, and that one without a follower
// comes all the same.
func TestWebhookNoise(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	url, hits := newReceiver(t, ok)
	a.post(201, "/webhooks", body{"source": "messaging", "request_url": url})
	expect := func(want ...string) {
		t.Helper()
		var got []string
		for range want {
			got = append(got, wait(t, hits).body["message"].(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	s.SetWebhookNoise(WebhookNoise{Duplicate: true})
	s.Receive(accountID, tomasID, "1")
	expect("1", "1")
	eventually(t, "both are logged", func() bool { return len(s.Deliveries()) == 2 })
	for _, got := range s.Deliveries() {
		if got.Attempt != 1 {
			t.Errorf("a duplicate counts as retry: %+v", got)
		}
	}
	s.SetWebhookNoise(WebhookNoise{Reorder: true})
	s.Receive(accountID, tomasID, "2")
	s.Receive(accountID, tomasID, "3")
	expect("3", "2")
	s.Receive(accountID, tomasID, "4") // nothing follows
	expect("4")
}

// Ensure that account_status tells transitions only, leaves out by default what the
// vendor leaves out, and that missed messages come in a burst on reconnect.
func TestAccountStatusWebhook(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	usual, usualHits := newReceiver(t, ok)
	every, everyHits := newReceiver(t, ok)
	inbox, messages := newReceiver(t, ok)
	a.post(201, "/webhooks", body{"source": "account_status", "request_url": usual})
	a.post(201, "/webhooks", body{"source": "account_status", "request_url": every, "events": []string{"ok", "credentials", "stopped"}})
	a.post(201, "/webhooks", body{"source": "messaging", "request_url": inbox})

	s.SetAccountStatus(accountID, "OK") // no transition
	s.SetAccountStatus(accountID, "CREDENTIALS")
	s.Receive(accountID, tomasID, "missed")
	if items := a.get(200, "/messages")["items"].([]any); len(items) != 0 {
		t.Errorf("synced without a session: %v", items)
	}
	s.SetAccountStatus(accountID, "OK")
	s.SetAccountStatus(accountID, "STOPPED")

	status := func(message string) body {
		return body{"AccountStatus": body{"account_id": accountID, "account_type": "LINKEDIN", "message": message}}
	}
	for _, want := range []string{"CREDENTIALS", "RECONNECTED"} {
		if diff := cmp.Diff(status(want), wait(t, usualHits).body); diff != "" {
			t.Errorf("default events (-want +got):\n%s", diff)
		}
	}
	for _, want := range []string{"CREDENTIALS", "OK", "STOPPED"} {
		if diff := cmp.Diff(status(want), wait(t, everyHits).body); diff != "" {
			t.Errorf("chosen events (-want +got):\n%s", diff)
		}
	}
	if got := wait(t, messages).body["message"]; got != "missed" {
		t.Errorf("after the reconnect came %v", got)
	}
	s.wg.Wait()
	if n := len(usualHits) + len(everyHits) + len(messages); n != 0 {
		t.Errorf("%d deliveries too many", n)
	}
}

// Ensure that an accepted invitation is told as a relation, and its note as a message.
func TestNewRelationWebhook(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now, DefaultDistance: 2, ExtraFields: true})
	a := newAPI(t, s)
	url, hits := newReceiver(t, ok)
	inbox, messages := newReceiver(t, ok)
	a.post(201, "/webhooks", body{"source": "users", "request_url": url, "name": "relations"})
	a.post(201, "/webhooks", body{"source": "messaging", "request_url": inbox})
	a.post(200, "/users/invite", body{"account_id": accountID, "provider_id": tomasID, "message": "Hi Tomás"})
	s.AcceptInvitation(accountID, tomasID)

	got := wait(t, hits).body
	for key, want := range map[string]any{
		"event": "new_relation", "account_id": accountID, "account_type": "LINKEDIN", "webhook_name": "relations",
		"timestamp": "2026-11-23T09:00:00.000Z", "user_full_name": "Tomás Arrieta", "user_provider_id": tomasID,
		"user_public_identifier": "tomas-arrieta-91b", "user_profile_url": "https://www.linkedin.com/in/tomas-arrieta-91b",
		"user_picture_url": nil,
	} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
	if len(got) != 11 { // ten fields and one unknown
		t.Errorf("fields %v", got)
	}
	note := wait(t, messages).body
	if note["message"] != "Hi Tomás" || note["message_type"] != "INVITATION" || note["is_sender"] != true {
		t.Errorf("note %v", note)
	}
}
