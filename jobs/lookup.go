package jobs

import (
	"cmp"
	"context"
	"errors"
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

// lookUp settles a message whose outcome is not known by reading it back: our text,
// since the claim. Unipile's reads lag, so only a look after that lag may conclude
// that it was not sent.
func (w *sendDM) lookUp(ctx context.Context, m *store.MessageLockRow) error {
	found, err := w.find(ctx, m)
	if err != nil {
		return w.recordBlindLookUp(ctx, m, err)
	}
	if found != nil {
		// By our own clock, or a limit would be over too early or never.
		at := later(found.At, *m.ClaimedAt)
		if at.After(m.Now) {
			at = m.Now
		}
		return w.recordSent(ctx, m, unipile.Sent{ChatID: found.ChatID, MessageID: found.ID}, at)
	}
	outcome := store.MessageRecordOutcomeParams{
		ID: m.ID, Claim: m.Claim, State: store.MessageUnknown, ErrorType: "not_found_yet",
	}
	until := w.doubtEnds(m)
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

// find looks for what we sent where its purpose would have put it.
func (w *sendDM) find(ctx context.Context, m *store.MessageLockRow) (*unipile.Message, error) {
	switch m.Purpose {
	case store.PurposePublicReply:
		return w.findReply(ctx, m)
	case store.PurposeInvitation:
		// Nothing to find: LinkedIn itself refuses a second invitation, which then
		// tells that the first one went out.
		return nil, nil
	default:
		return w.findInChats(ctx, m)
	}
}

// doubtEnds is when a message that is not in the chat was surely not sent: the
// provider may have taken it until the send's time was over, and shows it late.
func (w *sendDM) doubtEnds(m *store.MessageLockRow) time.Time {
	return m.ClaimedAt.Add(w.settings.SendTimeout + w.settings.ReadLag)
}

// blindLookUpWait is how long a message rests that the provider would not let us
// look up. Not being allowed to look is no proof that nothing was sent.
const blindLookUpWait = time.Hour

// lookAgain is how long to wait after an answer that told nothing, longer the longer
// that goes on. It must be written to the row: the planner takes what has no time for
// due.
func lookAgain(e *integrations.Error, goesOn time.Duration) time.Duration {
	return max(e.RetryAfter, min(max(goesOn/2, 2*time.Second), 15*time.Minute))
}

func (w *sendDM) recordBlindLookUp(ctx context.Context, m *store.MessageLockRow, cause error) error {
	outcome := store.MessageRecordOutcomeParams{ID: m.ID, Claim: m.Claim, State: store.MessageUnknown}
	vendor := integrations.As(cause)
	cause = fmt.Errorf("look up message %d: %w", m.ID, cause)
	wait := blindLookUpWait
	switch {
	case errors.Is(cause, errNobody):
		outcome.ErrorType = "own_id_unknown"
	case vendor == nil, vendor.Kind == integrations.Denied && vendor.Scope == integrations.ScopeAccount:
		return cause // ours, or the account is stopped: the row need not wait
	case vendor.Kind != integrations.Rejected:
		wait = lookAgain(vendor, m.Now.Sub(*m.ClaimedAt))
		fallthrough
	default:
		outcome.ErrorType, outcome.ErrorDetail = cmp.Or(vendor.Type, fmt.Sprintf("status_%d", vendor.Status)), vendor.Detail
	}
	until := m.Now.Add(wait)
	outcome.NotBefore = &until
	if _, err := w.MessageRecordOutcome(ctx, w.Pool, outcome); err != nil {
		return errors.Join(cause, fmt.Errorf("record look-up of message %d: %w", m.ID, err))
	}
	return &queue.Recorded{Err: cause}
}

// findInChats looks for the message in the chat it was meant for, and where that
// is gone or not known, in all one-to-one chats with the person.
func (w *sendDM) findInChats(ctx context.Context, m *store.MessageLockRow) (*unipile.Message, error) {
	if chat := deref(m.ChatID); chat != "" {
		found, err := w.findInChat(ctx, m, chat)
		if e := integrations.As(err); e == nil || e.Kind != integrations.Rejected {
			return found, err
		}
	}
	chats, err := chatsWith(ctx, w.linkedin, m.AccountID, m.RecipientID)
	if err != nil {
		return nil, err
	}
	for _, chat := range chats {
		if found, err := w.findInChat(ctx, m, chat); found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

func (w *sendDM) findInChat(ctx context.Context, m *store.MessageLockRow, chat string) (*unipile.Message, error) {
	since := m.ClaimedAt.Add(-clockSkew)
	walk := unipile.NewWalk("list chat messages", m.AccountID, "")
	for cursor := ""; ; {
		page, err := w.linkedin.ChatMessages(ctx, m.AccountID, chat, since, cursor)
		if err != nil {
			return nil, fmt.Errorf("read chat: %w", err)
		}
		for _, message := range page.Messages {
			if !message.FromAccount || !sameText(message.Text, m.Body) {
				continue
			}
			// Another campaign may have sent that person the same words.
			other, err := w.MessageIsKnown(ctx, w.Pool, store.MessageIsKnownParams{
				AccountID: m.AccountID, ProviderMessageID: message.ID, ID: m.ID,
			})
			if err != nil {
				return nil, fmt.Errorf("look for message in the ledger: %w", err)
			}
			if !other {
				return &message, nil
			}
		}
		if cursor, err = walk.Next(page); err != nil {
			return nil, fmt.Errorf("read chat: %w", err) // not "it is not there"
		}
		if cursor == "" {
			return nil, nil
		}
	}
}

// errNobody says that the provider does not tell who the account's owner is.
var errNobody = errors.New("the provider does not tell the member id of the account's owner")

// findReply looks for a public reply among those to the comment.
func (w *sendDM) findReply(ctx context.Context, m *store.MessageLockRow) (*unipile.Message, error) {
	ownID, err := w.ownID(ctx, w.linkedin, m.AccountID)
	if err != nil {
		return nil, err
	}
	walk := unipile.NewWalk("list replies", m.AccountID, "")
	for cursor := ""; ; {
		page, err := w.linkedin.Replies(ctx, m.AccountID, deref(m.PostSocialID), deref(m.CommentID), cursor)
		if err != nil {
			return nil, fmt.Errorf("read replies: %w", err)
		}
		for _, c := range page.Comments {
			if (c.AuthorID == ownID || ownID == "") && sameText(c.Text, m.Body) {
				return &unipile.Message{ID: c.ID, At: c.At}, nil
			}
		}
		if cursor, err = walk.Next(page); err != nil {
			return nil, fmt.Errorf("read replies: %w", err)
		}
		if cursor == "" {
			if ownID == "" {
				return nil, errNobody // a reply that LinkedIn changed would be missed
			}
			return nil, nil
		}
	}
}

// chatsWith lists the one-to-one chats of an account with a person.
func chatsWith(ctx context.Context, r chatReader, accountID, personID string) ([]string, error) {
	var ids []string
	walk := unipile.NewWalk("list chats with", accountID, "")
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
		if cursor, err = walk.Next(page); err != nil {
			return nil, fmt.Errorf("list chats: %w", err)
		}
		if cursor == "" {
			return ids, nil
		}
	}
}

// sameText compares what we sent with what LinkedIn made of it: it may trim and
// change line ends.
func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
