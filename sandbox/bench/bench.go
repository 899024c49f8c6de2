// Package bench measures the real worker binary on a real Postgres, as it is run in
// production, beside what River alone can do there in the same run: it writes rows as
// producers do, and takes what arrives in receivers of its own. "go run ./sandbox bench
// --help" says what is measured and how.
//
// It must not import the product's packages: it knows the worker by its binary, its
// environment and its tables. It must not call a figure good that was had by losing a row:
// every case compares the rows with what arrived.
package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bravorevos/workers/sandbox/process"
)

// Options say what to measure and how large. The report holds them, but for those that
// name a place.
type Options struct {
	DatabaseURL string            `json:"-"`         // a server to make databases on; empty: a private one
	Dir         string            `json:"-"`         // of the private server; empty: a temporary one
	Settings    map[string]string `json:"settings"`  // of the private server, which win
	JSON        string            `json:"-"`         // a file to write the report to
	Scenarios   []string          `json:"scenarios"` // empty: all, of which the long ones run once
	Case        string            `json:"case"`      // only cases whose name holds it
	Runs        int               `json:"runs"`

	Rows        int           `json:"rows"`     // of a drain
	Limit       time.Duration `json:"limit_ns"` // of a drain; the rate is then that of what arrived in it
	NoopJobs    int           `json:"noop_jobs"`
	Backlog     int           `json:"backlog"`         // rows of the scenario of that name
	BacklogTime time.Duration `json:"backlog_time_ns"` // how long it is followed
	Rates       []int         `json:"rates"`           // rows a second
	Length      time.Duration `json:"length_ns"`       // of a rate
	Hanging     int           `json:"hanging"`         // rows a second, of ten receivers
	HangingTime time.Duration `json:"hanging_time_ns"`
	Idle        time.Duration `json:"idle_ns"`

	Out io.Writer `json:"-"` // the tables
	Log io.Writer `json:"-"` // progress
}

// defaults are those of "make bench": all of it in about ten minutes.
func defaults() Options {
	return Options{
		Runs: 3, Rows: 20_000, Limit: 10 * time.Second, NoopJobs: 60_000, Backlog: 200_000, BacklogTime: 20 * time.Second,
		Rates: []int{200, 1000}, Length: 6 * time.Second, Hanging: 500, HangingTime: 10 * time.Second, Idle: time.Minute,
	}
}

func (o Options) check() error {
	for name, n := range map[string]int{
		"runs": o.Runs, "rows": o.Rows, "noop-jobs": o.NoopJobs, "backlog": o.Backlog, "hanging": o.Hanging,
	} {
		if n < 1 {
			return fmt.Errorf("--%s must be 1 or more", name)
		}
	}
	for name, d := range map[string]time.Duration{
		"limit": o.Limit, "backlog-time": o.BacklogTime, "length": o.Length, "hanging-time": o.HangingTime, "idle": o.Idle,
	} {
		if d < time.Second {
			return fmt.Errorf("--%s must be 1s or more", name)
		}
	}
	if len(o.Rates) == 0 || slices.Min(o.Rates) < 1 {
		return errors.New("--rates must be 1 or more, with commas between")
	}
	for _, name := range o.Scenarios {
		if !slices.ContainsFunc(scenarios(), func(s scenario) bool { return s.name == name }) {
			return fmt.Errorf("there is no scenario %q: see --help", name)
		}
	}
	return nil
}

// bench is one run of the program.
type bench struct {
	Options

	server  *server
	dir     string // of the worker and its logs
	binary  string
	secret  string
	started int // workers

	keepLogs bool // something in them may explain what was noticed
	began    time.Time
	run      int // from 1
	noop     float64
	report   *Report
}

// settle is how long a worker that is ready has to begin what it does at its start.
const settle = 500 * time.Millisecond

// errWrong is the end of a bench that lost a row, delivered one twice, or the like.
var errWrong = errors.New("the worker did something wrong: see the problems above")

