package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// ownMatch is how far apart our record of a send and the provider's time of it may lie,
// where only the text tells that it is ours: the provider's clock may be off.
const ownMatch = 24 * time.Hour

// noteOwn reads what the account wrote. Of messages of the ledger it notes when the
// provider says that they were sent. The rest its owner typed in LinkedIn: that counts,
// and where it was typed to somebody whom we wrote to, a human has taken over. The note of
// an invitation is neither: it comes up in the chat when it is accepted, ours too.
func noteOwn(ctx context.Context, db store.DBTX, accountID string, messages []unipile.Message) error {
	q := store.New()
	var own []unipile.Message
	anchor := store.MessageAnchorParams{AccountID: accountID}
	var oldest, newest time.Time
	for _, m := range messages {
		if !m.FromAccount || m.IsEvent || m.IsInvitation() || m.ID == "" || m.At.IsZero() || !haveStorableIDs(m) {
			continue
		}
		own = append(own, m)
		anchor.MessageIds, anchor.SentAt = append(anchor.MessageIds, m.ID), append(anchor.SentAt, m.At)
		if oldest.IsZero() || m.At.Before(oldest) {
			oldest = m.At
		}
		newest = queue.Later(newest, m.At)
	}
	if len(own) == 0 {
		return nil
	}
	if err := q.MessageAnchor(ctx, db, anchor); err != nil {
		return fmt.Errorf("note times of own messages: %w", err)
	}
	until := newest.Add(ownMatch)
	nameless, err := q.MessageListNameless(ctx, db, store.MessageListNamelessParams{
		AccountID: accountID, Since: oldest.Add(-ownMatch), Until: &until,
	})
	if err != nil {
		return fmt.Errorf("list messages without an id: %w", err)
	}
	for _, m := range own {
		ours, err := adopt(ctx, db, accountID, nameless, m)
		if err != nil {
			return err
		}
		if ours {
			continue
		}
		typed, err := q.OwnMessageInsert(ctx, db, store.OwnMessageInsertParams{
			AccountID: accountID, MessageID: m.ID, SentAt: m.At, Body: store.Storable(m.Text),
		})
		if err != nil {
			return fmt.Errorf("note own message %s: %w", m.ID, err)
		}
		if typed == 0 {
			continue // ours, or known
		}
		_, err = q.TakeoverSet(ctx, db, store.TakeoverSetParams{
			AccountID: accountID, ChatID: m.ChatID, PersonID: m.RecipientID, WrittenAt: m.At, Reason: takenOverInChat,
		})
		if err != nil {
			return fmt.Errorf("note takeover in chat %s: %w", m.ChatID, err)
		}
	}
	return nil
}

// adopt recognises a message of the ledger by its words, where the provider told no id of
// it. In the chat that it was sent to, it is told its id and time. One whose outcome is
// not known yet is left to its look-up.
func adopt(
	ctx context.Context, db store.DBTX, accountID string, nameless []store.MessageListNamelessRow, m unipile.Message,
) (ours bool, err error) {
	q := store.New()
	for _, n := range nameless {
		elsewhere := !n.IsOfOldLink && n.ChatID != nil && m.ChatID != "" && *n.ChatID != m.ChatID
		if elsewhere || n.ClaimedAt == nil || m.At.Sub(*n.ClaimedAt).Abs() > ownMatch || !conversation.LooksSame(m.Text, n.Body) {
			continue
		}
		known, err := q.MessageIsKnown(ctx, db, store.MessageIsKnownParams{AccountID: accountID, ProviderMessageID: m.ID, ID: n.ID})
		if err != nil {
			return false, fmt.Errorf("look for message in the ledger: %w", err)
		}
		if known {
			return true, nil
		}
		itsPlace := n.RecipientID == m.RecipientID || n.ChatID != nil && *n.ChatID == m.ChatID
		if itsPlace && n.State == store.MessageSent {
			err := q.MessageAdopt(ctx, db, store.MessageAdoptParams{ID: n.ID, ProviderMessageID: m.ID, ProviderSentAt: &m.At})
			if err != nil {
				return false, fmt.Errorf("note id of message %d: %w", n.ID, err)
			}
			return true, nil
		}
		ours = true // the one whose place this is may come yet: others were asked in the same words
	}
	return ours, nil
}

// takenOverInChat is the reason of a takeover that we saw.
const takenOverInChat = "the owner of the account wrote to them"
