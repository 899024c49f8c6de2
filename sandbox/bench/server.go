package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/sandbox/postgres"
	"github.com/bravorevos/workers/sandbox/process"
)

// durable are the settings of the private server. A commit waits for the disk, as in
// production; the rest lets a run end without a checkpoint of its own in the middle.
func durable() map[string]string {
	return map[string]string{
		"fsync":              "on",
		"full_page_writes":   "on",
		"synchronous_commit": "on",
		"shared_buffers":     "512MB",
		"max_wal_size":       "4GB",
		"checkpoint_timeout": "15min",
	}
}

// server is the Postgres that everything is measured on, with databases of its own.
type server struct {
	postgres   *postgres.Server
	control    *pgxpool.Pool // to a database that nothing is measured in
	base       string        // begins the name of every database
	made       []string
	postmaster int  // its process; 0: not on this machine
	counted    bool // pg_stat_statements is there
	databases  int
}

// startServer uses the server of databaseURL, or starts a private one in dir.
func startServer(ctx context.Context, databaseURL, dir string, more map[string]string, log io.Writer) (_ *server, err error) {
	s := &server{base: "bravorevos_bench_" + strings.ToLower(rand.Text()[:8])}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	settings := durable()
	settings["shared_preload_libraries"] = "pg_stat_statements"
	maps.Copy(settings, more)
	o := postgres.Options{URL: databaseURL, Dir: dir, Log: log, Settings: settings}
	s.postgres, err = postgres.Start(ctx, o)
	if err != nil && strings.Contains(err.Error(), "pg_stat_statements") {
		delete(settings, "shared_preload_libraries") // not every package of Postgres brings it
		s.postgres, err = postgres.Start(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	control, err := s.postgres.CreateDatabase(ctx, s.base)
	if err != nil {
		return nil, err
	}
	s.made = append(s.made, s.base)
	if s.control, err = pgxpool.New(ctx, control); err != nil {
		return nil, fmt.Errorf("connect to postgres: %w", err)
	}
	if err := s.refuseUnsafe(ctx); err != nil {
		return nil, err
	}
	_, err = s.control.Exec(ctx, "CREATE EXTENSION pg_stat_statements")
	if err == nil {
		// It can be there and not be loaded.
		_, err = s.control.Exec(ctx, "SELECT FROM pg_stat_statements LIMIT 1")
	}
	s.counted = err == nil
	return s, s.findPostmaster(ctx)
}

// refuseUnsafe wants commits that wait for the disk: figures without that flatter.
func (s *server) refuseUnsafe(ctx context.Context) error {
	settings, err := s.settings(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"fsync", "synchronous_commit"} {
		if settings[name] != "on" {
			return fmt.Errorf("the server has %s = %s: figures are worth something only with on", name, settings[name])
		}
	}
	return nil
}

// findPostmaster looks for the parent of the process that serves us.
func (s *server) findPostmaster(ctx context.Context) error {
	conn, err := s.control.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to postgres: %w", err)
	}
	defer conn.Release()
	var pid int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return fmt.Errorf("ask postgres for its process: %w", err)
	}
	backend, err := readStat(pid)
	if err != nil || !strings.HasPrefix(backend.name, "postgres") {
		return nil // on another machine, or not Linux: its CPU stays unknown
	}
	s.postmaster = backend.parent
	return nil
}

// settings are those that decide what the figures are worth.
func (s *server) settings(ctx context.Context) (map[string]string, error) {
	rows, err := s.control.Query(ctx, `
SELECT name, current_setting(name) AS value
FROM pg_settings
WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'wal_sync_method', 'wal_compression', 'shared_buffers',
    'max_wal_size', 'checkpoint_timeout', 'max_connections', 'autovacuum', 'shared_preload_libraries', 'jit')`)
	if err != nil {
		return nil, fmt.Errorf("read settings of postgres: %w", err)
	}
	settings := map[string]string{}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		settings[name] = value
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read settings of postgres: %w", err)
	}
	return settings, nil
}

func (s *server) version(ctx context.Context) (version string, err error) {
	if err := s.control.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return "", fmt.Errorf("read version of postgres: %w", err)
	}
	return version, nil
}

// commitTime is how long a transaction of one small row takes: what the disk allows.
func (s *server) commitTime(ctx context.Context) (time.Duration, error) {
	if _, err := s.control.Exec(ctx, "CREATE TABLE IF NOT EXISTS commits (n integer)"); err != nil {
		return 0, fmt.Errorf("measure a commit: %w", err)
	}
	var took []time.Duration
	for n := range 100 {
		began := time.Now()
		if _, err := s.control.Exec(ctx, "INSERT INTO commits VALUES ($1)", n); err != nil {
			return 0, fmt.Errorf("measure a commit: %w", err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return percentile(took, 50), nil
}

// stop drops the databases, and ends a server that was started here.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // whatever ended the bench
	defer cancel()
	if s.control != nil {
		s.control.Close()
	}
	if s.postgres == nil {
		return nil
	}
	var problems []error
	if !s.postgres.Owned() {
		for _, name := range s.made {
			problems = append(problems, s.postgres.DropDatabase(ctx, name))
		}
	}
	return errors.Join(append(problems, s.postgres.Stop())...)
}

// template makes the database that the others are copies of, with the worker's own
// migrations.
func (s *server) template(ctx context.Context, binary string) error {
	name := s.base + "_template"
	url, err := s.postgres.CreateDatabase(ctx, name)
	if err != nil {
		return err
	}
	s.made = append(s.made, name)
	migrate := exec.CommandContext(ctx, binary, "migrate", "up")
	migrate.Env = process.Environ(map[string]string{"DATABASE_URL": url})
	if said, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("worker migrate up: %w\n%s", err, said)
	}
	return nil
}

// database is a fresh one for one measurement.
type database struct {
	server *server
	name   string
	url    string
	pool   *pgxpool.Pool
	asked  atomic.Int64 // statements of this program, each a transaction
}

// database makes a copy of the template.
func (s *server) database(ctx context.Context) (*database, error) {
	return s.open(ctx, func(name string) (string, error) {
		return s.postgres.CopyDatabase(ctx, name, s.base+"_template")
	})
}

// empty makes a database without tables.
func (s *server) empty(ctx context.Context) (*database, error) {
	return s.open(ctx, func(name string) (string, error) { return s.postgres.CreateDatabase(ctx, name) })
}

func (s *server) open(ctx context.Context, create func(name string) (url string, err error)) (*database, error) {
	// So that none begins with a disk that is busy with what the one before has written. Its own
	// pages are younger, and no checkpoint makes Postgres log them whole.
	_, _ = s.control.Exec(ctx, "CHECKPOINT") // not everybody may
	s.databases++
	name := fmt.Sprintf("%s_%d", s.base, s.databases)
	url, err := create(name)
	if err != nil {
		return nil, err
	}
	s.made = append(s.made, name)
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read address of database: %w", err)
	}
	config.MaxConns = producers + 4
	d := &database{server: s, name: name, url: url}
	if d.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	return d, nil
}

