// Package migrations brings a database to the shape that the workers need:
// first River's own tables, then the numbered SQL files of this folder. Both live
// in the schema workers; the producers' tables in public are only completed.
//
// It must not know what the rows mean.
package migrations

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// Schema holds River's tables and ours.
const Schema = "workers"

// lockKey is the advisory lock that lets two migrations at once run one after
// the other. The number has no meaning but must never change.
const lockKey = 7166015220

//go:embed *.sql
var files embed.FS

// ErrNotMigrated is wrapped by [Check] when the database lacks a migration.
var ErrNotMigrated = errors.New("the database is not migrated: run `worker migrate up`")

// Step is one migration and when it was applied.
type Step struct {
	Name      string
	AppliedAt time.Time // zero when pending
	Took      time.Duration
}

// Up applies what is missing and returns the steps that it took.
func Up(ctx context.Context, pool *pgxpool.Pool) ([]Step, error) {
	var steps []Step
	err := locked(ctx, pool, func() error {
		if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+Schema); err != nil {
			return fmt.Errorf("create schema %s: %w", Schema, err)
		}
		river, err := riverMigrator(pool)
		if err != nil {
			return err
		}
		done, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err != nil {
			return fmt.Errorf("migrate river: %w", err)
		}
		for _, v := range done.Versions {
			steps = append(steps, Step{Name: fmt.Sprintf("river %03d %s", v.Version, v.Name), AppliedAt: time.Now(), Took: v.Duration})
		}
		ours, closeDB, err := provider(pool)
		if err != nil {
			return err
		}
		defer closeDB()
		results, err := ours.Up(ctx)
		if err != nil {
			return fmt.Errorf("migrate up: %w", err)
		}
		steps = append(steps, fromResults(results)...)
		return nil
	})
	return steps, err
}

// Down takes back our newest migration, or all of them with River's when all is
// set. Rows of the producers and the record of what was sent are kept: see the
// notes in the SQL files.
func Down(ctx context.Context, pool *pgxpool.Pool, all bool) ([]Step, error) {
	var steps []Step
	err := locked(ctx, pool, func() error {
		if ready, err := tableExists(ctx, pool, versionTable); err != nil || !ready {
			return err // nothing was ever applied
		}
		ours, closeDB, err := provider(pool)
		if err != nil {
			return err
		}
		defer closeDB()
		if !all {
			result, err := ours.Down(ctx)
			if errors.Is(err, goose.ErrNoNextVersion) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("migrate down: %w", err)
			}
			steps = fromResults([]*goose.MigrationResult{result})
			return nil
		}
		results, err := ours.DownTo(ctx, 0)
		if err != nil {
			return fmt.Errorf("migrate down: %w", err)
		}
		steps = fromResults(results)
		river, err := riverMigrator(pool)
		if err != nil {
			return err
		}
		done, err := river.Migrate(ctx, rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: -1})
		if err != nil {
			return fmt.Errorf("migrate river down: %w", err)
		}
		for _, v := range done.Versions {
			steps = append(steps, Step{Name: fmt.Sprintf("river %03d %s", v.Version, v.Name), Took: v.Duration})
		}
		return nil
	})
	return steps, err
}

// Status lists every migration, applied or pending, and changes nothing.
func Status(ctx context.Context, pool *pgxpool.Pool) ([]Step, error) {
	river, err := riverMigrator(pool)
	if err != nil {
		return nil, err
	}
	applied := map[int]bool{}
	ready, err := tableExists(ctx, pool, Schema+".river_migration")
	if err != nil {
		return nil, err
	}
	if ready {
		versions, err := river.ExistingVersions(ctx)
		if err != nil {
			return nil, fmt.Errorf("read river's versions: %w", err)
		}
		for _, v := range versions {
			applied[v.Version] = true
		}
	}
	var steps []Step
	for _, v := range river.AllVersions() {
		step := Step{Name: fmt.Sprintf("river %03d %s", v.Version, v.Name)}
		if applied[v.Version] {
			step.AppliedAt = time.Unix(0, 0).UTC() // River keeps no time that its API tells
		}
		steps = append(steps, step)
	}
	ours, err := ourStatus(ctx, pool)
	return append(steps, ours...), err
}

