package unipile

import (
	"context"
	"errors"
	"strings"
	"time"
)

// StartChat writes to a person, by provider id, in the chat that exists with them
// or in a new one. There is no idempotency key: when the error has OutcomeUnknown,
// look with [Client.ChatsWith] before sending again.
func (c *Client) StartChat(ctx context.Context, accountID, recipientID, message string) (Sent, error) {
	call := apiCall{
		operation: "start chat",
		account:   accountID,
		path:      []string{"chats"},
		form:      []field{{"account_id", accountID}, {"attendees_ids", recipientID}, {"text", message}},
		secret:    message,
	}
	if recipientID == "" {
		return Sent{}, call.invalid("the recipient id is missing")
	}
	var wire struct {
		ChatID    text `json:"chat_id"`
		MessageID text `json:"message_id"`
	}
	if err := c.do(ctx, call, &wire); err != nil {
		return Sent{}, err
	}
	return Sent{ChatID: string(wire.ChatID), MessageID: string(wire.MessageID)}, nil
}

// ChatPage is one page of chats, newest activity first.
type ChatPage struct {
	Chats []Chat
	Next  string // cursor; empty on the last page
}

// Chat is a conversation of the account.
type Chat struct {
	ID         string
	AttendeeID string    // provider id of the other person of a 1:1 chat
	At         time.Time // last activity; may be zero
	Group      bool      // more than two people, or a channel
}

type wireChat struct {
	ID         text    `json:"id"`
	AttendeeID text    `json:"attendee_provider_id"`
	At         instant `json:"timestamp"`
	Type       count   `json:"type"` // 0 single, 1 group, 2 channel
}

// ChatsWith lists the 1:1 chats with a person, by provider id. Somebody whom
// Unipile never synchronised has none; that says nothing about being connected.
func (c *Client) ChatsWith(ctx context.Context, accountID, attendeeID, cursor string) (ChatPage, error) {
	var wire page
	err := c.do(ctx, apiCall{
		operation: "list chats with",
		account:   accountID,
		path:      []string{"chat_attendees", attendeeID, "chats"},
		query:     list(accountID, cursor, maxMessages, nil),
	}, &wire)
	if errors.Is(err, errAttendeeUnknown) {
		return ChatPage{}, nil
	}
	if err != nil {
		return ChatPage{}, err
	}
	page := ChatPage{Next: string(wire.Cursor)}
	page.Chats, _ = decodeItems(wire.Items.value, wireChat.chat)
	return page, nil
}

func (w wireChat) chat() (Chat, bool) {
	return Chat{
		ID:         string(w.ID),
		AttendeeID: string(w.AttendeeID),
		At:         w.At.Time,
		Group:      w.Type > 0,
	}, w.ID != ""
}

// errAttendeeUnknown marks the one 404 that means an empty list. Any other must
// stay an error: taken for "no chat yet", it would let a message be sent twice.
var errAttendeeUnknown = errors.New("attendee not found")

func attendeeUnknown(status int, p problem) bool {
	return status == 404 && p.Type == TypeResourceNotFound &&
		strings.HasPrefix(strings.ToLower(string(p.Detail)), errAttendeeUnknown.Error())
}