func (d *database) drop(ctx context.Context) error {
	d.pool.Close()
	s := d.server
	s.made = slices.DeleteFunc(s.made, func(name string) bool { return name == d.name })
	return s.postgres.DropDatabase(context.WithoutCancel(ctx), d.name)
}

// sent are the rows that are delivered as the database has it, but for those to one URL.
func (d *database) sent(ctx context.Context, but string) ([]uuid.UUID, error) {
	d.asked.Add(1)
	rows, err := d.pool.Query(ctx, "SELECT id FROM webhook_logs WHERE status = 'sent' AND webhook_url <> $1", but)
	if err != nil {
		return nil, fmt.Errorf("read what is sent: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read what is sent: %w", err)
	}
	return ids, nil
}

// recordPatience is what the last webhooks that arrived have until their rows say so.
const recordPatience = 10 * time.Second

// waitSent waits until every row is sent, as the database has it, but for those to one URL.
// What the rows say in the end is compared when no worker runs.
func (d *database) waitSent(ctx context.Context, but string) error {
	for deadline := time.Now().Add(recordPatience); time.Now().Before(deadline); {
		var waiting bool
		d.asked.Add(1)
		err := d.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM webhook_logs
			WHERE status IS DISTINCT FROM 'sent' AND webhook_url <> $1)`, but).Scan(&waiting)
		if err != nil {
			return fmt.Errorf("wait until all rows are sent: %w", err)
		}
		if !waiting {
			return nil
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// snapshot is what was used up to a moment.
type snapshot struct {
	at            time.Time
	wal           int64
	statements    int64
	commits       int64         // as far as Postgres has heard of them
	worker        time.Duration // CPU
	postgres      time.Duration // CPU
	workerKnown   bool
	postgresKnown bool
}

// snapshot asks what was used so far.
func (d *database) snapshot(ctx context.Context, workers []*process.Worker) (snapshot, error) {
	s := snapshot{at: time.Now()}
	s.workerKnown = len(workers) > 0
	for _, w := range workers {
		cpu, err := treeCPU(w.ID())
		s.worker += cpu
		s.workerKnown = s.workerKnown && err == nil
	}
	if d.server.postmaster != 0 {
		var err error
		s.postgres, err = treeCPU(d.server.postmaster)
		s.postgresKnown = err == nil
	}
	// What is inserted, not what is written: some of it is in a buffer yet.
	err := d.server.control.QueryRow(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").Scan(&s.wal)
	if err != nil {
		return s, fmt.Errorf("read position of the log: %w", err)
	}
	if d.server.counted {
		err := d.server.control.QueryRow(ctx, `SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
			WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1)`, d.name).Scan(&s.statements)
		if err != nil {
			return s, fmt.Errorf("count statements: %w", err)
		}
		s.statements -= d.asked.Load()
	}
	s.commits, err = d.commits(ctx)
	return s, err
}

// commits counts transactions, without those of this program. Postgres tells of them late:
// a session does so when it ends, and else after up to ten seconds.
func (d *database) commits(ctx context.Context) (n int64, err error) {
	err = d.server.control.QueryRow(ctx,
		"SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", d.name).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count transactions: %w", err)
	}
	return n - d.asked.Load(), nil
}

// per adds what was used between two snapshots, for each of n, or each thousand.
func (f figures) per(n float64, from, to snapshot, counted bool) {
	if n == 0 {
		return
	}
	f[wal] = float64(to.wal-from.wal) / n
	if counted {
		f[statements] = float64(to.statements-from.statements) / n * 1000
	}
	if from.postgresKnown && to.postgresKnown {
		f[serverCPU] = (to.postgres - from.postgres).Seconds() / n * 1000
	}
	if from.workerKnown && to.workerKnown {
		f[workerCPU] = (to.worker - from.worker).Seconds() / n * 1000
		if _, known := f[serverCPU]; known {
			f[bothCPU] = f[workerCPU] + f[serverCPU]
		}
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// within waits for a channel to be closed, and tells whether it was in time.
func within(ctx context.Context, c <-chan struct{}, d time.Duration) (bool, error) {
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-c:
		return true, nil
	case <-time.After(d):
		return false, nil
	}
}
