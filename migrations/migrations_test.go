package migrations_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// Ensure up, down and up again work on both kinds of database, and lose no row.
func TestUpDownUp(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) *pgxpool.Pool{
		"EmptyDatabase":  storetest.Empty,
		"LegacyDatabase": storetest.Legacy,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := database(t)
			before := counts(t, pool)
			for _, step := range []string{"up", "down", "up"} {
				if step == "down" {
					if _, err := migrations.Down(t.Context(), pool, true); err != nil {
						t.Fatalf("down: %v", err)
					}
					if err := migrations.Check(t.Context(), pool); !errors.Is(err, migrations.ErrNotMigrated) {
						t.Errorf("check after down: %v, want ErrNotMigrated", err)
					}
				} else {
					if _, err := migrations.Up(t.Context(), pool); err != nil {
						t.Fatalf("up: %v", err)
					}
					if err := migrations.Check(t.Context(), pool); err != nil {
						t.Errorf("check after up: %v", err)
					}
				}
				after := counts(t, pool)
				for table, n := range before {
					if after[table] != n {
						t.Errorf("after %s: %s has %d rows, had %d", step, table, after[table], n)
					}
				}
			}
		})
	}
}

// Ensure taking everything back keeps the record of who was written to, which
// alone keeps a later worker from writing again.
func TestDownKeepsLedger(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	exec(t, pool, `INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body, state)
		VALUES ('a', gen_random_uuid(), 'first_dm', 'ACoAAperson', 'Hi', 'sent')`)
	if _, err := migrations.Down(t.Context(), pool, true); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM workers.messages").Scan(&n); err != nil || n != 1 {
		t.Errorf("ledger has %d rows (%v), want 1", n, err)
	}
}

// Ensure one step down is one migration.
func TestDownOne(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	steps, err := migrations.Down(t.Context(), pool, false)
	if err != nil || len(steps) != 1 {
		t.Fatalf("down: %d steps, %v", len(steps), err)
	}
	pending := 0
	status, err := migrations.Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range status {
		if s.AppliedAt.IsZero() {
			pending++
		}
	}
	if pending != 1 {
		t.Errorf("%d pending, want 1", pending)
	}
}

// Ensure two deployments that migrate at once do not trip over each other.
func TestUpAtOnce(t *testing.T) {
	t.Parallel()
	pool := storetest.Empty(t)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { _, errs[i] = migrations.Up(t.Context(), pool) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// Ensure a database without any of it says what to do.
func TestCheckEmpty(t *testing.T) {
	t.Parallel()
	err := migrations.Check(t.Context(), storetest.Empty(t))
	if !errors.Is(err, migrations.ErrNotMigrated) {
		t.Errorf("check: %v, want ErrNotMigrated", err)
	}
}

// Ensure the constraints of an existing database let our values in and still keep
// nonsense out.
func TestLegacyConstraintsWidened(t *testing.T) {
	t.Parallel()
	pool := legacyMigrated(t)
	for _, status := range []string{"not_connected", "opted_out", "expired", "dm_sent", "completed"} {
		exec(t, pool, "UPDATE leads SET status = $1, source = 'comment_trigger'", status)
	}
	exec(t, pool, "UPDATE leads SET source = 'manual'")
	exec(t, pool, "UPDATE leads SET status = NULL, source = NULL")
	for _, bad := range []string{"UPDATE leads SET status = 'nonsense'", "UPDATE leads SET source = 'nonsense'"} {
		if _, err := pool.Exec(t.Context(), bad); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

// Ensure updated_at is kept on every table that has it.
func TestUpdatedAt(t *testing.T) {
	t.Parallel()
	pool := legacyMigrated(t)
	for _, table := range []string{"campaigns", "leads", "notifications", "posts", "scrape_jobs", "users"} {
		exec(t, pool, "UPDATE "+table+" SET updated_at = '2001-01-01'")
		var stale int
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table+" WHERE updated_at < '2002-01-01'").Scan(&stale); err != nil {
			t.Fatal(err)
		}
		if stale != 0 {
			t.Errorf("%s: updated_at of %d rows was not kept", table, stale)
		}
	}
}

func legacyMigrated(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := storetest.Legacy(t)
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

// counts maps each table of public to its number of rows.
func counts(t *testing.T, pool *pgxpool.Pool) map[string]int {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, table := range tables {
		var c int
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM public."+pgx.Identifier{table}.Sanitize()).Scan(&c); err != nil {
			t.Fatal(err)
		}
		n[table] = c
	}
	return n
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Ensure no table is renamed, and none of ours lands where Supabase's web API
// would show it.
func TestNothingOfOursInPublic(t *testing.T) {
	t.Parallel()
	pool := storetest.Legacy(t)
	before := counts(t, pool)
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	before["webhook_logs"] = 0 // the one contract table that the fixture lacks
	if diff := cmp.Diff(before, counts(t, pool)); diff != "" {
		t.Errorf("tables of public (-want +got):\n%s", diff)
	}
}
