package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Rows of leads are not ours alone: a producer, or somebody with psql, may hold one in an
// open transaction for as long as they like. Whoever needs such a row gives up soon, goes
// on with what it needs else, and comes back.

// Patience is how long a series of transactions waits for locks. Each wait in vain halves it,
// so that a thousand locked rows cost little more than the first one.
type Patience struct{ wait time.Duration }

// firstPatience is long beside any transaction of our own.
const firstPatience = 512 * time.Millisecond

// NewPatience begins a series of transactions.
func NewPatience() *Patience { return &Patience{wait: firstPatience} }

// lockedError says that a row was locked for longer than there was patience.
type lockedError struct{ error }

// Error says what became of it.
func (e *lockedError) Error() string {
	return "a row is locked by another transaction, come back later: " + e.error.Error()
}

// Unwrap gives what Postgres said.
func (e *lockedError) Unwrap() error { return e.error }

// Locked marks an error as the wait for a locked row, whatever it was.
func Locked(err error) error { return &lockedError{err} }

// IsLocked knows the failure of a statement that waited too long for a lock.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func IsLocked(err error) bool {
	if _, known := errors.AsType[*lockedError](err); known {
		return true
	}
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.Code == "55P03"
}

// InTxWithin runs f in one transaction that waits for locks no longer than p has patience.
func InTxWithin(ctx context.Context, pool *pgxpool.Pool, p *Patience, f func(tx pgx.Tx) error) error {
	err := InTx(ctx, pool, func(tx pgx.Tx) error {
		if err := p.Bound(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
	return p.spend(err)
}

// InSavepointWithin runs f in a part of a transaction which alone is rolled back when f fails.
func InSavepointWithin(ctx context.Context, tx pgx.Tx, p *Patience, f func(tx pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error {
		if err := p.Bound(ctx, part); err != nil {
			return err
		}
		return f(part)
	})
	return p.spend(err)
}

// Bound lets the statements of a transaction wait for locks no longer than p has patience.
func (p *Patience) Bound(ctx context.Context, tx pgx.Tx) error {
	if err := New().LockPatienceSet(ctx, tx, strconv.FormatInt(p.wait.Milliseconds(), 10)); err != nil {
		return fmt.Errorf("set patience for locks: %w", err)
	}
	return nil
}

// spend halves the patience after a wait in vain.
func (p *Patience) spend(err error) error {
	if !IsLocked(err) {
		return err
	}
	p.wait = max(p.wait/2, time.Millisecond) // zero would be no limit at all
	return &lockedError{err}
}

// PatienceOf begins a series of transactions of which the first waits that long.
func PatienceOf(wait time.Duration) *Patience { return &Patience{wait: wait} }
