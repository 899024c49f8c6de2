package queue

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// deadline bounds every wait for something that must happen.
const deadline = 30 * time.Second

// tryArgs is a job of tests: it does what the test says.
type tryArgs struct {
	RowID int64 `json:"row_id"`
}

func (tryArgs) Kind() string { return "try" }

func (tryArgs) InsertOpts() river.InsertOpts { return OncePerRow(Messages, 5) }

type tryWorker struct {
	river.WorkerDefaults[tryArgs]

	work func(ctx context.Context, job *river.Job[tryArgs]) error
}

func (w *tryWorker) Work(ctx context.Context, job *river.Job[tryArgs]) error { return w.work(ctx, job) }

// bench is a real client on a real database, and what it tells.
type bench struct {
	pool     *pgxpool.Pool
	client   *Client
	outcomes *Outcomes
	metrics  *Metrics
	logs     *logs
	events   <-chan *river.Event
}

// newBench starts a client that does its jobs with work. A nil pool gets a
// database of its own.
func newBench(t *testing.T, pool *pgxpool.Pool, tuning Tuning, schedule Schedule, work func(context.Context, *river.Job[tryArgs]) error) *bench {
	t.Helper()
	return newBenchUnder(t, pool, nil, tuning, schedule, work)
}

// newBenchUnder does so under a lease.
func newBenchUnder(t *testing.T, pool *pgxpool.Pool, lease *Lease, tuning Tuning, schedule Schedule, work func(context.Context, *river.Job[tryArgs]) error) *bench {
	t.Helper()
	if pool == nil {
		pool = storetest.New(t)
	}
	b := &bench{pool: pool, logs: &logs{}, metrics: NewMetrics(prometheus.NewRegistry(), []string{"try"})}
	logger := newJSONLogger(b.logs)
	b.outcomes = &Outcomes{Pauser: store.Pauses{Pool: pool}, Logger: logger}
	if schedule != nil {
		b.outcomes.Schedules = map[string]Schedule{"try": schedule}
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &tryWorker{work: work})
	var err error
	b.client, err = New(Config{
		Pool: pool, Workers: workers, Outcomes: b.outcomes, Metrics: b.metrics, Lease: lease, Logger: logger, Tuning: tuning,
	})
	if err != nil {
		t.Fatal(err)
	}
	var unsubscribe func()
	b.events, unsubscribe = b.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed,
		river.EventKindJobCancelled, river.EventKindJobSnoozed, river.EventKindJobInterrupted)
	if err := b.client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.stop(t)
		unsubscribe()
	})
	return b
}

