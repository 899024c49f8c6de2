package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// The yardstick: as fast as River can be on this machine, so that a figure says something
// on another one, too.
const (
	noopWorkers  = 1000
	noopCooldown = 2 * time.Millisecond
	noopPoll     = 20 * time.Millisecond
	noopBatch    = 5000
)

// noopArgs is a job that does nothing.
type noopArgs struct {
	N int `json:"n"`
}

// Kind names the job.
func (noopArgs) Kind() string { return "noop" }

// noopWorker tells that it was called.
type noopWorker struct {
	river.WorkerDefaults[noopArgs]

	worked func(n int)
}

// Work does nothing, which is the point.
func (w *noopWorker) Work(_ context.Context, job *river.Job[noopArgs]) error {
	w.worked(job.Args.N)
	return nil
}

// river is a database with River's own tables and a client on it.
func (b *bench) river(ctx context.Context, worked func(n int)) (*database, *river.Client[pgx.Tx], error) {
	d, err := b.server.empty(ctx)
	if err != nil {
		return nil, nil, err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(d.pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("migrate river: %w", err), d.drop(ctx))
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &noopWorker{worked: worked})
	client, err := river.NewClient(riverpgxv5.New(d.pool), &river.Config{
		Logger:            slog.New(slog.DiscardHandler),
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: noopWorkers}},
		Workers:           workers,
		FetchCooldown:     noopCooldown,
		FetchPollInterval: noopPoll,
	})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make river client: %w", err), d.drop(ctx))
	}
	return d, client, nil
}

// drainNoop inserts jobs and works them off.
func (b *bench) drainNoop(ctx context.Context) (f figures, err error) {
	jobs := b.NoopJobs
	var worked atomic.Int64
	all := make(chan struct{})
	d, client, err := b.river(ctx, func(int) {
		if worked.Add(1) == int64(jobs) {
			close(all)
		}
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.drop(ctx)) }()
	for first := 0; first < jobs; first += noopBatch {
		params := make([]river.InsertManyParams, min(noopBatch, jobs-first))
		for i := range params {
			params[i].Args = noopArgs{first + i}
		}
		if _, err := client.InsertManyFast(ctx, params); err != nil {
			return nil, fmt.Errorf("insert no-op jobs: %w", err)
		}
	}
	if _, err := d.pool.Exec(ctx, "ANALYZE"); err != nil {
		return nil, fmt.Errorf("analyze: %w", err)
	}
	from, err := d.snapshot(ctx, nil)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("start river: %w", err)
	}
	defer func() { err = errors.Join(err, client.Stop(context.WithoutCancel(ctx))) }()
	if done, err := within(ctx, all, time.Minute); err != nil || !done {
		return nil, errors.Join(err, fmt.Errorf("%d of %d no-op jobs were worked within a minute", worked.Load(), jobs))
	}
	for open := true; open; {
		// Until they are completed, as a webhook counts when its row is sent.
		err := d.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM river_job WHERE state = 'running')").Scan(&open)
		if err != nil {
			return nil, fmt.Errorf("look for running jobs: %w", err)
		}
	}
	f = figures{rate: float64(jobs) / time.Since(began).Seconds()}
	to, err := d.snapshot(ctx, nil)
	if err != nil {
		return nil, err
	}
	f.per(float64(jobs), from, to, d.server.counted)
	return f, nil
}

// noopLatency inserts no-op jobs at a rate, each in a transaction of its own, and measures
// until they are worked.
func (b *bench) noopLatency(ctx context.Context, perSecond float64) (f figures, err error) {
	var mu sync.Mutex
	arrivals := map[int]time.Time{}
	d, client, err := b.river(ctx, func(n int) {
		at := time.Now()
		mu.Lock()
		defer mu.Unlock()
		arrivals[n] = at
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.drop(ctx)) }()
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("start river: %w", err)
	}
	defer func() { err = errors.Join(err, client.Stop(context.WithoutCancel(ctx))) }()

	warm := int(perSecond * warmUp.Seconds())
	n := warm + int(perSecond*b.Length.Seconds())
	committed := make([]time.Time, n)
	err = pacer{perSecond, n}.run(ctx, func(ctx context.Context, i int) error {
		_, err := client.Insert(ctx, noopArgs{i}, nil)
		committed[i] = time.Now()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("insert no-op job: %w", err)
	}
	if err := pause(ctx, time.Second); err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	if len(arrivals) != n {
		return nil, fmt.Errorf("%d of %d no-op jobs were worked", len(arrivals), n)
	}
	var took []time.Duration
	for i := warm; i < n; i++ {
		took = append(took, max(arrivals[i].Sub(committed[i]), 0))
	}
	f = figures{offered: perSecond, rate: achieved(committed[warm:])}
	f.latencies(took)
	return f, nil
}
