package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/store"
)

// storeMessages stores what leads wrote and returns the rows that are new. Strangers'
// messages are not kept.
func storeMessages(ctx context.Context, db store.DBTX, accountID string, messages []unipile.Message) (fresh []int64, err error) {
	q := store.New()
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
	known, err := q.LeadListKnownPeople(ctx, db, store.LeadListKnownPeopleParams{AccountID: accountID, People: people})
	if err != nil {
		return nil, fmt.Errorf("find leads among senders: %w", err)
	}
	for _, m := range slices.Backward(inbound) { // lists come newest first
		if !slices.Contains(known, m.SenderID) {
			continue
		}
		id, err := q.InboxMessageInsert(ctx, db, store.InboxMessageInsertParams{
			AccountID: accountID, MessageID: m.ID, ChatID: store.Null(m.ChatID),
			SenderID: m.SenderID, Body: store.Storable(m.Text), SentAt: m.At,
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
	return store.IsStorable(m.ID, m.ChatID, m.SenderID, m.RecipientID)
}
