package messages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// ChatReader is what Unipile must offer to find a message in a chat.
type ChatReader interface {
	ChatsWith(ctx context.Context, accountID, attendeeID, cursor string) (unipile.ChatPage, error)
	ChatMessages(ctx context.Context, accountID, chatID string, after time.Time, cursor string) (unipile.MessagePage, error)
}

// lookUp settles a message whose outcome is not known by reading it back. Unipile's reads
// lag, so only a look after that lag may conclude that it was not sent, and only where
// the account wrote nothing else there meanwhile: that may be what became of it.
func (w *sendDM) lookUp(ctx context.Context, m *store.MessageLockRow) error {
	found, err := w.look(ctx, w.soughtBy(m))
	if err != nil {
		return w.recordBlindLookUp(ctx, m, err)
	}
	if found.message != nil {
		sent := unipile.Sent{ChatID: found.message.ChatID, MessageID: found.message.ID}
		return w.recordSent(ctx, m, sent, w.sentBetween(m, found.message.At), found.message.At)
	}
	outcome := store.MessageRecordOutcomeParams{
		ID: m.ID, Claim: m.Claim, State: store.MessageUnknown, ErrorType: "not_found_yet",
	}
	until := w.doubtEnds(m)
	reason := "the provider's reads lag behind"
	switch {
	case m.Now.Before(until):
		outcome.NotBefore = &until
	case found.other:
		// Sent or not: a human can tell, and must.
		outcome.ErrorType, outcome.ErrorDetail, outcome.Doubt = store.OwnMessageUnknown, ownMessageAdvice, new(store.DoubtOwnMessage)
	default:
		outcome.State, outcome.ErrorType = store.MessageQueued, "surely_not_sent"
		// Later each time, or a send that always fails would be tried for ever at one pace.
		until, reason = m.Now.Add(queue.DefaultSchedule.Wait(int(m.Attempts))), "surely not sent: queued again"
		outcome.NotBefore = &until
	}
	if _, err := w.MessageRecordOutcome(ctx, w.pool, outcome); err != nil {
		return fmt.Errorf("record look-up of message %d: %w", m.ID, err)
	}
	if outcome.Doubt != nil {
		return nil // its row waits for a human, and no job does
	}
	return &queue.NotYet{Until: until, Reason: reason}
}

// sentBetween is when a message that was found was sent, by our own clock, or a limit
// would be over too early or never: the send was over within its time.
func (w *sendDM) sentBetween(m *store.MessageLockRow, at time.Time) time.Time {
	if m.ProviderClaimedAt != nil {
		at = at.Add(m.ClaimedAt.Sub(*m.ProviderClaimedAt))
	}
	at = queue.Later(at, *m.ClaimedAt)
	for _, last := range []time.Time{m.ClaimedAt.Add(w.settings.SendTimeout), m.Now} {
		if at.After(last) {
			at = last
		}
	}
	return at
}

// doubtEnds is when a message that is not in the chat was surely not sent. Until its time
// was over the send was under way. For half as long again the kernel may have delivered
// what the network had swallowed: that is the limit of the sockets, see package unipile.
// And what the provider took then, it shows late.
func (w *sendDM) doubtEnds(m *store.MessageLockRow) time.Time {
	return m.ClaimedAt.Add(w.settings.SendTimeout + w.settings.SendTimeout/2 + w.settings.ReadLag)
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
	if _, err := w.MessageRecordOutcome(ctx, w.pool, outcome); err != nil {
		return errors.Join(cause, fmt.Errorf("record look-up of message %d: %w", m.ID, err))
	}
	return &queue.Recorded{Err: cause}
}

// errNobody says that the provider does not tell who the account's owner is.
var errNobody = errors.New("the provider does not tell the member id of the account's owner")

// ChatsWith lists the one-to-one chats of an account with a person.
func ChatsWith(ctx context.Context, r ChatReader, accountID, personID string) ([]string, error) {
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
