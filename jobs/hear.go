package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/store"
)

// storeMessages stores what leads wrote and returns the rows that are new. Strangers'
// messages are not kept.
func (d database) storeMessages(ctx context.Context, db store.DBTX, accountID string, messages []unipile.Message) (fresh []int64, err error) {
	var inbound []unipile.Message
	var people []string
	for _, m := range messages {
		if m.FromAccount || m.IsEvent || m.Deleted || m.Hidden || m.ID == "" || m.SenderID == "" || m.At.IsZero() || !haveStorableIDs(m) {
			continue
		}
		inbound = append(inbound, m)
		people = append(people, m.SenderID)
	}
	if len(inbound) == 0 {
		return nil, nil
	}
	known, err := d.LeadListKnownPeople(ctx, db, store.LeadListKnownPeopleParams{AccountID: accountID, People: people})
	if err != nil {
		return nil, fmt.Errorf("find leads among senders: %w", err)
	}
	for _, m := range slices.Backward(inbound) { // lists come newest first
		if !slices.Contains(known, m.SenderID) {
			continue
		}
		id, err := d.InboxMessageInsert(ctx, db, store.InboxMessageInsertParams{
			AccountID: accountID, MessageID: m.ID, ChatID: nullable(m.ChatID),
			SenderID: m.SenderID, Body: storable(m.Text), SentAt: m.At,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			continue // known
		}
		if err != nil {
			return fresh, fmt.Errorf("store message %s: %w", m.ID, err)
		}
		fresh = append(fresh, id)
	}
	return fresh, nil
}

// haveStorableIDs tells messages that Postgres takes: one that it refused would stop the
// look into the inbox at its page for ever, and a mended id would be another's.
func haveStorableIDs(m unipile.Message) bool {
	return isStorable(m.ID, m.ChatID, m.SenderID, m.RecipientID)
}

// ownMatch is how far apart our record of a send and the provider's time of it may
// lie, where only the text tells that it is ours.
const ownMatch = 10 * time.Minute

// noteOwn counts what the account's owner typed in LinkedIn. Where it was typed to
// somebody whom we wrote to, a human has taken over. The note of an invitation is
// neither: it comes up in the chat when it is accepted, ours too.
func (d database) noteOwn(ctx context.Context, db store.DBTX, accountID string, messages []unipile.Message) error {
	for _, m := range messages {
		if !m.FromAccount || m.IsEvent || m.IsInvitation() || m.ID == "" || m.At.IsZero() || !haveStorableIDs(m) {
			continue
		}
		typed, err := d.OwnMessageInsert(ctx, db, store.OwnMessageInsertParams{
			AccountID: accountID, MessageID: m.ID, SentAt: m.At, Body: storable(m.Text),
			Earliest: m.At.Add(-ownMatch), Latest: m.At.Add(ownMatch),
		})
		if err != nil {
			return fmt.Errorf("note own message %s: %w", m.ID, err)
		}
		if typed == 0 {
			continue // ours, or known
		}
		_, err = d.TakeoverSet(ctx, db, store.TakeoverSetParams{
			AccountID: accountID, ChatID: m.ChatID, PersonID: m.RecipientID, WrittenAt: m.At, Reason: takenOverInChat,
		})
		if err != nil {
			return fmt.Errorf("note takeover in chat %s: %w", m.ChatID, err)
		}
	}
	return nil
}

// takenOverInChat is the reason of a takeover that we saw.
const takenOverInChat = "the owner of the account wrote to them"
