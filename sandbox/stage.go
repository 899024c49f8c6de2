package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/sandbox/postgres"
	"github.com/bravorevos/workers/sandbox/process"
)

// operator is the login of River UI.
const operator = "operator"

// options are what a stage is set up with.
type options struct {
	databaseURL string // a server to make the database on; empty: a private one
	workers     int
	verbose     bool // the workers' logs go to the terminal
}

// stage is all that runs at once: Postgres, the pretend world, the real worker.
type stage struct {
	options

	world   world
	outside *outside

	server       *postgres.Server
	databaseName string
	databaseURL  string
	pool         *pgxpool.Pool

	dir, binary string // of the worker
	workers     []*process.Worker
	keepLogs    bool

	webhookSecret, webhookKey, cronSecret, password string

	leaving  chan struct{} // closed when the world ends
	arriving sync.WaitGroup
}

// raise starts everything in one straight line. The late comments begin to arrive
// when the workers are ready. On an error nothing is left running.
func raise(ctx context.Context, o options, out *screen) (_ *stage, err error) {
	s := &stage{
		options: o, world: newWorld(), leaving: make(chan struct{}),
		webhookSecret: rand.Text(), webhookKey: newKey(), cronSecret: rand.Text(), password: rand.Text(),
	}
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx) // what broke off then is of no interest
		}
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "bravorevos-sandbox-"); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}

	start := time.Now()
	given := cmp.Or(o.databaseURL, os.Getenv("DATABASE_URL"))
	if s.server, err = postgres.Start(ctx, postgres.Options{URL: given, Log: os.Stderr}); err != nil {
		return nil, err
	}
	s.databaseName = "bravorevos_sandbox_" + strings.ToLower(rand.Text()[:10])
	if s.databaseURL, err = s.server.CreateDatabase(ctx, s.databaseName); err != nil {
		return nil, err
	}
	where := "a new database on the given server"
	if s.server.Owned() {
		where = s.server.Binaries()
	}
	out.step("postgres", where, start)

	start = time.Now()
	if s.binary, err = process.BuildWorker(ctx, s.dir); err != nil {
		return nil, err
	}
	out.step("worker", "built from "+process.WorkerPackage, start)

	if s.outside, err = newOutside(ctx, s.webhookSecret); err != nil {
		return nil, err
	}
	start = time.Now()
	migrate := exec.CommandContext(ctx, s.binary, "migrate", "up")
	migrate.Env = process.Environ(s.environment())
	if said, err := migrate.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("worker migrate up: %w\n%s", err, said)
	}
	if s.pool, err = pgxpool.New(ctx, s.databaseURL); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	out.step("schema", "migrated with the worker itself", start)

	start = time.Now()
	s.world.populate(s.outside.unipile)
	s.outside.misbehave()
	if err := seed(ctx, s.pool, s.outside.receiverURL+leadsPath); err != nil {
		return nil, err
	}
	out.step("world", fmt.Sprintf("1 post, %d comments, %d more to come; 3 notifications",
		len(s.world.early), len(s.world.late)), start)

	start = time.Now()
	for i := range o.workers {
		w, err := s.startWorker(ctx, fmt.Sprintf("worker-%d", i+1))
		if err != nil {
			return nil, err
		}
		s.workers = append(s.workers, w)
	}
	for _, w := range s.workers {
		if err := w.Ready(ctx); err != nil {
			return nil, errors.Join(err, s.logs())
		}
	}
	out.step("running", fmt.Sprintf("worker processes: %d", o.workers), start)
	s.arriving.Go(func() { s.world.arrive(s.leaving, s.outside.unipile, lateCommentEvery) })
	return s, nil
}

// lateCommentEvery lets the late comments fall between several polls.
const lateCommentEvery = 300 * time.Millisecond

// close ends what raise started, in reverse, and says what did not end well.
func (s *stage) close() error {
	var problems []error
	stops := make([]error, len(s.workers))
	var stopping sync.WaitGroup
	for i, w := range s.workers {
		stopping.Go(func() { stops[i] = w.Stop() })
	}
	stopping.Wait()
	problems = append(problems, stops...)
	close(s.leaving)
	s.arriving.Wait()
	if s.outside != nil {
		s.outside.close()
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.server != nil {
		// Whatever ended the demo must not keep its database from being dropped.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if s.databaseURL != "" {
			problems = append(problems, s.server.DropDatabase(ctx, s.databaseName))
		}
		problems = append(problems, s.server.Stop())
	}
	if s.keepLogs {
		problems = append(problems, os.Remove(s.binary))
	} else if s.dir != "" {
		problems = append(problems, os.RemoveAll(s.dir))
	}
	return errors.Join(problems...)
}

// logs is an error that shows how the workers' logs end and where they are. They
// are kept.
func (s *stage) logs() error {
	if s.verbose || len(s.workers) == 0 {
		return nil
	}
	s.keepLogs = true
	var problems []error
	for _, w := range s.workers {
		problems = append(problems, fmt.Errorf("the log of %s is in %s, the last of it:\n%s", w.Name, w.Log, process.Telling(w.Log, 15)))
	}
	return errors.Join(problems...)
}

// page is an address to look at.
type page struct{ name, url, user, password string }

// pages are what there is to look at while it runs.
func (s *stage) pages() []page {
	w := s.workers[0]
	return []page{
		{"River UI", w.URL + "/riverui/", operator, s.password},
		{"Metrics", w.URL + "/metrics", "", ""},
		{"Health", w.URL + "/healthz", "", ""},
		{"Pretend Unipile", s.outside.controlURL + "/unipile/traffic", "", ""},
		{"Pretend Resend", s.outside.controlURL + "/resend/traffic", "", ""},
		{"Webhook receiver", s.outside.controlURL + "/receiver/traffic", "", ""},
	}
}
