package jobs

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// gate counts the deliveries that run in this process, by endpoint. It keeps the slots
// of the process from being taken by one receiver, whatever gave it so many jobs; how
// many jobs an endpoint gets out of its line is counted over all workers, in the
// database (see [line]).
type gate struct {
	mu      sync.Mutex
	running map[int64]int
}

func newGate() *gate { return &gate{running: map[int64]int{}} }

func (g *gate) enter(endpoint int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[endpoint] >= endpointSlots {
		return false
	}
	g.running[endpoint]++
	return true
}

// full reports whether nothing may enter before something leaves.
func (g *gate) full(endpoint int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running[endpoint] >= endpointSlots
}

// leave tells how many are left.
func (g *gate) leave(endpoint int64) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running[endpoint]--
	left := g.running[endpoint]
	if left == 0 {
		delete(g.running, endpoint)
	}
	return left
}

// passage is how a delivery came to its endpoint.
type passage int

const (
	shut   passage = iota // not now
	beside                // others
	alone                 // to see whether the endpoint is back
)

// pass asks whether a row may be delivered now. What is not shut must leave the gate.
func (w *deliverWebhook) pass(ctx context.Context, row store.WebhookLogGetRow) (passage, error) {
	if row.EndpointState == store.EndpointDisabled || row.Blocked || !w.gate.enter(row.EndpointID) {
		return shut, nil
	}
	if row.BlockedUntil == nil {
		return beside, nil
	}
	taken, err := w.takeTurn(ctx, row.EndpointID)
	if err != nil || !taken {
		w.gate.leave(row.EndpointID)
		return shut, err
	}
	return alone, nil
}

// takeTurn makes this delivery the only one to its endpoint, until it has an outcome
// or, should it die, its time is over.
func (d database) takeTurn(ctx context.Context, endpoint int64) (taken bool, err error) {
	until := queue.Now(ctx).Add(turnLease)
	err = d.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := d.WebhookEndpointTakeTurn(ctx, tx, store.WebhookEndpointTakeTurnParams{ID: endpoint, LeaseUntil: until})
		if err != nil || rows == 0 {
			return err
		}
		taken = true
		return d.wakeAt(ctx, tx, endpoint, until)
	})
	if err != nil {
		return false, fmt.Errorf("take the turn of endpoint %d: %w", endpoint, err)
	}
	return taken, nil
}

// stepAside ends a job whose endpoint takes nothing now: the row stays as it is, in the
// endpoint's line, and whoever ends there next brings it another job. Snoozing instead
// would write thousands of rows a minute while a receiver hangs.
func (w *deliverWebhook) stepAside(ctx context.Context, job *river.Job[DeliverWebhookArgs], row store.WebhookLogGetRow) error {
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		err := w.WebhookLogJoinLine(ctx, tx, store.WebhookLogJoinLineParams{ID: row.ID, EndpointID: &row.EndpointID})
		if err != nil {
			return err
		}
		return w.JobComplete(ctx, tx, job.ID)
	})
	if err != nil {
		return fmt.Errorf("put webhook %s in line: %w", row.ID, err)
	}
	if w.gate.full(row.EndpointID) {
		// Those inside bring it when they leave. The line does not count them where they
		// are fresh leads, and would give this row a job at once, again and again.
		return nil
	}
	// Whoever ended a moment ago took this row for one that has a job.
	return w.line.bring(ctx, row.EndpointID)
}
