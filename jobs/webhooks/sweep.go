package webhooks

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
)

// SweepWebhookLogsArgs asks for a delivery of every due webhook row, as far as its
// endpoint has room. Repeating it is safe: a row that has a job is not due.
type SweepWebhookLogsArgs struct{}

// Kind names the job.
func (SweepWebhookLogsArgs) Kind() string { return "sweep_webhook_logs" }

// InsertOpts lets one run at a time.
func (SweepWebhookLogsArgs) InsertOpts() river.InsertOpts { return queue.SweepOpts() }

// Sweep gives a deliver_webhook job to the next due rows of webhook_logs, of
// every endpoint as many as it has room for. Each delivery brings one after it.
func Sweep(pool *pgxpool.Pool, settings Settings) queue.Sweep {
	line := newLine(pool, settings)
	return func(ctx context.Context, client *queue.Client) ([]queue.Item, error) {
		var all []queue.Item
		for more := true; more; {
			var err error
			if more, err = line.assign(ctx); err != nil {
				return all, err
			}
			// After each batch: a hundred thousand rows for one receiver make nobody else wait.
			items, err := line.bringAll(ctx, client)
			all = append(all, items...)
			if err != nil {
				return all, err
			}
		}
		if err := line.WebhookRefusalForget(ctx, line.pool); err != nil {
			return all, fmt.Errorf("forget refusals of webhooks: %w", err)
		}
		return all, nil
	}
}
