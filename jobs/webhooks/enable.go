package webhooks

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// ErrNoEndpoint says that an id belongs to no endpoint.
var ErrNoEndpoint = errors.New("no such endpoint")

// EnableEndpoint gives an endpoint another chance, whatever its state: what waits for it
// is due at once, and so is what used up its tries since it began to fail.
func EnableEndpoint(ctx context.Context, pool *pgxpool.Pool, settings Settings, client *queue.Client, id int64) error {
	maxTries := int32(len(settings.Schedule) + 1)
	return store.InTx(ctx, pool, func(tx pgx.Tx) error {
		e, err := store.New().WebhookEndpointGet(ctx, tx, id)
		if err != nil {
			return endpointError(id, err)
		}
		since := queue.Now(ctx)
		if e.FailingSince != nil {
			since = *e.FailingSince
		}
		_, err = store.New().WebhookLogRelease(ctx, tx, store.WebhookLogReleaseParams{EndpointID: &id, MaxTries: maxTries, FailingSince: since})
		if err != nil {
			return fmt.Errorf("release webhooks of endpoint %d: %w", id, err)
		}
		// After its rows, as deliveries lock the two.
		if e, err = lockEndpoint(ctx, tx, id); err != nil {
			return err
		}
		if err := store.New().WebhookIncidentClose(ctx, tx, id); err != nil {
			return fmt.Errorf("close incidents of endpoint %d: %w", id, err)
		}
		if err := store.New().WebhookEndpointSave(ctx, tx, saveParams(enabled(e))); err != nil {
			return fmt.Errorf("save endpoint %d: %w", id, err)
		}
		woken, err := client.InsertTx(ctx, tx, WakeEndpointArgs{EndpointID: id}, nil)
		if err == nil && woken.UniqueSkippedAsDuplicate && queue.Waits(woken.Job.State) {
			_, err = client.JobRetryTx(ctx, tx, woken.Job.ID) // it was to be woken later
		}
		if err != nil {
			return fmt.Errorf("enqueue waking of endpoint %d: %w", id, err)
		}
		return nil
	})
}

// DisableEndpoint stops deliveries to an endpoint until somebody enables it. They are
// parked: what is under way ends, and nothing is lost.
func DisableEndpoint(ctx context.Context, pool *pgxpool.Pool, id int64) error {
	return store.InTx(ctx, pool, func(tx pgx.Tx) error {
		e, err := lockEndpoint(ctx, tx, id)
		if err != nil {
			return err
		}
		e.State, e.DisabledAt, e.DisabledReason, e.BlockedUntil = store.EndpointDisabled, new(queue.Now(ctx)), new(store.DisabledOperator), nil
		if err := store.New().WebhookEndpointSave(ctx, tx, saveParams(e)); err != nil {
			return fmt.Errorf("save endpoint %d: %w", id, err)
		}
		return nil
	})
}

func lockEndpoint(ctx context.Context, tx pgx.Tx, id int64) (store.WebhookEndpoint, error) {
	e, err := store.New().WebhookEndpointLock(ctx, tx, id)
	if err != nil {
		return e, endpointError(id, err)
	}
	return e, nil
}

func endpointError(id int64, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w: %d", ErrNoEndpoint, id)
	}
	return fmt.Errorf("read endpoint %d: %w", id, err)
}
