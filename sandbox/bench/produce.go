package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// producers is how many write rows at once, each over a connection of its own.
const producers = 32

// warmUp is how long rows are written at a rate before any of them counts.
const warmUp = time.Second

// pacer calls a function n times at a rate, whether or not the calls before have returned:
// a slow database must not lower the load that it is measured at.
type pacer struct {
	perSecond float64
	n         int
}

func (p pacer) run(ctx context.Context, call func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	var next atomic.Int64
	var callers sync.WaitGroup
	for range producers {
		callers.Go(func() {
			for i := int(next.Add(1)) - 1; i < p.n; i = int(next.Add(1)) - 1 {
				due := began.Add(time.Duration(float64(i) / p.perSecond * float64(time.Second)))
				err := pause(ctx, time.Until(due))
				if err == nil {
					err = call(ctx, i)
				}
				if err != nil {
					cancel(err) // the first one counts
					return
				}
			}
		})
	}
	callers.Wait()
	return context.Cause(ctx)
}

// achieved is the rate at which things happened, in whatever order they are noted.
func achieved(times []time.Time) float64 {
	if len(times) < 2 {
		return 0
	}
	first, last := slices.MinFunc(times, time.Time.Compare), slices.MaxFunc(times, time.Time.Compare)
	return float64(len(times)-1) / last.Sub(first).Seconds()
}

// produced is a row as its producer knows it.
type produced struct {
	id        uuid.UUID
	receiver  int
	committed time.Time
}

// insertRow is how producers ask for a delivery; $2 makes the payloads differ.
const insertRow = `INSERT INTO webhook_logs (webhook_url, payload)
VALUES ($1, jsonb_build_object('email', 'p' || $2::int || '@example.com', 'name', 'Ana Sousa', 'source', 'agent',
    'campaign_id', '9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b', 'timestamp', now()))
RETURNING id`

// produce writes rows for the receivers in turn, each in a transaction of its own.
func (d *database) produce(ctx context.Context, urls []string, p pacer) ([]produced, error) {
	rows := make([]produced, p.n)
	err := p.run(ctx, func(ctx context.Context, i int) error {
		rows[i].receiver = i % len(urls)
		d.asked.Add(1)
		err := d.pool.QueryRow(ctx, insertRow, urls[rows[i].receiver], i).Scan(&rows[i].id)
		rows[i].committed = time.Now()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("write rows as a producer: %w", err)
	}
	return rows, nil
}