func (b *bench) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := b.client.StopAndCancel(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// insert enqueues a job and returns its id; opts may be nil.
func (b *bench) insert(t *testing.T, row int64, opts *river.InsertOpts) int64 {
	t.Helper()
	inserted, err := b.client.Insert(t.Context(), tryArgs{RowID: row}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return inserted.Job.ID
}

// attempt waits for the end of the next attempt and returns the job's row.
func (b *bench) attempt(t *testing.T) *rivertype.JobRow {
	t.Helper()
	return receive(t, "an attempt", b.events).Job
}

// get reads a job's row.
func (b *bench) get(t *testing.T, id int64) *rivertype.JobRow {
	t.Helper()
	job, err := b.client.JobGet(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func receive[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(deadline):
		t.Fatalf("waited too long for %s", what)
		panic("unreachable")
	}
}

// wait holds a job until the test lets it go, or the client stops.
func wait(ctx context.Context, release <-chan struct{}) error {
	select {
	case <-release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// logs keeps what is logged.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func newJSONLogger(l *logs) *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// lines returns the lines with a message.
func (l *logs) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []map[string]any
	decoder := json.NewDecoder(strings.NewReader(l.b.String()))
	for {
		var line map[string]any
		if err := decoder.Decode(&line); err == io.EOF {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if line["msg"] == message {
			found = append(found, line)
		}
	}
}

// Ensure a row has one job at a time, and can be handled again when that is over,
// whatever its end was.
func TestOncePerRow(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"completed": nil,
		"cancelled": &Recorded{Err: io.ErrUnexpectedEOF},
		"discarded": io.ErrUnexpectedEOF,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			b := newBench(t, nil, Tuning{}, nil, func(ctx context.Context, _ *river.Job[tryArgs]) error {
				return cmp.Or(wait(ctx, release), err)
			})
			first := b.insert(t, 1, &river.InsertOpts{MaxAttempts: 1})
			again, insertErr := b.client.Insert(t.Context(), tryArgs{RowID: 1}, nil)
			if insertErr != nil {
				t.Fatal(insertErr)
			}
			if !again.UniqueSkippedAsDuplicate || again.Job.ID != first {
				t.Errorf("the row got job %d beside %d", again.Job.ID, first)
			}
			if other := b.insert(t, 2, &river.InsertOpts{MaxAttempts: 1}); other == first {
				t.Error("another row got the same job")
			}
			close(release)
			for range 2 {
				if got := b.attempt(t).State; string(got) != name {
					t.Errorf("a job ended %s, want %s", got, name)
				}
			}
			if later := b.insert(t, 1, nil); later == first {
				t.Error("the ended job keeps the row from getting another")
			}
		})
	}
}

// Ensure a queue whose jobs all hang does not hold another.
func TestQueuesAreSeparate(t *testing.T) {
	t.Parallel()
	hanging := make(chan struct{}, 3)
	release := make(chan struct{})
	b := newBench(t, nil, Tuning{MaxWorkers: map[string]int{Webhooks: 1}}, nil, func(ctx context.Context, job *river.Job[tryArgs]) error {
		if job.Queue != Webhooks {
			return nil
		}
		hanging <- struct{}{}
		return wait(ctx, release)
	})
	for row := range int64(3) {
		b.insert(t, row, &river.InsertOpts{Queue: Webhooks})
	}
	receive(t, "the hanging job", hanging)
	for i, name := range Names() {
		if name == Webhooks {
			continue
		}
		b.insert(t, int64(10+i), &river.InsertOpts{Queue: name})
		if got := b.attempt(t); got.Queue != name || got.State != rivertype.JobStateCompleted {
			t.Errorf("a job of queue %s is %s, want one of %s that is completed", got.Queue, got.State, name)
		}
	}
	close(release)
	for range 2 {
		receive(t, "the jobs that waited", hanging)
	}
}

// Ensure the queue works behind a transaction pooler: without LISTEN and without
// prepared statements.
func TestPollOnly(t *testing.T) {
	t.Parallel()
	pool, err := store.Open(t.Context(), store.Options{
		URL: storetest.New(t).Config().ConnString(), MaxConnections: 8, Pooled: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	steps := []error{
		&NotYet{Until: time.Now(), Reason: "test"},
		io.ErrUnexpectedEOF,
		nil,
	}
	b := newBench(t, pool, Tuning{PollOnly: true}, Schedule{time.Millisecond}, func(context.Context, *river.Job[tryArgs]) error {
		err := steps[0]
		steps = steps[1:]
		return err
	})
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, skipped := range []bool{false, true} {
		inserted, err := b.client.InsertManyTx(t.Context(), tx, []river.InsertManyParams{{Args: tryArgs{RowID: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		if inserted[0].UniqueSkippedAsDuplicate != skipped {
			t.Errorf("inserted twice: %t", skipped)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStateAvailable, rivertype.JobStateCompleted} {
		if got := b.attempt(t); got.State != want {
			t.Fatalf("the job is %s, want %s", got.State, want)
		}
	}
	var listening int
	err = pool.QueryRow(t.Context(),
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'").Scan(&listening)
	if err != nil || listening != 0 {
		t.Errorf("%d connections listen (%v)", listening, err)
	}
}

// Ensure a command that only inserts needs no workers, and that its jobs are run.
func TestInserter(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, Tuning{}, nil, func(context.Context, *river.Job[tryArgs]) error { return nil })
	inserter, err := NewInserter(b.pool, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		_, err := inserter.InsertTx(t.Context(), tx, tryArgs{RowID: 1}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.attempt(t).State; got != rivertype.JobStateCompleted {
		t.Errorf("the job is %s", got)
	}
}
