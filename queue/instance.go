package queue

import (
	"cmp"
	"context"
	"errors"
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
// A worker that was only frozen may come back. Its [Lease] is over then, so that it
// neither begins nor ends anything, and when it finds itself taken over it must end:
// River would take what it reports late for the outcome of the new attempt.
type Instance struct {
	ID string // as River's client id
	// Pool must not be shared with the jobs: a process whose jobs use every
	// connection lives all the same.
	Pool   *pgxpool.Pool
	Lease  *Lease  // of the client with this ID; may be nil
	Clock  *Clock  // set by each heartbeat; may be nil
	Vitals *Vitals // told of each heartbeat; may be nil
	Logger *slog.Logger
	// RescueAfter is when a running job counts as lost although its worker lives; default 75 s.
	RescueAfter time.Duration

	last moment // start of the last beat that got through
}

// ErrTakenOver says that others took this process for dead and have its work.
var ErrTakenOver = errors.New("other workers took over the work of this one, which was silent for too long" +
	" (frozen, suspended or cut off from the database): it ends, so that nothing is done twice; start it again")

const (
	beatEvery = 2 * time.Second
	// What was lost with a connection is tried again soon, or the lease runs out.
	beatTimeout = 4 * time.Second
	beatAgain   = 500 * time.Millisecond
	// A process that beats every two seconds and was silent this long is dead, or
	// has lost the database, which comes to the same.
	silentFor = 10 * time.Second
	// Whoever missed more than this does not judge others for a while: it may be
	// the database that was away, and then all were silent.
	gap = silentFor / 2
)

// Application is the name under which all connections of an instance must be opened,
// so that others can end them: a frozen process keeps its rows locked. It and the ID
// must be 63 bytes or shorter, where Postgres cuts. Connections through a transaction
// pooler have no name; there the locks last as long as the pooler lets them.
func Application(id string) string { return "worker " + id }

// OpenBeats opens the connection of the heartbeat, to where the pool of the jobs goes.
func OpenBeats(ctx context.Context, jobs *pgxpool.Pool) (*pgxpool.Pool, error) {
	config := jobs.Config()
	config.MaxConns, config.MinConns, config.MinIdleConns = 1, 0, 0
	// Nothing else ends an attempt to connect to a server that does not answer, and
	// there is no second connection to try beside it.
	config.ConnConfig.ConnectTimeout = beatTimeout
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open connection of the heartbeat: %w", err)
	}
	return pool, nil
}

// Run beats until ctx ends, then leaves the list. It returns [ErrTakenOver] when the
// process must end at once. Call Beat before the first job may run, so that no job
// belongs to a process that nobody knows.
func (i *Instance) Run(ctx context.Context) error {
	if i.Lease != nil {
		watching, stop := context.WithCancel(ctx)
		defer stop()
		go i.Lease.watch(watching)
	}
	for wait := beatEvery; ; {
		select {
		case <-ctx.Done():
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			_ = store.New().InstanceDelete(bye, i.Pool, i.ID) // else it is found dead in ten seconds
			return nil
		case <-time.After(wait):
		}
		err := i.Beat(ctx)
		i.Vitals.beat(i.Lease == nil || i.Lease.Check() == nil)
		if errors.Is(err, ErrTakenOver) {
			return err
		}
		wait = beatEvery
		if err != nil && ctx.Err() == nil {
			i.Logger.WarnContext(ctx, "heartbeat failed", "error", err)
			wait = beatAgain
		}
	}
}

// Beat tells that this process lives and takes up the work of those that do not.
func (i *Instance) Beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	start, q := now(), store.New()
	if i.last.wall.IsZero() {
		if err := q.InstanceInsert(ctx, i.Pool, i.ID); err != nil {
			return fmt.Errorf("join the living: %w", err)
		}
		i.last = start
	}
	asked := time.Now()
	beat, err := q.InstanceBeat(ctx, i.Pool, store.InstanceBeatParams{
		ID: i.ID, GapSeconds: gap.Seconds(), SilentSeconds: silentFor.Seconds(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("no heartbeat for %s: %w", start.since(i.last).Round(time.Second), ErrTakenOver)
	}
	if err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	i.last = start
	if i.Lease != nil {
		i.Lease.renew(start)
	}
	if err := i.setClock(ctx, beat.Told, asked, time.Now()); err != nil {
		return err
	}
	if err := i.lookForOverdue(ctx); err != nil {
		return err
	}
	if !beat.Steady {
		return nil
	}
	return i.takeUp(ctx)
}

// lookForOverdue tells the vitals in which queues jobs wait that somebody should run.
func (i *Instance) lookForOverdue(ctx context.Context) error {
	if i.Vitals == nil {
		return nil
	}
	queues, err := store.New().QueueListOverdue(ctx, i.Pool, overdueAfter.Seconds())
	if err != nil {
		return fmt.Errorf("look for overdue jobs: %w", err)
	}
	i.Vitals.wait(queues)
	return nil
}

// setClock takes the database's time. Where that was set, a leader begins anew: it has
// planned its periodic jobs by the time before, which may not come again for long.
func (i *Instance) setClock(ctx context.Context, told, asked, answered time.Time) error {
	if i.Clock == nil || !i.Clock.set(ctx, told, asked, answered) {
		return nil
	}
	i.Logger.WarnContext(ctx, "the database's clock was set; periodic work begins anew")
	if _, err := store.New().LeaderReleaseOf(ctx, i.Pool, i.ID); err != nil {
		return fmt.Errorf("release leadership after a change of the database's clock: %w", err)
	}
	return nil
}

// takeUp puts back what dead instances were running.
func (i *Instance) takeUp(ctx context.Context) error {
	q := store.New()
	return pgx.BeginFunc(ctx, i.Pool, func(tx pgx.Tx) error {
		dead, err := q.InstanceDeleteDead(ctx, tx, silentFor.Seconds())
		if err != nil {
			return fmt.Errorf("find dead instances: %w", err)
		}
		for _, id := range dead {
			// First: what it has locked would hold up the rest, and everybody's work.
			if _, err := q.SessionTerminateOf(ctx, tx, Application(id)); err != nil {
				return fmt.Errorf("end connections of instance %s: %w", id, err)
			}
			if _, err := q.LeaderReleaseOf(ctx, tx, id); err != nil {
				return fmt.Errorf("release leadership of instance %s: %w", id, err)
			}
			released, err := q.JobReleaseOf(ctx, tx, id)
			if err != nil {
				return fmt.Errorf("release jobs of instance %s: %w", id, err)
			}
			i.Logger.WarnContext(ctx, "took up the work of a dead worker", "instance", id, "jobs", released)
		}
		// One that was taken over may have fetched jobs in the moment before it noticed.
		strays, err := q.JobReleaseStrays(ctx, tx, silentFor.Seconds())
		if err != nil {
			return fmt.Errorf("release stray jobs: %w", err)
		}
		if strays > 0 {
			i.Logger.WarnContext(ctx, "took up jobs of workers that are gone", "jobs", strays)
		}
		overdue, err := q.JobReleaseOverdue(ctx, tx, cmp.Or(i.RescueAfter, rescueAfter).Seconds())
		if err != nil {
			return fmt.Errorf("release overdue jobs: %w", err)
		}
		if overdue > 0 {
			i.Logger.WarnContext(ctx, "took up jobs that ran for longer than any may", "jobs", overdue)
		}
		return nil
	})
}