func ourStatus(ctx context.Context, pool *pgxpool.Pool) ([]Step, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	applied := map[string]time.Time{}
	ready, err := tableExists(ctx, pool, versionTable)
	if err != nil {
		return nil, err
	}
	if ready {
		rows, err := pool.Query(ctx, "SELECT lpad(version_id::text, 5, '0'), tstamp::timestamptz FROM "+versionTable+
			" WHERE is_applied AND version_id > 0 ORDER BY version_id LIMIT 10000")
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", versionTable, err)
		}
		var version string
		var at time.Time
		if _, err := pgx.ForEachRow(rows, []any{&version, &at}, func() error {
			applied[version] = at
			return nil
		}); err != nil {
			return nil, fmt.Errorf("read %s: %w", versionTable, err)
		}
	}
	steps := make([]Step, 0, len(names))
	for _, name := range names {
		steps = append(steps, Step{Name: name, AppliedAt: applied[name[:5]]})
	}
	return steps, nil
}

// Check returns an error that wraps [ErrNotMigrated] and names the first missing
// migration, or nil. It is what the worker asks before it starts.
func Check(ctx context.Context, pool *pgxpool.Pool) error {
	steps, err := Status(ctx, pool)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if step.AppliedAt.IsZero() {
			return fmt.Errorf("%w (first missing: %s)", ErrNotMigrated, step.Name)
		}
	}
	return nil
}

const versionTable = Schema + ".goose_db_version"

func provider(pool *pgxpool.Pool) (*goose.Provider, func(), error) {
	// A migration that waits for a lock blocks all who come after it, the web app
	// too: better to give up and try again.
	config := pool.Config().ConnConfig
	config.RuntimeParams["lock_timeout"] = "15s"
	db := stdlib.OpenDB(*config)
	store, err := database.NewStore(goose.DialectPostgres, versionTable)
	if err != nil {
		return nil, nil, fmt.Errorf("open goose store: %w", err)
	}
	p, err := goose.NewProvider("", db, files, goose.WithStore(store))
	if err != nil {
		return nil, nil, fmt.Errorf("open goose provider: %w", err)
	}
	return p, func() { _ = p.Close() }, nil
}

func riverMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	// River reports each of its steps at Info; ours are reported by the caller.
	quiet := slog.New(slog.DiscardHandler)
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: Schema, Logger: quiet})
	if err != nil {
		return nil, fmt.Errorf("open river migrator: %w", err)
	}
	return m, nil
}

// locked runs f while this process holds the migration lock. The lock belongs to
// a session, so it needs a direct connection, not a transaction pooler.
func locked(ctx context.Context, pool *pgxpool.Pool, f func() error) error {
	// A connection of its own: several waiting for the lock would otherwise leave
	// none in the pool for the one who has it.
	conn, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to migrate: %w", err)
	}
	// Closing the session gives the lock back, also when ctx was cancelled.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey); err != nil {
		return fmt.Errorf("take the migration lock: %w", err)
	}
	if err := f(); err != nil {
		pgErr, _ := errors.AsType[*pgconn.PgError](err)
		switch {
		case pgErr != nil && pgErr.Code == "42501":
			return fmt.Errorf("%w (the role of DATABASE_URL must own the producers' tables: on Supabase use the role postgres)", err)
		case pgErr != nil && pgErr.Code == "55P03":
			return fmt.Errorf("%w (a long transaction holds a table: end it or try again)", err)
		}
		return err
	}
	return nil
}

func tableExists(ctx context.Context, pool *pgxpool.Pool, name string) (bool, error) {
	var exists bool
	if err := pool.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&exists); err != nil {
		return false, fmt.Errorf("look for table %s: %w", name, err)
	}
	return exists, nil
}

func fromResults(results []*goose.MigrationResult) []Step {
	steps := make([]Step, 0, len(results))
	for _, r := range results {
		steps = append(steps, Step{Name: r.Source.Path, AppliedAt: time.Now(), Took: r.Duration})
	}
	return steps
}

// Fingerprint changes whenever a migration does; tests name their template
// database by it.
func Fingerprint() (string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", fmt.Errorf("list migrations: %w", err)
	}
	h := sha256.New()
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read migration %s: %w", name, err)
		}
		h.Write(content)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
