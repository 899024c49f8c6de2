package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// DeliverWebhookArgs delivers one webhook row. Enqueued in the transaction
// that captures an email, or by the sweep for rows of producers. Repeating it is
// safe: a row that is sent is left alone, and every try of a row carries the same
// webhook-id, so that a receiver can drop what it has.
type DeliverWebhookArgs struct {
	WebhookLogID uuid.UUID `json:"webhook_log_id"`
}

// Kind names the job.
func (DeliverWebhookArgs) Kind() string { return "deliver_webhook" }

// InsertOpts makes one job a row. The row's own count of tries ends the job; the
// limit of attempts is only a backstop.
func (DeliverWebhookArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Webhooks, 50) }

// sender is what delivers a signed body to an address.
type sender interface {
	Deliver(ctx context.Context, d webhook.Delivery) (webhook.Result, error)
}

type deliverWebhook struct {
	river.WorkerDefaults[DeliverWebhookArgs]
	database

	sender   sender
	funnel   *Funnel
	settings Settings
}

// Timeout leaves the exchange its ten seconds and the database its own.
func (w *deliverWebhook) Timeout(*river.Job[DeliverWebhookArgs]) time.Duration {
	return 25 * time.Second
}

// Work makes one try and writes it down.
func (w *deliverWebhook) Work(ctx context.Context, job *river.Job[DeliverWebhookArgs]) error {
	row, err := w.WebhookLogGet(ctx, w.Pool, job.Args.WebhookLogID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted by its producer
	}
	if err != nil {
		return fmt.Errorf("read webhook row %s: %w", job.Args.WebhookLogID, err)
	}
	if row.Status == "sent" {
		return nil
	}
	secrets, err := w.secretsOf(ctx, row.CampaignID)
	if err != nil {
		return fmt.Errorf("deliver webhook %s: %w", row.ID, err)
	}
	result, err := w.sender.Deliver(ctx, webhook.Delivery{
		ID: row.ID.String(), URL: row.WebhookUrl, Body: []byte(row.Payload),
		Secret: w.settings.WebhookSecret, Secrets: secrets, Now: time.Now(),
	})
	if e := integrations.As(err); errors.Is(err, context.Canceled) || e != nil && e.Kind == integrations.Denied {
		// The worker stops, or has nothing to sign with: not a try that the receiver failed.
		return fmt.Errorf("deliver webhook %s: %w", row.ID, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err != nil {
		return w.recordFailure(ctx, row, result, err)
	}
	return w.recordSent(ctx, row, result)
}

func (w *deliverWebhook) recordSent(ctx context.Context, row store.WebhookLogGetRow, result webhook.Result) error {
	status := int32(result.Status)
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		err := w.WebhookLogRecordSent(ctx, tx, store.WebhookLogRecordSentParams{
			ID: row.ID, ResponseStatus: &status, ResponseBody: &result.Body,
		})
		if err != nil || row.LeadID == nil {
			return err
		}
		_, err = w.LeadMove(ctx, tx, store.LeadMoveParams{
			ID: *row.LeadID, FromStatus: store.LeadEmailCaptured, ToStatus: store.LeadWebhookSent,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("record webhook %s as sent: %w", row.ID, err)
	}
	w.funnel.Webhook(true)
	return nil
}

// recordFailure books the try on the row and says when the next one is due: on
// the schedule, later where the receiver asks for it, never after the last.
func (w *deliverWebhook) recordFailure(
	ctx context.Context, row store.WebhookLogGetRow, result webhook.Result, cause error,
) error {
	cause = fmt.Errorf("deliver webhook %s: %w", row.ID, cause)
	now := time.Now()
	tries := int(row.RetryCount) + 1
	message := cause.Error()
	failure := store.WebhookLogRecordFailureParams{ID: row.ID, ErrorMessage: &message}
	if result.Status != 0 {
		status := int32(result.Status)
		failure.ResponseStatus, failure.ResponseBody = &status, &result.Body
	}
	next := now.Add(w.settings.WebhookSchedule.Wait(tries))
	vendor := integrations.As(cause)
	if vendor != nil {
		next = later(next, now.Add(vendor.RetryAfter))
	}
	switch {
	case vendor != nil && vendor.Kind == integrations.Rejected:
		failure.AbandonedAt = &now
	case tries <= len(w.settings.WebhookSchedule):
		failure.NextAttemptAt = &next
	}
	if err := w.WebhookLogRecordFailure(ctx, w.Pool, failure); err != nil {
		return errors.Join(cause, fmt.Errorf("record failure of webhook %s: %w", row.ID, err))
	}
	w.funnel.Webhook(false)
	if failure.NextAttemptAt == nil {
		return &queue.Recorded{Err: cause} // no further try by itself
	}
	return &queue.RetryAt{Err: cause, At: next}
}
