package queue

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
)

// Instance is this process in the list of living workers. River has no heartbeat:
// it takes up the jobs of a killed worker only when their time is long over. Every
// instance beats, and takes up at once what a silent one left running.
//
// A worker that was only frozen may come back and go on. That is safe: the ledger
// and the rows, not the queue, keep things from being done twice.
type Instance struct {
	ID     string // as River's client id
	Pool   *pgxpool.Pool
	Logger *slog.Logger
}

const (
	beatEvery = 2 * time.Second
	// A process that beats every two seconds and was silent this long is dead, or
	// has lost the database, which comes to the same.
	silentFor = 10 * time.Second
	// Whoever missed more than this does not judge others for a while: it may be
	// the database that was away, and then all were silent.
	gap = silentFor / 2
)

// Run beats until ctx ends, then leaves the list. Call Beat before the first job
// may run, so that no job belongs to a process that nobody knows.
func (i *Instance) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			_ = store.New().InstanceDelete(bye, i.Pool, i.ID) // else it is found dead in ten seconds
			return
		case <-time.After(beatEvery):
		}
		if err := i.Beat(ctx); err != nil && ctx.Err() == nil {
			i.Logger.WarnContext(ctx, "heartbeat failed", "error", err)
		}
	}
}

// Beat tells that this process lives and takes up the work of those that do not.
func (i *Instance) Beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, gap)
	defer cancel()
	q := store.New()
	steady, err := q.InstanceBeat(ctx, i.Pool, store.InstanceBeatParams{
		ID: i.ID, GapSeconds: gap.Seconds(), SilentSeconds: silentFor.Seconds(),
	})
	if err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	if !steady {
		return nil
	}
	return pgx.BeginFunc(ctx, i.Pool, func(tx pgx.Tx) error {
		dead, err := q.InstanceDeleteDead(ctx, tx, silentFor.Seconds())
		if err != nil {
			return fmt.Errorf("find dead instances: %w", err)
		}
		for _, id := range dead {
			released, err := q.JobReleaseOf(ctx, tx, id)
			if err != nil {
				return fmt.Errorf("release jobs of instance %s: %w", id, err)
			}
			if _, err := q.LeaderReleaseOf(ctx, tx, id); err != nil {
				return fmt.Errorf("release leadership of instance %s: %w", id, err)
			}
			i.Logger.WarnContext(ctx, "took up the work of a dead worker", "instance", id, "jobs", released)
		}
		return nil
	})
}
