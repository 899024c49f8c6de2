package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// openDatabase connects to the migrated database of the environment.
func openDatabase(ctx context.Context, environ []string) (*pgxpool.Pool, error) {
	cfg, err := config.LoadDatabase(environ)
	if err != nil {
		return nil, err
	}
	pool, err := store.Open(ctx, store.Options{
		URL: cfg.DatabaseURL.Reveal(), Application: "bravorevos-enqueue", Pooled: cfg.PollOnly,
		MaxConnections: 2, // the walk is one connection; the workers need the rest
	})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(migrations.Check(ctx, pool), queue.SetClock(ctx, pool)); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// checkScope refuses a campaign or client that does not exist: a mistyped id would
// look like a backfill with nothing to do.
func checkScope(ctx context.Context, db store.DBTX, q *store.Queries, f filter) error {
	if f.campaign != nil {
		switch exists, err := q.CampaignExists(ctx, db, *f.campaign); {
		case err != nil:
			return fmt.Errorf("look for campaign %s: %w", f.campaign, err)
		case !exists:
			return fmt.Errorf("--campaign: there is no campaign %s", f.campaign)
		}
	}
	if f.client != nil {
		switch exists, err := q.ClientExists(ctx, db, *f.client); {
		case err != nil:
			return fmt.Errorf("look for client %s: %w", f.client, err)
		case !exists:
			return fmt.Errorf("--client: there is no client %s", f.client)
		}
	}
	return nil
}
