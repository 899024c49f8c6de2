package webhooks

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bravorevos/workers/store"
)

// errUnchanged is a row that a trigger of its producer keeps as it was.
var errUnchanged = errors.New("the row did not change: a trigger of its table may undo it")

// shortLockWait, in milliseconds, is how long a row that is looked at alone waits for others
// who hold a lock. A thousand such rows must not cost the sweep its time.
const shortLockWait = "250"

// refuses reports whether the database refuses what was asked because of the rows that were
// asked for, so that others may be taken where these are not. A server that stops, is out of
// memory or disk, or may not be written to says nothing of rows.
func refuses(err error) bool {
	if errors.Is(err, errUnchanged) {
		return true
	}
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(refusal.Code) != 5 {
		return false
	}
	switch refusal.Code {
	case "25006", // the server is read-only
		"40001", "40P01", // it met another transaction, and may be taken the next time
		"57014": // cancelled: by us, or for its length
		return false
	case "53400", "54000", "55P03", "57000": // of the row: a limit of its type, or a lock
		return true
	}
	switch refusal.Code[:2] {
	case "08", "25", "26", "28", "34", "3D", "53", "57", "58", "F0":
		return false
	}
	return true
}

// assignApart puts rows in line of which the database refused one or more: halves of them,
// and halves of the halves that are refused again, until the bad ones stand alone. Those are
// set aside.
func (l line) assignApart(ctx context.Context, ids []uuid.UUID) error {
	err := store.InTx(ctx, l.pool, func(tx pgx.Tx) error {
		if err := l.LockWait(ctx, tx, shortLockWait); err != nil {
			return fmt.Errorf("bound the wait for locks: %w", err)
		}
		free, err := l.WebhookLogLockSome(ctx, tx, ids)
		if err != nil {
			return fmt.Errorf("lock webhooks: %w", err)
		}
		return l.assignLocked(ctx, tx, free)
	})
	switch {
	case err == nil || !refuses(err):
		return err
	case len(ids) == 1:
		return l.setAside(ctx, ids[0], err)
	}
	half := len(ids) / 2
	if err := l.assignApart(ctx, ids[:half]); err != nil {
		return err
	}
	return l.assignApart(ctx, ids[half:])
}

// setAside notes why a row cannot be put in line, so that it is left alone for a while.
func (l line) setAside(ctx context.Context, id uuid.UUID, refused error) error {
	reason := refusalOf(refused)
	err := l.WebhookRefusalNote(ctx, l.pool, store.WebhookRefusalNoteParams{WebhookLogID: id, Reason: reason})
	if err != nil {
		return fmt.Errorf("set webhook %s aside: %w", id, err)
	}
	err = store.InTx(ctx, l.pool, func(tx pgx.Tx) error {
		if err := l.LockWait(ctx, tx, shortLockWait); err != nil {
			return err
		}
		return l.WebhookRefusalTell(ctx, tx, store.WebhookRefusalTellParams{ID: id, Reason: &reason})
	})
	if err != nil && !refuses(err) { // else it may not be changed at all, and its note tells
		return fmt.Errorf("tell why webhook %s is set aside: %w", id, err)
	}
	return nil
}

// refusalOf is what the database says of a row, without the values of the row.
func refusalOf(err error) string {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return store.Storable(fmt.Sprintf("the database refuses to change this row: %s (SQLSTATE %s)", refusal.Message, refusal.Code))
	}
	return store.Storable(err.Error())
}