// Run measures and writes the report.
func Run(ctx context.Context, o Options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	b := &bench{Options: o, secret: "secret-of-the-bench-0123456789", began: time.Now()}
	defer func() {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // what broke off then is of no interest
		}
	}()
	if b.dir, err = os.MkdirTemp("", "bravorevos-bench-"); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	defer func() {
		if b.keepLogs {
			b.sayf("the workers' logs are in %s", b.dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(b.dir))
	}()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.stop()) }()
	if err := b.runAll(ctx); err != nil {
		return err
	}
	b.report.finish(time.Since(b.began))
	b.report.print(o.Out)
	if o.JSON != "" {
		if err := b.report.write(o.JSON); err != nil {
			return err
		}
	}
	if !b.report.ok() {
		return errWrong
	}
	return nil
}

// prepare gets a Postgres, builds the worker and lets it make the schema.
func (b *bench) prepare(ctx context.Context) (err error) {
	b.sayf("starting Postgres")
	if b.server, err = startServer(ctx, b.DatabaseURL, b.Dir, b.Settings, b.Log); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.server.stop())
		}
	}()
	b.sayf("building %s", process.WorkerPackage)
	if b.binary, err = process.BuildWorker(ctx, b.dir); err != nil {
		return err
	}
	if err := b.server.template(ctx, b.binary); err != nil {
		return err
	}
	b.report = &Report{Taken: b.began.UTC(), Machine: readMachine(), Versions: readVersions(ctx), Options: b.Options}
	p := &b.report.Postgres
	p.Private, p.CountsStatements = b.server.postgres.Owned(), b.server.counted
	if b.report.Versions.Postgres, err = b.server.version(ctx); err != nil {
		return err
	}
	if p.Settings, err = b.server.settings(ctx); err != nil {
		return err
	}
	took, err := b.server.commitTime(ctx)
	p.CommitMS = milliseconds(took)
	return err
}

// runAll takes the scenarios in turn and then all of them again, so that a machine that
// becomes slower does so for all.
func (b *bench) runAll(ctx context.Context) error {
	for b.run = 1; b.run <= b.Runs; b.run++ {
		b.noop = 0
		for _, s := range scenarios() {
			if !b.wants(s) {
				continue
			}
			for _, c := range s.cases(b.Options) {
				if s.name != noopScenario && !strings.Contains(c.name, b.Case) {
					continue
				}
				f, r, err := c.run(ctx, b)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, c.name, err)
				}
				if s.name == noopScenario {
					b.noop = f[rate]
				} else if s.ratio && b.noop > 0 {
					f[ofNoop] = f[rate] / b.noop
				}
				b.report.add(s.name, c.name, f, r)
				b.sayf("run %d of %d  %-9s %-34s %s", b.run, b.Runs, s.name, c.name, s.headline(f))
				b.keepLogs = b.keepLogs || len(r.problems)+len(r.notes) > 0
				for _, text := range r.problems {
					b.sayf("PROBLEM: %s", text)
				}
				for _, text := range r.notes {
					b.sayf("note: %s", text)
				}
			}
		}
	}
	return nil
}

// wants tells whether a scenario is part of the current run.
func (b *bench) wants(s scenario) bool {
	if len(b.Scenarios) == 0 {
		return b.run == 1 || !s.once
	}
	if slices.Contains(b.Scenarios, s.name) {
		return true
	}
	// What is compared with the yardstick needs it.
	return s.name == noopScenario && slices.ContainsFunc(scenarios(), func(s scenario) bool {
		return s.ratio && slices.Contains(b.Scenarios, s.name)
	})
}

func (b *bench) sayf(format string, args ...any) {
	fmt.Fprintf(b.Log, "%7.1fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// headline is what progress says of a case.
func (s scenario) headline(f figures) string {
	var parts []string
	for _, c := range s.columns {
		if value, known := f[c.measure]; known && c.spread {
			parts = append(parts, c.heading+" "+c.format(value))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "done")
}
