package inbox

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/leads"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/store"
)

// hearing is one walk through the messages that an account has not handled.
type hearing struct {
	*Answers

	chats    messages.ChatReader // the provider, until it refuses the account
	patience *store.Patience
	behind   map[string]bool // people one of whose messages could not be written down
}

func (w *Answers) newHearing() *hearing {
	return &hearing{Answers: w, chats: &chatsUntilRefused{ChatReader: w.chats}, patience: store.NewPatience(), behind: map[string]bool{}}
}

// errBehind keeps a person's messages in order.
var errBehind = errors.New("an earlier message of that person waits for a locked row")

// decide writes down what a message means. Where rows that it needs are locked, the message
// waits for the next look, and those that the person wrote after it; that they want no more
// messages is known at once all the same.
func (w *hearing) decide(ctx context.Context, accountID string, m heard, isStop bool, write func(tx pgx.Tx) error) error {
	err := store.Locked(errBehind)
	if !w.behind[m.SenderID] {
		err = store.InTxWithin(ctx, w.pool, w.patience, write)
	}
	if !store.IsLocked(err) {
		return err
	}
	w.behind[m.SenderID] = true
	if isStop {
		err = errors.Join(err, leads.RecordOptOut(ctx, w.pool, accountID, m.SenderID))
	}
	return err
}

// chatsUntilRefused asks a provider that refuses the account, or wants patience, no more:
// each message that waits would be one more call in vain.
type chatsUntilRefused struct {
	messages.ChatReader

	refused error
}

// ChatsWith lists chats, until the first refusal.
func (c *chatsUntilRefused) ChatsWith(ctx context.Context, accountID, attendeeID, cursor string) (unipile.ChatPage, error) {
	if c.refused != nil {
		return unipile.ChatPage{}, c.refused
	}
	page, err := c.ChatReader.ChatsWith(ctx, accountID, attendeeID, cursor)
	if e := integrations.As(err); e != nil && (e.Kind == integrations.Denied || e.Kind == integrations.Limited) {
		c.refused = err
	}
	return page, err
}
