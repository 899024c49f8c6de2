package jobs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// chatReader is what Unipile must offer to find a message in a chat.
type chatReader interface {
	ChatsWith(ctx context.Context, accountID, attendeeID, cursor string) (unipile.ChatPage, error)
	ChatMessages(ctx context.Context, accountID, chatID string, after time.Time, cursor string) (unipile.MessagePage, error)
}

// clockSkew is how far our clock and the provider's may differ.
const clockSkew = 2 * time.Minute

// lookUp settles a message whose outcome is not known by reading the chat with
// that person: our text, since the claim. Unipile's reads lag, so only a look
// after that lag may conclude that it was not sent.
func (w *sendDM) lookUp(ctx context.Context, m *store.MessageLockRow) error {
	found, err := w.findInChats(ctx, m)
	if err != nil {
		return fmt.Errorf("look up message %d: %w", m.ID, err)
	}
	if found != nil {
		return w.recordSent(ctx, m, unipile.Sent{ChatID: found.ChatID, MessageID: found.ID}, found.At)
	}
	outcome := store.MessageRecordOutcomeParams{
		ID: m.ID, Claim: m.Claim, State: store.MessageUnknown, ErrorType: "not_found_yet",
	}
	until := m.ClaimedAt.Add(w.settings.ReadLag)
	reason := "the provider's reads lag behind"
	if m.Now.Before(until) {
		outcome.NotBefore = &until
	} else {
		outcome.State, outcome.ErrorType = store.MessageQueued, "surely_not_sent"
		// Later each time, or a send that always fails would be tried for ever at one pace.
		until, reason = m.Now.Add(queue.DefaultSchedule.Wait(int(m.Attempts))), "surely not sent: queued again"
		outcome.NotBefore = &until
	}
	if _, err := w.MessageRecordOutcome(ctx, w.Pool, outcome); err != nil {
		return fmt.Errorf("record look-up of message %d: %w", m.ID, err)
	}
	return &queue.NotYet{Until: until, Reason: reason}
}

func (w *sendDM) findInChats(ctx context.Context, m *store.MessageLockRow) (*unipile.Message, error) {
	var chats []string
	if m.ChatID != nil && *m.ChatID != "" {
		chats = append(chats, *m.ChatID)
	} else {
		with, err := chatsWith(ctx, w.linkedin, m.AccountID, m.RecipientID)
		if err != nil {
			return nil, err
		}
		chats = with
	}
	since := m.ClaimedAt.Add(-clockSkew)
	for _, chat := range chats {
		for cursor := ""; ; {
			page, err := w.linkedin.ChatMessages(ctx, m.AccountID, chat, since, cursor)
			if err != nil {
				return nil, fmt.Errorf("read chat: %w", err)
			}
			for _, message := range page.Messages {
				if message.FromAccount && sameText(message.Text, m.Body) {
					return &message, nil
				}
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	return nil, nil
}

// chatsWith lists the one-to-one chats of an account with a person.
func chatsWith(ctx context.Context, r chatReader, accountID, personID string) ([]string, error) {
	var ids []string
	for cursor := ""; ; {
		page, err := r.ChatsWith(ctx, accountID, personID, cursor)
		if err != nil {
			return nil, fmt.Errorf("list chats: %w", err)
		}
		for _, chat := range page.Chats {
			if !chat.Group {
				ids = append(ids, chat.ID)
			}
		}
		if cursor = page.Next; cursor == "" {
			return ids, nil
		}
	}
}

// sameText compares what we sent with what LinkedIn made of it: it may trim and
// change line ends.
func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// unreachable reports whether the refusal is about the person, so that no try by
// this route can ever succeed.
func unreachable(e *integrations.Error) bool {
	switch e.Type {
	case unipile.TypeNoConnection, "errors/invalid_recipient", "errors/user_unreachable", "errors/blocked_recipient":
		return true
	default:
		return false
	}
}
