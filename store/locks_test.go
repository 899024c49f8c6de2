package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

// opened is a pool as a worker has it.
func opened(t *testing.T, o store.Options) *pgxpool.Pool {
	t.Helper()
	o.URL = storetest.New(t).Config().ConnString()
	pool, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Ensure that nothing of ours waits for ever for a row that somebody has locked, behind a
// transaction pooler too, and that migrations do.
func TestLocksAreNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options store.Options
		want    string
	}{
		"direct":     {store.Options{MaxConnections: 2}, "5s"},
		"pooled":     {store.Options{MaxConnections: 2, Pooled: true}, "5s"},
		"migrations": {store.Options{MaxConnections: 2, Patient: true}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := opened(t, test.options)
			var got string
			err := store.InTx(t.Context(), pool, func(tx pgx.Tx) error {
				return tx.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&got)
			})
			if err != nil || got != test.want {
				t.Errorf("lock_timeout is %q (%v), want %q", got, err, test.want)
			}
		})
	}
	pool := opened(t, store.Options{MaxConnections: 2})
	ctx := t.Context()
	if _, err := pool.Exec(ctx, "CREATE TABLE held (id int); INSERT INTO held VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(ctx)) })
	if _, err := tx.Exec(ctx, "UPDATE held SET id = 2"); err != nil {
		t.Fatal(err)
	}
	_, err = pool.Exec(ctx, "UPDATE held SET id = 3")
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "55P03" {
		t.Errorf("the second to change the row got %v, want that it gives up", err)
	}
}
