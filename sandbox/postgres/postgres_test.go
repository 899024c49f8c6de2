package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// start runs a private cluster that ends with the test.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

// query runs one statement and returns the first column of its first row.
func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("query %q: %v", sql, err)
	}
	return v
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("execute %q: %v", sql, err)
	}
}

// listens reports whether anything accepts connections at a server's address.
func listens(t *testing.T, url string) bool {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatalf("parse url: %v", err)
	}
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.ParseIP(config.Host), Port: int(config.Port)})
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// Ensure a started server answers with the settings promised, and that Stop
// leaves neither a listener nor a directory and may be called again.
func TestStartAndStop(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Settings: map[string]string{"max_connections": "17"}})
	if !s.Owned() || s.Binaries() == "" {
		t.Errorf("owned %v, binaries %q; want true and a place", s.Owned(), s.Binaries())
	}
	got := map[string]string{}
	for _, name := range []string{"server_encoding", "fsync", "listen_addresses", "max_connections"} {
		got[name] = query[string](t, s.URL(), "SHOW "+name)
	}
	want := map[string]string{
		"server_encoding": "UTF8", "fsync": "off", "listen_addresses": "127.0.0.1", "max_connections": "17",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}

	dir := filepath.Dir(query[string](t, s.URL(), "SHOW data_directory"))
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Fatalf("stop: %v", err)
		}
	}
	if listens(t, s.URL()) {
		t.Error("the port still accepts connections after Stop")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("stat %s: %v, want that it does not exist", dir, err)
	}
	if err := s.Restart(t.Context()); err == nil {
		t.Error("Restart after Stop: no error")
	}
}

// Ensure programs that start together get servers of their own.
func TestStartTwice(t *testing.T) {
	t.Parallel()
	a, b := start(t, Options{}), start(t, Options{})
	execute(t, a.URL(), "CREATE TABLE only_in_a ()")
	if query[bool](t, b.URL(), "SELECT to_regclass('only_in_a') IS NOT NULL") {
		t.Error("the second server sees a table of the first")
	}
}

// Ensure a server that was given is used and outlives every call.
func TestGivenServer(t *testing.T) {
	t.Parallel()
	owner := start(t, Options{})
	s, err := Start(t.Context(), Options{URL: owner.URL()})
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	if s.Owned() || s.URL() != owner.URL() {
		t.Errorf("owned %v, url %q; want false and the url given", s.Owned(), s.URL())
	}
	if err := s.Restart(t.Context()); !errors.Is(err, errNotOwned) {
		t.Errorf("Restart: %v, want %v", err, errNotOwned)
	}
	if err := s.Kill(); !errors.Is(err, errNotOwned) {
		t.Errorf("Kill: %v, want %v", err, errNotOwned)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
	query[int](t, owner.URL(), "SELECT 1")
}

// Ensure an unreachable given server is an error, not a reason for another.
func TestGivenServerUnreachable(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	if err := s.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	if _, err := Start(t.Context(), Options{URL: s.URL()}); err == nil {
		t.Error("Start with the URL of a dead server: no error")
	}
}

func TestDatabases(t *testing.T) { //nolint:tparallel // see below
	t.Parallel()
	s := start(t, Options{})
	name := `odd "name'\ ü/?`
	//nolint:paralleltest // one after the other: both make the same database
	for kind, server := range map[string]*Server{"url": s, "keywords": {url: keywords(t, s.URL())}} {
		t.Run(kind, func(t *testing.T) {
			url, err := server.CreateDatabase(t.Context(), name)
			if err != nil {
				t.Fatalf("create: %v", err)
			}
			if got := query[string](t, url, "SELECT current_database()"); got != name {
				t.Errorf("database %q, want %q", got, name)
			}
			if _, err := server.CreateDatabase(t.Context(), name); err == nil {
				t.Error("create again: no error")
			}
			held, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatalf("connect: %v", err)
			}
			defer func() { _ = held.Close(context.Background()) }()
			for range 2 {
				if err := server.DropDatabase(t.Context(), name); err != nil {
					t.Errorf("drop: %v", err)
				}
			}
		})
	}
}

func keywords(t *testing.T, url string) string {
	t.Helper()
	c, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatalf("parse url: %v", err)
	}
	_, port, _ := strings.Cut(strings.TrimSuffix(url, "/postgres?sslmode=disable"), "127.0.0.1:")
	return "host=" + c.Host + " port=" + port + " user=postgres dbname=postgres sslmode=disable"
}

// Ensure committed data survives a restart and a crash, at the same address.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	execute(t, s.URL(), "CREATE TABLE kept AS SELECT 1 AS n")
	if err := s.Restart(t.Context()); err != nil {
		t.Fatalf("restart: %v", err)
	}
	execute(t, s.URL(), "UPDATE kept SET n = n + 1")
	if err := s.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	if listens(t, s.URL()) {
		t.Fatal("the port still accepts connections after Kill")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatalf("restart after kill: %v", err)
	}
	if n := query[int](t, s.URL(), "SELECT n FROM kept"); n != 2 {
		t.Errorf("n = %d, want 2", n)
	}
}

// Ensure a directory that was given stays, is used again, and serves one
// program at a time.
func TestGivenDirectory(t *testing.T) {
	t.Parallel()
	dir := openDirectory(t)
	s := start(t, Options{Dir: dir})
	execute(t, s.URL(), "CREATE TABLE kept ()")
	if _, err := Start(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("second start in the directory: %v, want that it is in use", err)
	}
	if err := s.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	again := start(t, Options{Dir: dir})
	if !query[bool](t, again.URL(), "SELECT to_regclass('kept') IS NOT NULL") {
		t.Error("the table is gone")
	}
}

// openDirectory is a directory that the server's account can reach, which
// t.TempDir is not for root.
func openDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "postgres-test-") //nolint:usetesting // see above
	if err != nil {
		t.Fatalf("make directory: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove directory: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatalf("open directory: %v", err)
	}
	return filepath.Join(dir, "cluster")
}

// Ensure a server that cannot start says why and leaves nothing behind.
func TestStartFailure(t *testing.T) {
	t.Parallel()
	dir := openDirectory(t)
	_, err := Start(t.Context(), Options{Dir: dir, Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("start: %v, want the setting named", err)
	}
	start(t, Options{Dir: dir}) // not locked, not half made

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{ways: []way{{"here", findAnywhere}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("start with a cancelled context: %v, want %v", err, context.Canceled)
	}
}

// Ensure a port taken between choosing and binding costs another try only, and
// that a foreign server on it is never taken for ours.
func TestPortInTheWay(t *testing.T) {
	t.Parallel()
	first := start(t, Options{})
	second := start(t, Options{})
	port := second.cluster.port
	if err := second.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	second.cluster.port = first.cluster.port
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := second.Restart(ctx); !errors.Is(err, errInTheWay) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("restart on a taken port: %v, want %v", err, errInTheWay)
	}
	second.cluster.port = port
	if err := second.Restart(t.Context()); err != nil {
		t.Errorf("restart on its own port: %v", err)
	}
}

// findAnywhere finds the machine's binaries even under a cancelled context.
func findAnywhere(_ context.Context, log io.Writer) (string, error) {
	bin, _, err := findBinaries(context.Background(), machineWays(), log)
	return bin, err
}
