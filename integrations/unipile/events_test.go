package unipile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/integrations/unipile"
)

// received is a message as Unipile's webhook tells it.
const received = `{ "event": "message_received",
  "account_id": "Jq3vT0m2QpyXh7KcWz9LrA", "account_type": "LINKEDIN",
  "account_info": { "type": "LINKEDIN", "feature": "classic", "user_id": "ACoAAOwner" },
  "webhook_name": "inbox", "chat_id": "R8hXm0aTUuC3wq9ZsYb1Kg", "provider_chat_id": "2-ZmY0YjE5==",
  "message_id": "pL8tZc1VQ9S0mXo5rAe3Hw", "message": "Great, send it to tomas@kelp.example",
  "timestamp": "2026-11-23T09:14:03.000Z", "is_sender": false,
  "sender": { "attendee_id": "b5KzYw3uRr6cJ1hQ8nPd0A", "attendee_provider_id": "ACoAATomas", "attendee_public_identifier": null },
  "attendees": [ { "attendee_provider_id": "ACoAATomas" } ],
  "attachments": [], "subject": null, "quoted": null, "is_event": 0, "is_group": false, "message_type": "MESSAGE", "folder": ["INBOX"] }`

// Ensure each event is read as Unipile sends it, with fields missing, odd and new.
func TestParseEvent(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	at := time.Date(2026, 11, 23, 9, 14, 3, 0, time.UTC)
	const account, chat, id = "Jq3vT0m2QpyXh7KcWz9LrA", "R8hXm0aTUuC3wq9ZsYb1Kg", "pL8tZc1VQ9S0mXo5rAe3Hw"
	status := func(s unipile.AccountStatus) *unipile.AccountStatus { return &s }
	change := func(old, replacement string) string {
		changed := strings.Replace(received, old, replacement, 1)
		if changed == received {
			t.Fatalf("%s is not in the example", old)
		}
		return changed
	}
	theirs := unipile.Message{ID: id, ChatID: chat, SenderID: "ACoAATomas", Text: "Great, send it to tomas@kelp.example", At: at, Type: "MESSAGE"}
	ours := theirs
	ours.SenderID, ours.RecipientID, ours.FromAccount = "ACoAAOwner", "ACoAATomas", true
	undated := theirs
	undated.At = now
	message := func(m unipile.Message) unipile.Event {
		return unipile.Event{Name: "message_received", AccountID: account, Message: &m}
	}
	for name, tc := range map[string]struct {
		body string
		want unipile.Event
	}{
		"theirs":                   {received, message(theirs)},
		"ours":                     {change(`"attendee_provider_id": "ACoAATomas", "attendee_public`, `"attendee_provider_id": "ACoAAOwner", "attendee_public`), message(ours)},
		"theirs, whatever is said": {change(`"is_sender": false`, `"is_sender": true`), message(theirs)},
		"no time":                  {change(`"2026-11-23T09:14:03.000Z"`, `"3h"`), message(undated)},
		"one attendee, no list":    {change(`[ { "attendee_provider_id": "ACoAATomas" } ]`, `{"attendee_provider_id": "x"}`), message(theirs)},
		"a group":                  {change(`"is_group": false`, `"is_group": true`), unipile.Event{Name: "message_received", AccountID: account}},
		"no id":                    {change(`"pL8tZc1VQ9S0mXo5rAe3Hw"`, `null`), unipile.Event{Name: "message_received", AccountID: account}},
		"read":                     {change("message_received", "message_read"), unipile.Event{Name: "message_read", AccountID: account}},
		"status": {
			`{"AccountStatus": {"account_id": "one", "account_type": "LINKEDIN", "message": "CREDENTIALS"}}`,
			unipile.Event{Name: "account_status", AccountID: "one", Status: status(unipile.StatusCredentials)},
		},
		"status, odd": {`{"AccountStatus": "CREDENTIALS"}`, unipile.Event{}},
		"relation": {
			`{"event": "new_relation", "account_id": "one", "user_provider_id": "ACoAATomas", "user_full_name": "Tomás", "more": {"x": [1]}}`,
			unipile.Event{Name: "new_relation", AccountID: "one", Relation: "ACoAATomas"},
		},
		"nothing": {`{}`, unipile.Event{}},
	} {
		got, err := unipile.ParseEvent([]byte(tc.body), now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, body := range []string{"", "nonsense", "[]", `"x"`, "event=message_received", `{"event": `} {
		if _, err := unipile.ParseEvent([]byte(body), now); err == nil {
			t.Errorf("%q is taken for an event", body)
		}
	}
}

// FuzzParseEvent looks for panics, and for messages without an id.
func FuzzParseEvent(f *testing.F) {
	f.Add(received)
	f.Add(`{"AccountStatus": {"account_id": 7, "message": null}}`)
	f.Fuzz(func(t *testing.T, body string) {
		event, err := unipile.ParseEvent([]byte(body), time.Unix(0, 0))
		if err == nil && event.Message != nil && (event.Message.ID == "" || event.Message.At.IsZero()) {
			t.Errorf("half a message: %+v", event.Message)
		}
	})
}
