package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// Inbound takes what the vendor's webhooks tell. It only writes it down and enqueues
// the work: the vendor wants its answer at once. Any event may come twice, late and in
// any order; what never comes is found by the looks into inboxes and relations.
type Inbound struct {
	*store.Queries

	pool *pgxpool.Pool

	client   *queue.Client
	settings Settings
}

// NewInbound returns the way in to a database. The client only inserts jobs.
func NewInbound(pool *pgxpool.Pool, client *queue.Client, settings Settings) *Inbound {
	return &Inbound{Queries: store.New(), pool: pool, client: client, settings: settings}
}

// ErrNoEvent says that a body holds no event at all.
var ErrNoEvent = errors.New("the body is no event")

// Receive takes the body of a webhook. It returns [ErrNoEvent] where that makes no sense,
// and no error for events that are not for us.
func (i *Inbound) Receive(ctx context.Context, body []byte) error {
	event, err := unipile.ParseEvent(body, queue.Now(ctx))
	if err != nil {
		return ErrNoEvent
	}
	return i.Take(ctx, event)
}

// Take writes an event down, in one transaction with the job that it brings.
func (i *Inbound) Take(ctx context.Context, e unipile.Event) error {
	if e.AccountID == "" || !store.IsStorable(e.AccountID, e.Relation) {
		return nil
	}
	err := store.InTx(ctx, i.pool, func(tx pgx.Tx) error {
		switch {
		case e.Message != nil && e.Message.FromAccount:
			return noteOwn(ctx, tx, e.AccountID, []unipile.Message{*e.Message})
		case e.Message != nil:
			return i.takeMessage(ctx, tx, e.AccountID, *e.Message)
		case e.Relation != "":
			return messages.RelationsAppeared(ctx, tx, e.AccountID, []string{e.Relation}, i.settings.Limits.LikeAPerson())
		case e.Status != nil:
			return accounts.TakeStatus(ctx, tx, e.AccountID, *e.Status)
		default:
			return nil // not for us
		}
	})
	if err != nil {
		return fmt.Errorf("take %s of account %s: %w", e.Name, e.AccountID, err)
	}
	return nil
}

// farAhead is what a clock that is merely wrong may be ahead.
const farAhead = time.Hour

func (i *Inbound) takeMessage(ctx context.Context, tx pgx.Tx, accountID string, m unipile.Message) error {
	// A time from the future would stand behind everything that comes after. It is the
	// future of the provider, whose clock may be ahead of ours.
	now, err := i.ProviderNow(ctx, tx, accountID)
	if err != nil {
		return fmt.Errorf("read the provider's clock: %w", err)
	}
	if m.At.After(now.Add(farAhead)) {
		m.At = now
	}
	fresh, err := storeMessages(ctx, tx, accountID, []unipile.Message{m})
	if err != nil || len(fresh) == 0 {
		return err
	}
	if _, err := i.client.InsertTx(ctx, tx, HandleAnswerArgs{InboxMessageID: fresh[0]}, nil); err != nil {
		return fmt.Errorf("enqueue message %d: %w", fresh[0], err)
	}
	return nil
}
