package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// WakeEndpointArgs lets the line of one endpoint move when its time of rest is over.
// Enqueued in the transaction that blocks it. Repeating it is safe: rows that have a
// job get no other, and should it be lost, the sweep does the same.
type WakeEndpointArgs struct {
	EndpointID int64 `json:"endpoint_id"`
}

// Kind names the job.
func (WakeEndpointArgs) Kind() string { return "wake_endpoint" }

// InsertOpts makes one job an endpoint.
func (WakeEndpointArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Sweeps, 10) }

// NewWakeEndpoint returns the worker of [WakeEndpointArgs].
func NewWakeEndpoint(d Deps) river.Worker[WakeEndpointArgs] {
	return &wakeEndpoint{line: newLine(d.Pool, d.Settings)}
}

type wakeEndpoint struct {
	river.WorkerDefaults[WakeEndpointArgs]
	line
}

// Work brings who is next, or has the endpoint woken later: it may have been blocked
// again. The job ends first, in the transaction of what it finds. Whoever changes the
// endpoint at that moment and wants it woken waits for that, and has a job of its own:
// one that counted as running until River wrote down its end would be in the way.
func (w *wakeEndpoint) Work(ctx context.Context, job *river.Job[WakeEndpointArgs]) error {
	return store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		if err := w.JobComplete(ctx, tx, job.ID); err != nil {
			return fmt.Errorf("end job %d: %w", job.ID, err)
		}
		id := job.Args.EndpointID
		e, err := w.WebhookEndpointGetRest(ctx, tx, id)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return nil
		case err != nil:
			return fmt.Errorf("read endpoint %d: %w", id, err)
		case e.State == store.EndpointDisabled:
			return nil // enabling it wakes it
		case e.Rests:
			return wakeAt(ctx, tx, id, *e.BlockedUntil)
		}
		_, err = w.give(ctx, tx, river.ClientFromContext[pgx.Tx](ctx), id, id, endpointSlots)
		return err
	})
}

// wakeAt makes sure that an endpoint is woken when it may be tried, and no later.
func wakeAt(ctx context.Context, tx pgx.Tx, endpoint int64, at time.Time) error {
	q := store.New()
	woken, err := river.ClientFromContext[pgx.Tx](ctx).InsertTx(ctx, tx, WakeEndpointArgs{EndpointID: endpoint}, &river.InsertOpts{ScheduledAt: at})
	if err == nil && woken.UniqueSkippedAsDuplicate {
		err = q.JobBringForward(ctx, tx, store.JobBringForwardParams{ID: woken.Job.ID, ScheduledAt: at})
	}
	if err != nil {
		return fmt.Errorf("enqueue waking of endpoint %d: %w", endpoint, err)
	}
	return nil
}
