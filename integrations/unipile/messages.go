package unipile

import (
	"cmp"
	"context"
	"net/url"
	"time"
)

// maxMessages is the largest page of messages and chats.
const maxMessages = "250"

// Sent names what was sent. Both ids may be empty although the message went out.
type Sent struct{ ChatID, MessageID string }

// SendMessage writes to a chat. There is no idempotency key: when the error has
// OutcomeUnknown, look for the text in the chat before sending again.
func (c *Client) SendMessage(ctx context.Context, accountID, chatID, message string) (Sent, error) {
	var wire struct {
		MessageID text `json:"message_id"`
	}
	err := c.do(ctx, apiCall{
		operation: "send message",
		account:   accountID,
		path:      []string{"chats", chatID, "messages"},
		// The account is a guard: the vendor refuses a chat of another one.
		form:   []field{{"account_id", accountID}, {"text", message}},
		secret: message,
	}, &wire)
	if err != nil {
		return Sent{}, err
	}
	return Sent{ChatID: chatID, MessageID: string(wire.MessageID)}, nil
}

// MessagePage is one page of messages, newest first.
type MessagePage struct {
	Messages  []Message
	Next      string // cursor; empty on the last page
	Malformed int    // items dropped for want of an id
}

// Message is one message of a chat, as Unipile has synchronised it: up to a minute late.
type Message struct {
	ID          string
	ChatID      string
	SenderID    string // provider id
	RecipientID string // of a message from the account, as far as a webhook tells; empty in lists
	Text        string // empty for attachments, events and deleted messages
	Quoted      string // the text it answers to, which is not the sender's
	At          time.Time
	FromAccount bool // written by the account itself, here or by hand
	IsEvent     bool // a line of the system, such as a reaction
	Deleted     bool
	Hidden      bool
	Type        string // MESSAGE, INVITATION, INMAIL, …
}

// IsInvitation reports whether the message is the note of an invitation, which opens
// the chat when the invitation is accepted.
func (m Message) IsInvitation() bool { return m.Type == "INVITATION" }

type wireQuote struct {
	Text text `json:"text"`
}

type wireMessage struct {
	ID       text               `json:"id"`
	ChatID   text               `json:"chat_id"`
	SenderID text               `json:"sender_id"`
	Text     text               `json:"text"`
	At       instant            `json:"timestamp"`
	IsSender flag               `json:"is_sender"`
	IsEvent  flag               `json:"is_event"`
	Deleted  flag               `json:"deleted"`
	Hidden   flag               `json:"hidden"`
	Type     text               `json:"message_type"`
	Quoted   lenient[wireQuote] `json:"quoted"`
	ReplyTo  lenient[wireQuote] `json:"reply_to"`
}

// Messages reads a page of all messages of an account after a moment (exclusive;
// zero means from the beginning). Overlap the calls by some minutes, since messages
// are synchronised late, and drop known ids.
func (c *Client) Messages(ctx context.Context, accountID string, after time.Time, cursor string) (MessagePage, error) {
	return c.messages(ctx, apiCall{
		operation: "list messages",
		account:   accountID,
		path:      []string{"messages"},
		query:     list(accountID, cursor, maxMessages, since(after)),
	})
}

// ChatMessages reads a page of the messages of one chat after a moment (exclusive;
// zero means from the beginning).
func (c *Client) ChatMessages(ctx context.Context, accountID, chatID string, after time.Time, cursor string) (MessagePage, error) {
	return c.messages(ctx, apiCall{
		operation: "list chat messages",
		account:   accountID,
		path:      []string{"chats", chatID, "messages"},
		query:     list(accountID, cursor, maxMessages, since(after)),
	})
}

func (c *Client) messages(ctx context.Context, call apiCall) (MessagePage, error) {
	var wire page
	if err := c.do(ctx, call, &wire); err != nil {
		return MessagePage{}, err
	}
	page := MessagePage{Next: string(wire.Cursor)}
	page.Messages, page.Malformed = decodeItems(wire.Items.value, wireMessage.message)
	return page, nil
}

func (w wireMessage) message() (Message, bool) {
	return Message{
		ID:          string(w.ID),
		ChatID:      string(w.ChatID),
		SenderID:    string(w.SenderID),
		Text:        string(w.Text),
		Quoted:      string(cmp.Or(w.Quoted.value.Text, w.ReplyTo.value.Text)),
		At:          w.At.Time,
		FromAccount: bool(w.IsSender),
		IsEvent:     bool(w.IsEvent),
		Deleted:     bool(w.Deleted),
		Hidden:      bool(w.Hidden),
		Type:        string(w.Type),
	}, w.ID != ""
}

func since(after time.Time) url.Values {
	if after.IsZero() {
		return nil
	}
	return url.Values{"after": {timestamp(after)}}
}
