package unipile

import (
	"encoding/json"
	"errors"
	"time"
)

// Event is what a webhook of Unipile's tells: one of its fields is set, or none where
// the event is not for us. Version 1 signs nothing, delivers at least once, in no order,
// and gives up after five failures: https://developer.unipile.com/docs/webhooks-2
type Event struct {
	Name      string // as Unipile names it; empty: it did not
	AccountID string

	Message  *Message       // message_received; of the account itself, too
	Relation string         // new_relation: who became a connection, by provider id
	Status   *AccountStatus // account_status
}

// AccountStatus is how the connection to an account stands.
type AccountStatus string

// The statuses that mean something to us; there are others.
// https://developer.unipile.com/docs/account-lifecycle
const (
	StatusOK           AccountStatus = "OK"
	StatusReconnected  AccountStatus = "RECONNECTED"
	StatusSynchronised AccountStatus = "SYNC_SUCCESS"
	StatusCreated      AccountStatus = "CREATION_SUCCESS"
	StatusCredentials  AccountStatus = "CREDENTIALS" // its owner must log in again
	StatusPermissions  AccountStatus = "PERMISSIONS"
	StatusStopped      AccountStatus = "STOPPED"
	StatusDeleted      AccountStatus = "DELETED"
)

// wireEvent is the union of all payloads. Messages differ from those that REST lists:
// the text is in "message", and the account is not among the attendees.
type wireEvent struct {
	Event     text `json:"event"`
	AccountID text `json:"account_id"`

	Status lenient[struct {
		AccountID text `json:"account_id"`
		Message   text `json:"message"`
	}] `json:"AccountStatus"`

	Relation text `json:"user_provider_id"`

	Account lenient[struct {
		UserID text `json:"user_id"`
	}] `json:"account_info"`
	MessageID text                             `json:"message_id"`
	ChatID    text                             `json:"chat_id"`
	Text      text                             `json:"message"`
	At        instant                          `json:"timestamp"`
	IsSender  flag                             `json:"is_sender"`
	IsEvent   flag                             `json:"is_event"`
	IsGroup   flag                             `json:"is_group"`
	Type      text                             `json:"message_type"`
	Sender    lenient[wireAttendee]            `json:"sender"`
	Attendees lenient[[]lenient[wireAttendee]] `json:"attendees"`
}

type wireAttendee struct {
	ID text `json:"attendee_provider_id"`
}

// ParseEvent reads the body of a webhook, which is JSON whatever its content type says.
// It returns an error where the body is no JSON object; what is merely unknown or half
// there is an event with nothing set. now stands in for a time that is missing.
func ParseEvent(body []byte, now time.Time) (Event, error) {
	var wire wireEvent
	if err := json.Unmarshal(body, &wire); err != nil {
		return Event{}, errors.New("the body is no JSON object")
	}
	e := Event{Name: string(wire.Event), AccountID: string(wire.AccountID)}
	switch {
	case wire.Status.value.AccountID != "":
		status := AccountStatus(wire.Status.value.Message)
		e.Name, e.AccountID, e.Status = "account_status", string(wire.Status.value.AccountID), &status
	case e.Name == "new_relation":
		e.Relation = string(wire.Relation)
	case e.Name == "message_received" && wire.MessageID != "" && !bool(wire.IsGroup):
		e.Message = wire.message(now)
	}
	return e, nil
}

func (w wireEvent) message(now time.Time) *Message {
	m := &Message{
		ID: string(w.MessageID), ChatID: string(w.ChatID), SenderID: string(w.Sender.value.ID),
		Text: string(w.Text), At: w.At.Time, IsEvent: bool(w.IsEvent), Type: string(w.Type),
		FromAccount: bool(w.IsSender),
	}
	if m.At.IsZero() {
		m.At = now
	}
	// Who the account is decides, where that is told: older payloads have no is_sender.
	if own := string(w.Account.value.UserID); own != "" && m.SenderID != "" {
		m.FromAccount = own == m.SenderID
	}
	if people := w.Attendees.value; m.FromAccount && len(people) == 1 {
		m.RecipientID = string(people[0].value.ID)
	}
	return m
}
