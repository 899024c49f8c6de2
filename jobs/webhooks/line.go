package webhooks

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// line is what waits for each endpoint: due rows without a job. As many of them have
// one as the endpoint has room for, and each delivery that ends brings the next. So
// five thousand rows for a receiver that hangs are rows, and not jobs.
type line struct {
	*store.Queries

	pool *pgxpool.Pool

	maxTries int32
}

func newLine(pool *pgxpool.Pool, settings Settings) line {
	return line{Queries: store.New(), pool: pool, maxTries: int32(len(settings.Schedule) + 1)}
}

// bring gives a job to whoever is next at one endpoint, from within a job, so that no more
// than room of it have one, and tells to how many.
func (l line) bring(ctx context.Context, endpoint int64, room int32) (n int, err error) {
	err = store.InTx(ctx, l.pool, func(tx pgx.Tx) error {
		items, err := l.give(ctx, tx, river.ClientFromContext[pgx.Tx](ctx), endpoint, endpoint, room)
		n = len(items)
		return err
	})
	return n, err
}

// bringAll does so for every endpoint.
func (l line) bringAll(ctx context.Context, client *queue.Client) ([]queue.Item, error) {
	var all []queue.Item
	for {
		var items []queue.Item
		err := store.InTx(ctx, l.pool, func(tx pgx.Tx) (err error) {
			items, err = l.give(ctx, tx, client, 0, math.MaxInt64, endpointSlots)
			return err
		})
		all = append(all, items...)
		if err != nil || len(items) < queue.SweepBatch {
			return all, err
		}
	}
}

func (l line) give(
	ctx context.Context, tx pgx.Tx, client *queue.Client, first, last int64, room int32,
) ([]queue.Item, error) {
	ids, err := l.WebhookLogListNext(ctx, tx, store.WebhookLogListNextParams{
		FirstEndpoint: first, LastEndpoint: last, Room: room, MaxTries: l.maxTries, MaxRows: queue.SweepBatch,
	})
	if err != nil {
		return nil, fmt.Errorf("list webhooks in line: %w", err)
	}
	return insertDeliveries(ctx, tx, client, ids)
}

func insertDeliveries(ctx context.Context, tx pgx.Tx, client *queue.Client, ids []uuid.UUID) ([]queue.Item, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	params := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		params[i] = river.InsertManyParams{Args: DeliverWebhookArgs{WebhookLogID: id}}
	}
	results, err := client.InsertManyTx(ctx, tx, params)
	if err != nil {
		return nil, fmt.Errorf("insert %d jobs: %w", len(params), err)
	}
	items := make([]queue.Item, len(ids))
	for i, r := range results {
		items[i] = queue.Item{RowID: ids[i].String(), JobID: r.Job.ID}
		if r.UniqueSkippedAsDuplicate && queue.Waits(r.Job.State) {
			// The row is due now although its job would be tried later: bring it forward.
			if _, err := client.JobRetryTx(ctx, tx, r.Job.ID); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
				return nil, fmt.Errorf("bring job %d forward: %w", r.Job.ID, err)
			}
		}
	}
	return items, nil
}

// assignBatch rows are told their endpoint in one statement.
const assignBatch = 5000

// assign puts rows of producers in line, by the endpoint they are for, and tells
// whether there may be more of them. Rows that the database refuses hold up no others.
func (l line) assign(ctx context.Context) (more bool, err error) {
	var ids []uuid.UUID
	err = store.InTx(ctx, l.pool, func(tx pgx.Tx) (err error) {
		ids, err = l.WebhookLogLockUnassigned(ctx, tx, assignBatch)
		if err != nil {
			return fmt.Errorf("list webhooks without an endpoint: %w", err)
		}
		return l.assignLocked(ctx, tx, ids)
	})
	if len(ids) > 0 && refuses(err) {
		err = l.assignApart(ctx, ids)
	}
	return len(ids) == assignBatch, err
}

func (l line) assignLocked(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	if err := l.WebhookEndpointEnsureMany(ctx, tx, ids); err != nil {
		return fmt.Errorf("make endpoints of webhooks: %w", err)
	}
	assigned, err := l.WebhookLogAssign(ctx, tx, ids)
	if err != nil {
		return fmt.Errorf("assign webhooks to endpoints: %w", err)
	}
	if int(assigned) < len(ids) {
		return errUnchanged
	}
	return nil
}
