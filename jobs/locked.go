package jobs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Rows of leads are not ours alone: a producer, or somebody with psql, may hold one in an
// open transaction for as long as they like. Whoever needs such a row gives up soon, goes
// on with what it needs else, and comes back.

// patience is how long a series of transactions waits for locks. Each wait in vain halves it,
// so that a thousand locked rows cost little more than the first one.
type patience struct{ wait time.Duration }

// firstPatience is long beside any transaction of our own.
const firstPatience = 512 * time.Millisecond

func newPatience() *patience { return &patience{wait: firstPatience} }

// lockedError says that a row was locked for longer than there was patience.
type lockedError struct{ error }

// Error says what became of it.
func (e *lockedError) Error() string {
	return "a row is locked by another transaction, come back later: " + e.error.Error()
}

// Unwrap gives what Postgres said.
func (e *lockedError) Unwrap() error { return e.error }

// isLocked knows the failure of a statement that waited too long for a lock.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func isLocked(err error) bool {
	if _, known := errors.AsType[*lockedError](err); known {
		return true
	}
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.Code == "55P03"
}

// inTxWithin runs f in one transaction that waits for locks no longer than p has patience.
func (d database) inTxWithin(ctx context.Context, p *patience, f func(tx pgx.Tx) error) error {
	err := d.inTx(ctx, func(tx pgx.Tx) error {
		if err := d.waitNoLonger(ctx, tx, p); err != nil {
			return err
		}
		return f(tx)
	})
	return p.spend(err)
}

// inSavepointWithin runs f in a part of a transaction which alone is rolled back when f fails.
func (d database) inSavepointWithin(ctx context.Context, tx pgx.Tx, p *patience, f func(tx pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error {
		if err := d.waitNoLonger(ctx, part, p); err != nil {
			return err
		}
		return f(part)
	})
	return p.spend(err)
}

func (d database) waitNoLonger(ctx context.Context, tx pgx.Tx, p *patience) error {
	if err := d.LockPatienceSet(ctx, tx, strconv.FormatInt(p.wait.Milliseconds(), 10)); err != nil {
		return fmt.Errorf("set patience for locks: %w", err)
	}
	return nil
}

// spend halves the patience after a wait in vain.
func (p *patience) spend(err error) error {
	if !isLocked(err) {
		return err
	}
	p.wait = max(p.wait/2, time.Millisecond) // zero would be no limit at all
	return &lockedError{err}
}
