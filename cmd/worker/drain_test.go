package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bravorevos/workers/store/storetest"
)

//nolint:gochecknoglobals // flag of the test binary
var drainRows = flag.Int("drain.rows", 300, "how many webhooks TestDrain delivers; it kills a worker for every 150 of them")

// Ensure a backlog that is delivered by two workers, of which one after the other is
// killed, arrives whole: nothing is lost, and what arrives twice comes under the id that
// it came under before.
func TestDrain(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	const receivers = 10
	rows, kills := *drainRows, *drainRows/150
	execSQL(t, pool, `INSERT INTO webhook_logs (webhook_url, payload)
		SELECT $1 || '/' || n % $2::int, jsonb_build_object('email', 'p' || n || '@example.com', 'name', 'P', 'source', 'agent',
			'campaign_id', 'c', 'timestamp', '2026-11-23T10:00:00Z')
		FROM generate_series(1, $3::int) n`, o.hookURL, receivers, rows)
	running := []*process{o.spawn(t), o.spawn(t)}
	start := time.Now()
	for n := range kills {
		// Spread over the backlog, each at a moment of its own.
		until(t, pool, "more to be delivered", "SELECT count(*) >= $1 FROM webhook_logs WHERE status = 'sent'", n*rows/kills+rand.IntN(rows/kills))
		running[n%2].kill(t)
		running[n%2] = o.spawn(t)
	}
	until(t, pool, "all to be delivered", "SELECT count(*) = $1 FROM webhook_logs WHERE status = 'sent'", rows)
	took := time.Since(start)

	ids := map[string]string{} // by body
	repeated := 0
	for _, d := range o.receiver.Deliveries() {
		if !d.Valid {
			t.Errorf("delivery %s is not valid: %s", d.ID, d.Problem)
		}
		switch id, known := ids[d.Body]; {
		case !known:
			ids[d.Body] = d.ID
		case id != d.ID:
			t.Errorf("a lead came as %s and as %s", id, d.ID)
		default:
			repeated++
		}
	}
	if len(ids) != rows {
		t.Errorf("%d webhooks arrived, want %d", len(ids), rows)
	}
	t.Logf("%d kills in %s: %s", kills, took.Round(time.Second),
		fmt.Sprintf("%d webhooks expected, %d arrived, %d lost, %d repeated, each under its own id", rows, len(ids), rows-len(ids), repeated))
}
