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
	RescueAfter     time.Duration  // when a running job counts as lost, default 75 s
}

// defaultWorkers are low where an account could be hurt or the vendor limits us,
// and higher where jobs only wait for a stranger's server.
var defaultWorkers = map[string]int{Sweeps: 4, Polls: 8, Messages: 16, Inbox: 8, Webhooks: 64, Email: 8, Upkeep: 1}

// DefaultMaxWorkers is how many jobs of a queue run at once in a process.
func DefaultMaxWorkers(queueName string) int { return defaultWorkers[queueName] }

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
	Lease    *Lease // renewed by the Instance of the same ID; nil: jobs run without
	Logger   *slog.Logger
	Tuning   Tuning
}

// New returns a client that works jobs once it is started.
func New(cfg Config) (*Client, error) {
	queues := make(map[string]river.QueueConfig, len(defaultWorkers))
	for _, name := range Names() {
		queues[name] = river.QueueConfig{
			MaxWorkers:        cmp.Or(cfg.Tuning.MaxWorkers[name], defaultWorkers[name]),
			FetchCooldown:     fetchCooldown,
			FetchPollInterval: pollInterval(name),
		}
	}
	client, err := river.NewClient(riverpgxv5.New(cfg.Pool), &river.Config{
		ID:                   cfg.ID,
		Schema:               migrations.Schema,
		Logger:               riverLogger(cfg.Logger),
		Queues:               queues,
		Workers:              cfg.Workers,
		PeriodicJobs:         cfg.Periodic,
		Middleware:           []rivertype.Middleware{&attempts{logger: cfg.Logger, metrics: cfg.Metrics, lease: cfg.Lease}, cfg.Outcomes, &lockWaits{}},
		RetryPolicy:          cfg.Outcomes,
		PollOnly:             cfg.Tuning.PollOnly,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    fetchPollInterval,
		JobTimeout:           MaxJobTimeout,
		RescueStuckJobsAfter: cmp.Or(cfg.Tuning.RescueAfter, MaxJobTimeout+15*time.Second),
		SoftStopTimeout:      cmp.Or(cfg.Tuning.SoftStopTimeout, 20*time.Second),
	})
	if err != nil {
		return nil, fmt.Errorf("make river client: %w", err)
	}
	return client, nil
}

// MaxJobTimeout is the longest that any job may run. It is short because River
// rescues a stuck job only a little after it: the second net, for what the
// heartbeats of [Instance] do not put back.
const MaxJobTimeout = 60 * time.Second

// NewInserter returns a client that only inserts jobs, for commands.
func NewInserter(pool *pgxpool.Pool, logger *slog.Logger) (*Client, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema:        migrations.Schema,
		Logger:        riverLogger(logger),
		FetchCooldown: fetchCooldown, // also throttles this client's notifications
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
