package webhooks

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// gate counts the deliveries that run in this process, by endpoint and by client. It
// keeps the slots of the process from being taken by one receiver, or by all receivers of
// one client, whatever gave them so many jobs; how many jobs an endpoint gets out of its
// line is counted over all workers, in the database (see [line]).
//
// A client may hold what [clientSlots] gives everybody, and more while twice as many as it
// holds are free: alone two thirds of all, beside a second one as busy two fifths. So there
// is always room for one that comes, and nobody has to know how many there are. A job that
// finds no room never waits for it, since it would hold a slot meanwhile.
type gate struct {
	slots int // of the process

	mu      sync.Mutex
	total   int
	running map[int64]int
	clients map[uuid.UUID]*share
}

// share is what one client has of the gate.
type share struct {
	running int
	waiting []int64 // endpoints with a row that found no room, longest first
}

// lot is an endpoint whose line may go on, and up to how many jobs it may have.
type lot struct {
	endpoint int64
	room     int32
}

func newGate() *gate {
	return &gate{slots: queue.DefaultMaxWorkers(queue.Webhooks), running: map[int64]int{}, clients: map[uuid.UUID]*share{}}
}

func (g *gate) enter(endpoint int64, client uuid.UUID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[endpoint] >= endpointSlots || g.room(client) == 0 {
		return false
	}
	c := g.clients[client]
	if c == nil {
		c = &share{}
		g.clients[client] = c
	}
	c.running++
	g.running[endpoint]++
	g.total++
	return true
}

// room is how many more deliveries of a client may run now.
func (g *gate) room(client uuid.UUID) int {
	running := 0
	if c := g.clients[client]; c != nil {
		running = c.running
	}
	room := 0
	for running+room < max(clientSlots, 2*(g.slots-g.total-room)) {
		room++
	}
	return room
}

// wait reports whether nothing more of an endpoint may enter before something leaves,
// and that whoever leaves then has the line go on.
func (g *gate) wait(endpoint int64, client uuid.UUID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[endpoint] >= endpointSlots {
		return true
	}
	if g.room(client) > 0 {
		return false
	}
	g.queue(endpoint, g.clients[client]) // which has running ones, or there would be room
	return true
}

func (g *gate) queue(endpoint int64, c *share) {
	if !slices.Contains(c.waiting, endpoint) {
		c.waiting = append(c.waiting, endpoint)
	}
}

// leave tells how many of the endpoint are left.
func (g *gate) leave(endpoint int64, client uuid.UUID) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	g.clients[client].running--
	g.running[endpoint]--
	left := g.running[endpoint]
	if left == 0 {
		delete(g.running, endpoint)
	}
	g.forget(client)
	return left
}

func (g *gate) forget(client uuid.UUID) {
	if c := g.clients[client]; c.running == 0 && len(c.waiting) == 0 {
		delete(g.clients, client)
	}
}

// waits reports whether endpoints of a client wait for room.
func (g *gate) waits(client uuid.UUID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.clients[client]
	return c != nil && len(c.waiting) > 0
}

// next tells whose lines may go on after a delivery to an endpoint left. Where endpoints
// of its client wait for room they have it in turns, and this one behind them.
func (g *gate) next(endpoint int64, client uuid.UUID) []lot {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.clients[client]
	if c == nil || len(c.waiting) == 0 {
		return []lot{{endpoint, endpointSlots}}
	}
	g.queue(endpoint, c)
	return g.take(client)
}

// more are the next ones, where the lines before had nothing that could go on.
func (g *gate) more(client uuid.UUID) []lot {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.clients[client] == nil {
		return nil
	}
	return g.take(client)
}

// putBack lets endpoints wait again whose lines could not be read.
func (g *gate) putBack(client uuid.UUID, lots []lot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.clients[client]; c != nil { // else nobody is there who would bring them: the sweep does
		for _, l := range lots {
			g.queue(l.endpoint, c)
		}
	}
}

func (g *gate) take(client uuid.UUID) (lots []lot) {
	c, room := g.clients[client], g.room(client)
	n := min(room, len(c.waiting))
	for _, endpoint := range c.waiting[:n] {
		lots = append(lots, lot{endpoint, int32(min(g.running[endpoint]+room/n, endpointSlots))})
	}
	c.waiting = slices.Delete(c.waiting, 0, n)
	g.forget(client)
	return lots
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
	if row.EndpointState == store.EndpointDisabled || row.Blocked || !w.gate.enter(row.EndpointID, row.Scope) {
		return shut, nil
	}
	if row.BlockedUntil == nil {
		return beside, nil
	}
	taken, err := takeTurn(ctx, w.pool, row.EndpointID)
	if err != nil || !taken {
		w.gate.leave(row.EndpointID, row.Scope)
		return shut, err
	}
	return alone, nil
}

// takeTurn makes this delivery the only one to its endpoint, until it has an outcome
// or, should it die, its time is over.
func takeTurn(ctx context.Context, pool *pgxpool.Pool, endpoint int64) (taken bool, err error) {
	q := store.New()
	until := queue.Now(ctx).Add(turnLease)
	err = store.InTx(ctx, pool, func(tx pgx.Tx) error {
		rows, err := q.WebhookEndpointTakeTurn(ctx, tx, store.WebhookEndpointTakeTurnParams{ID: endpoint, LeaseUntil: until})
		if err != nil || rows == 0 {
			return err
		}
		taken = true
		return wakeAt(ctx, tx, endpoint, until)
	})
	if err != nil {
		return false, fmt.Errorf("take the turn of endpoint %d: %w", endpoint, err)
	}
	return taken, nil
}

// stepAside ends a job whose endpoint takes nothing now: the row stays as it is, in the
// endpoint's line, and whoever ends there next brings it another job. Snoozing instead
// would write thousands of rows a minute while a receiver hangs. Where this process has a
// trouble of its own the line goes on after that time.
func (w *deliverWebhook) stepAside(
	ctx context.Context, job *river.Job[DeliverWebhookArgs], row store.WebhookLogGetRow, trouble time.Duration,
) error {
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		err := w.WebhookLogJoinLine(ctx, tx, store.WebhookLogJoinLineParams{ID: row.ID, EndpointID: &row.EndpointID})
		if err != nil {
			return err
		}
		if trouble > 0 {
			if err := wakeIn(ctx, tx, row.EndpointID, trouble); err != nil {
				return err
			}
		}
		return w.JobComplete(ctx, tx, job.ID)
	})
	if err != nil {
		return fmt.Errorf("put webhook %s in line: %w", row.ID, err)
	}
	if trouble > 0 || w.gate.wait(row.EndpointID, row.Scope) {
		// Those inside bring it when they leave. The line does not count them where they
		// are fresh leads, and would give this row a job at once, again and again.
		return nil
	}
	// Whoever ended a moment ago took this row for one that has a job.
	return w.goOn(ctx, row)
}

// goOn brings who is next at an endpoint, or at another of its client that waits for the
// client's share of the slots. Until one has a job: a line may be empty by now, or blocked.
func (w *deliverWebhook) goOn(ctx context.Context, row store.WebhookLogGetRow) error {
	for lots := w.gate.next(row.EndpointID, row.Scope); len(lots) > 0; lots = w.gate.more(row.Scope) {
		brought := 0
		for i, l := range lots {
			if w.trouble.left(l.endpoint) > 0 {
				continue // it is woken after that
			}
			n, err := w.line.bring(ctx, l.endpoint, l.room)
			if err != nil {
				w.gate.putBack(row.Scope, lots[i:])
				return err
			}
			brought += n
		}
		if brought > 0 {
			return nil
		}
	}
	return nil
}
