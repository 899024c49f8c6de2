package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// lockTimeout is how long a statement waits for a row that somebody else has locked.
	// It is more than our own transactions ever hold one, and less than anybody who waits
	// for a job notices; what ran out is tried again.
	lockTimeout = 5 * time.Second
	// idleInTransaction is how long a transaction of ours may do nothing. None waits for the
	// network, so one that does belongs to a process that is frozen, and holds locks.
	idleInTransaction = 30 * time.Second
)

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// InTx runs f in one transaction, rolled back when f fails. Behind a transaction pooler, where
// a connection cannot be told once how long to wait for locks, each transaction is, in the
// same round trip that begins it.
func InTx(ctx context.Context, pool *pgxpool.Pool, f func(tx pgx.Tx) error) error {
	options := pgx.TxOptions{}
	if pool.Config().ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeExec {
		options.BeginQuery = "BEGIN; SET LOCAL lock_timeout = " + milliseconds(lockTimeout)
	}
	return pgx.BeginTxFunc(ctx, pool, options, f)
}
