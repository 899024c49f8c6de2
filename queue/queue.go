// Package queue is River as this product uses it: the named queues, what an
// error means for a job, the retry schedules, one log line and one metric an
// attempt, and the listener that wakes sweeps when producers write rows.
//
// It must not know any kind of job; package jobs brings those.
package queue

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/migrations"
)

// One queue an outside service and direction, so that a slow one cannot hold up
// another: a hanging webhook receiver never delays a direct message.
const (
	Sweeps   = "sweeps"
	Polls    = "polls"
	Messages = "messages"
	Inbox    = "inbox"
	Webhooks = "webhooks"
	Email    = "email"
	Upkeep   = "upkeep"
)

// Names lists the queues in the order of the funnel.
func Names() []string {
	return []string{Sweeps, Polls, Messages, Inbox, Webhooks, Email, Upkeep}
}

// Client is the River client of this product.
type Client = river.Client[pgx.Tx]

// Tuning is what an operator may set about the queue. Zero values mean defaults.
type Tuning struct {
	MaxWorkers      map[string]int // jobs at once a queue and process
	PollOnly        bool           // no LISTEN: behind a transaction pooler
	SoftStopTimeout time.Duration  // how long running jobs may finish, default 20 s
}

// defaultWorkers are low where an account could be hurt or the vendor limits us,
// and higher where jobs only wait for a stranger's server.
var defaultWorkers = map[string]int{Sweeps: 4, Polls: 8, Messages: 16, Inbox: 8, Webhooks: 64, Email: 8, Upkeep: 1}

// DefaultMaxWorkers is how many jobs of a queue run at once in a process.
func DefaultMaxWorkers(queueName string) int { return defaultWorkers[queueName] }

// workers is how many jobs of a queue run at once.
func (t Tuning) workers(name string) int { return cmp.Or(t.MaxWorkers[name], defaultWorkers[name]) }

const (
	// Short jobs run at most MaxWorkers / FetchCooldown a second; with River's
	// own 100 ms that would be the bottleneck.
	fetchCooldown = 10 * time.Millisecond
	// The worst case when a notification is lost.
	fetchPollInterval = 500 * time.Millisecond
	// Messages have a turn of their own each, and no notification tells of it.
	messagePollInterval = 100 * time.Millisecond
)

func pollInterval(queueName string) time.Duration {
	if queueName == Messages {
		return messagePollInterval
	}
	return fetchPollInterval
}

// Config is what [New] needs to run jobs.
type Config struct {
	Pool     *pgxpool.Pool
	ID       string // names this process in River's tables; empty: made by River
	Workers  *river.Workers
	Periodic []*river.PeriodicJob
	Outcomes *Outcomes
	Metrics  *Metrics
	Lease    *Lease  // renewed by the Instance of the same ID; nil: jobs run without
	Clock    *Clock  // set by the same; nil: the machine's clock
	Vitals   *Vitals // of the same; nil: nobody asks whether work stands still
	Logger   *slog.Logger
	Tuning   Tuning
}

// New returns a client that works jobs once it is started.
func New(cfg Config) (*Client, error) {
	queues := make(map[string]river.QueueConfig, len(defaultWorkers))
	for _, name := range Names() {
		queues[name] = river.QueueConfig{
			MaxWorkers:        cfg.Tuning.workers(name),
			FetchCooldown:     fetchCooldown,
			FetchPollInterval: pollInterval(name),
		}
	}
	config := &river.Config{
		ID:           cfg.ID,
		Schema:       migrations.Schema,
		Logger:       riverLogger(cfg.Logger),
		Queues:       queues,
		Workers:      cfg.Workers,
		PeriodicJobs: cfg.Periodic,
		Middleware: []rivertype.Middleware{&dueNow{}, &attempts{
			logger: cfg.Logger, metrics: cfg.Metrics, lease: cfg.Lease, clock: cfg.Clock, vitals: cfg.Vitals,
		}, cfg.Outcomes, &lockWaits{}},
		RetryPolicy:          cfg.Outcomes,
		PollOnly:             cfg.Tuning.PollOnly,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    fetchPollInterval,
		JobTimeout:           MaxJobTimeout,
		RescueStuckJobsAfter: never, // by the machine's clock: Instance does it by the database's
		SoftStopTimeout:      cmp.Or(cfg.Tuning.SoftStopTimeout, 20*time.Second),
	}
	if cfg.Clock != nil {
		// River lets only tests say what time it is. What it compares with the database's
		// times, and writes there, must be of the database's clock all the same.
		config.Test.Time = cfg.Clock
	}
	client, err := river.NewClient(riverpgxv5.New(cfg.Pool), config)
	if err != nil {
		return nil, fmt.Errorf("make river client: %w", err)
	}
	return client, nil
}

// MaxJobTimeout is the longest that any job may run. It is short because [Instance]
// puts back what runs only a little longer: the second net, for what is not put back
// with its dead worker.
const MaxJobTimeout = 60 * time.Second

const (
	rescueAfter = MaxJobTimeout + 15*time.Second
	never       = 100 * 365 * 24 * time.Hour
)

// NewInserter returns a client that only inserts jobs, for commands.
func NewInserter(pool *pgxpool.Pool, logger *slog.Logger) (*Client, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema:        migrations.Schema,
		Logger:        riverLogger(logger),
		FetchCooldown: fetchCooldown, // also throttles this client's notifications
		Middleware:    []rivertype.Middleware{&dueNow{}},
	})
	if err != nil {
		return nil, fmt.Errorf("make river client: %w", err)
	}
	return client, nil
}

// Active are the states of a job that still has work to do. As unique states
// they let a row be handled again after its job completed.
func Active() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}
}

// OncePerRow are the insert options of a job that works on one row: unique by
// its arguments while such a job is active.
func OncePerRow(queueName string, maxAttempts int) river.InsertOpts {
	return river.InsertOpts{
		Queue:       queueName,
		MaxAttempts: maxAttempts,
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: Active()},
	}
}

// dueNow lets the database say when a job was inserted that is due at once. River's
// driver writes the machine's time, and a machine that is ahead would hide the job from
// everybody until then.
type dueNow struct{ river.MiddlewareDefaults }

// InsertMany leaves times out that nobody gave. The zero time is what the driver's
// statement takes for the database's now().
func (dueNow) InsertMany(
	ctx context.Context, params []*rivertype.JobInsertParams,
	insert func(context.Context) ([]*rivertype.JobInsertResult, error),
) ([]*rivertype.JobInsertResult, error) {
	for _, p := range params {
		if p.ScheduledAt == nil {
			p.ScheduledAt = new(time.Time)
		}
		if p.CreatedAt == nil {
			p.CreatedAt = new(time.Time)
		}
	}
	return insert(ctx)
}

// riverLogger keeps River's own lines at Warn: each attempt has its line already.
func riverLogger(l *slog.Logger) *slog.Logger {
	return slog.New(&minLevel{Handler: l.With("component", "river").Handler(), level: slog.LevelWarn})
}

type minLevel struct {
	slog.Handler
	level slog.Level
}

func (m *minLevel) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= m.level && m.Handler.Enabled(ctx, level)
}

func (m *minLevel) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &minLevel{Handler: m.Handler.WithAttrs(attrs), level: m.level}
}

func (m *minLevel) WithGroup(name string) slog.Handler {
	return &minLevel{Handler: m.Handler.WithGroup(name), level: m.level}
}
