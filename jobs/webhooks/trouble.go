package webhooks

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/queue"
)

// trouble is what this process has on its own side with each endpoint: no file handles, no
// ports, no network. It says nothing of the receiver, so nothing of it stands in the
// database, and other workers go on delivering there; only this one waits a little, so
// that thousands of rows do not knock at what it lacks. Endpoints that it still reaches,
// over connections that it has, are none of it.
type trouble struct {
	mu        sync.Mutex
	endpoints map[int64]spell
}

// spell is the time from one failure of ours to the next try.
type spell struct {
	wait  time.Duration
	until time.Time
}

func newTrouble() *trouble { return &trouble{endpoints: map[int64]spell{}} }

// begin notes a failure of ours and tells for how long the endpoint is left alone. Those
// that were under way at once are one failure.
func (t *trouble) begin(endpoint int64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.endpoints[endpoint]
	if left := time.Until(s.until); left > 0 {
		return left
	}
	s.wait = min(max(2*s.wait, shortestTrouble), longestTrouble)
	s.until = time.Now().Add(s.wait)
	t.endpoints[endpoint] = s
	return s.wait
}

// end notes that something came of a try, whatever it was.
func (t *trouble) end(endpoint int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.endpoints, endpoint)
}

// left is for how long an endpoint is left alone; 0: it may be tried.
func (t *trouble) left(endpoint int64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(time.Until(t.endpoints[endpoint].until), 0)
}

// wakeIn has the line of an endpoint go on after a while.
func wakeIn(ctx context.Context, tx pgx.Tx, endpoint int64, wait time.Duration) error {
	return wakeAt(ctx, tx, endpoint, queue.Now(ctx).Add(wait))
}
