// Package storetest gives each test a Postgres database of its own, cloned from a
// migrated template on a real server. Only tests may import it.
package storetest

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // pgtestdb opens databases by the driver name "pgx"
	"github.com/peterldowns/pgtestdb"
	"go.uber.org/goleak"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/sandbox/postgres"
)

//go:embed testdata/legacy_supabase.sql
var legacy string

// Main runs the tests of a package, stops the server that they used and reports
// goroutines that they left. Call it from TestMain.
func Main(m *testing.M, leaks ...goleak.Option) {
	code := m.Run()
	if server, err := start(); err == nil {
		_ = server.Stop()
	}
	if code == 0 {
		if err := goleak.Find(leaks...); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines left behind:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// start brings the server of this test binary up: the one of DATABASE_URL, else a
// private one. Without make every binary has its own.
//
//nolint:gochecknoglobals // one server a test binary; tests have no place to hand it over
var start = sync.OnceValues(func() (*postgres.Server, error) {
	return postgres.Start(context.Background(), postgres.Options{URL: os.Getenv("DATABASE_URL"), Log: os.Stderr})
})

// New returns a migrated, empty database. Its role owns it and is no superuser.
func New(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return open(tb, pgtestdb.DefaultRole(), migrated{})
}

// Empty returns a database without any table.
func Empty(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return open(tb, pgtestdb.DefaultRole(), pgtestdb.NoopMigrator{})
}

// Legacy returns a database as producers left it before the workers existed, not
// yet migrated. Its role is a superuser, so that tests can SET ROLE.
func Legacy(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return open(tb, pgtestdb.Role{
		Username: "workers_legacy_test", Password: "legacy", Capabilities: "SUPERUSER",
	}, producers{})
}

// ServerURL is the address of the server, for tests of whole programs.
func ServerURL(tb testing.TB) string {
	tb.Helper()
	server, err := start()
	if err != nil {
		tb.Fatal(err)
	}
	return server.URL()
}

func open(tb testing.TB, role pgtestdb.Role, migrator pgtestdb.Migrator) *pgxpool.Pool {
	tb.Helper()
	u, err := url.Parse(ServerURL(tb))
	if err != nil {
		tb.Fatal(err)
	}
	password, _ := u.User.Password()
	conf := pgtestdb.Custom(quiet{tb}, pgtestdb.Config{
		DriverName: "pgx", Host: u.Hostname(), Port: u.Port(), User: u.User.Username(), Password: password,
		Database: "postgres", Options: u.RawQuery, TestRole: &role, ForceTerminateConnections: true,
	}, migrator)
	pool, err := pgxpool.New(tb.Context(), conf.URL())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// quiet drops pgtestdb's line about each database.
type quiet struct{ testing.TB }

func (quiet) Logf(string, ...any) {}

// migrated is a database as `worker migrate up` leaves it.
type migrated struct{}

func (migrated) Hash() (string, error) { return migrations.Fingerprint() }

func (migrated) Migrate(ctx context.Context, _ *sql.DB, conf pgtestdb.Config) error {
	pool, err := pgxpool.New(ctx, conf.URL())
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = migrations.Up(ctx, pool)
	return err
}

// producers is the legacy fixture. Its roles are global to the server, and made
// under a lock, because several test binaries may do it at once.
type producers struct{}

func (producers) Hash() (string, error) { return fmt.Sprintf("legacy_%d", len(legacy)), nil }

func (producers) Migrate(ctx context.Context, _ *sql.DB, conf pgtestdb.Config) error {
	conn, err := pgx.Connect(ctx, conf.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(7166015221)"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, legacy)
	return err
}
