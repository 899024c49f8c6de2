package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/store"
)

// openDatabase connects to the migrated database of the environment.
func openDatabase(ctx context.Context, environ []string) (*pgxpool.Pool, error) {
	cfg, err := config.LoadDatabase(environ)
	if err != nil {
		return nil, err
	}
	pc, err := pgxpool.ParseConfig(cfg.DatabaseURL.Reveal())
	if err != nil {
		return nil, errors.New("DATABASE_URL: is not a valid Postgres URL") // the cause would quote it
	}
	pc.MaxConns = 2 // the walk is one connection; the workers need the rest
	pc.ConnConfig.RuntimeParams["application_name"] = "bravorevos-enqueue"
	if cfg.PollOnly {
		// A transaction pooler knows no prepared statements and no start-up parameters.
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		delete(pc.ConnConfig.RuntimeParams, "application_name")
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pingCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := pool.Ping(pingCtx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("DATABASE_URL: the database at %s:%d does not answer: %w", pc.ConnConfig.Host, pc.ConnConfig.Port, err)
	}
	if err := migrations.Check(ctx, pool); err != nil {
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
