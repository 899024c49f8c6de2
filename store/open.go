package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say how to connect.
type Options struct {
	URL            string // postgres://…; never quoted in an error
	Application    string // shown in pg_stat_activity
	MaxConnections int32
	// Pooled means that the URL leads to a transaction pooler, which knows no
	// prepared statements and no start-up parameters.
	Pooled bool
	// Patient connections wait for locks as long as it takes, as migrations must.
	Patient bool
}

// Open connects to a database and makes sure that it answers.
func Open(ctx context.Context, o Options) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL: is not a valid Postgres URL") // the cause would quote it
	}
	pc.MaxConns = o.MaxConnections
	pc.ConnConfig.Tracer = newShares(o.MaxConnections)
	if o.Pooled {
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		// Without preparing, pgx must know by itself which type a list of ids is.
		pc.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
			conn.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
			return nil
		}
	} else {
		pc.ConnConfig.RuntimeParams["application_name"] = o.Application
		if !o.Patient {
			pc.ConnConfig.RuntimeParams["lock_timeout"] = milliseconds(lockTimeout)
			pc.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(idleInTransaction)
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pingCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := pool.Ping(pingCtx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("DATABASE_URL: cannot connect to the database at %s:%d: %w", pc.ConnConfig.Host, pc.ConnConfig.Port, err)
	}
	return pool, nil
}
