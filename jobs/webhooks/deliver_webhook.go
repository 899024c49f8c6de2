// Package webhooks delivers captured leads to the receivers of clients: signed, retried, at
// a pace that each receiver can take, and with a record of every attempt. It does not decide
// what a lead is.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// DeliverWebhookArgs delivers one webhook row. Enqueued in the transaction
// that captures an email, by the sweep for rows of producers, or by the delivery before
// it in the line of its endpoint. Repeating it is safe: a row that is sent is left
// alone, and every try of a row carries the same webhook-id, so that a receiver can
// drop what it has.
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

// Settings is how webhooks are tried and signed.
type Settings struct {
	// Schedule is the wait after each failed attempt; its length plus one is the number of
	// attempts.
	Schedule queue.Schedule
	Secret   string
	// Vault opens the secrets of campaigns; nil where there is no key for them.
	Vault *webhook.Vault
}

// Deps is what deliveries work with.
type Deps struct {
	Pool   *pgxpool.Pool
	Sender *webhook.Sender
	Funnel *queue.Funnel
	// Events tells operators of receivers in trouble; nil: nobody.
	Events *EndpointEvents
	// TellOwners enqueues an email about an incident to each of its owners.
	TellOwners func(ctx context.Context, tx pgx.Tx, incident int64, owners []uuid.UUID) error
	Settings   Settings
}

type deliverWebhook struct {
	river.WorkerDefaults[DeliverWebhookArgs]
	*store.Queries

	pool *pgxpool.Pool

	sender     sender
	line       line
	gate       *gate
	trouble    *trouble
	funnel     *queue.Funnel
	events     *EndpointEvents
	tellOwners tellOwners
	settings   Settings
}

// NewDeliverWebhook returns the worker of [DeliverWebhookArgs].
func NewDeliverWebhook(d Deps) river.Worker[DeliverWebhookArgs] {
	return &deliverWebhook{
		Queries: store.New(), pool: d.Pool, sender: d.Sender, line: newLine(d.Pool, d.Settings), gate: newGate(), trouble: newTrouble(),
		funnel: d.Funnel, events: d.Events, tellOwners: d.TellOwners, settings: d.Settings,
	}
}

// Timeout leaves the exchange its ten seconds and the database its own.
func (w *deliverWebhook) Timeout(*river.Job[DeliverWebhookArgs]) time.Duration {
	return 25 * time.Second
}

// dueSlack is by how much the clocks of database and queue may differ.
const dueSlack = 2 * time.Second

// Work makes one try and writes it down, where the row is due and its endpoint takes it.
func (w *deliverWebhook) Work(ctx context.Context, job *river.Job[DeliverWebhookArgs]) error {
	row, err := w.row(ctx, job.Args.WebhookLogID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted by its producer
	}
	if err != nil {
		return fmt.Errorf("read webhook row %s: %w", job.Args.WebhookLogID, err)
	}
	if row.Status == "sent" || row.Abandoned {
		return w.end(ctx, row)
	}
	if left := time.Duration(row.SecondsLeft * float64(time.Second)); left > dueSlack {
		return &queue.NotYet{Until: queue.Now(ctx).Add(left), Reason: "the row is due later"} // so that a crash hurries nobody
	}
	if wait := w.trouble.left(row.EndpointID); wait > 0 {
		return w.stepAside(ctx, job, row, wait)
	}
	if err := w.awaitLock(ctx, job, row.ID); err != nil {
		return err
	}
	way, err := w.pass(ctx, row)
	if err != nil {
		return err
	}
	if way == shut {
		return w.stepAside(ctx, job, row, 0)
	}
	err = w.try(ctx, job, row, way == alone)
	left := w.gate.leave(row.EndpointID, row.Scope)
	if left > endpointSlots/2 && !w.gate.waits(row.Scope) {
		return err // one of those brings several at once
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, w.goOn(ctx, row))
}

// end does what a delivery that was recorded may have left: its lead was locked, or its
// worker died before it brought the next in line.
func (w *deliverWebhook) end(ctx context.Context, row store.WebhookLogGetRow) error {
	var behind error
	if row.Status == "sent" {
		behind = store.InTxWithin(ctx, w.pool, store.NewPatience(), func(tx pgx.Tx) error { return w.leadFollows(ctx, tx, row) })
	}
	_, err := w.line.bring(ctx, row.EndpointID, endpointSlots)
	return errors.Join(behind, err)
}

// awaitLock makes sure that the outcome of a try can be written down, where the job was put
// off before: it may have been because somebody holds the row, and then each try would be
// one more delivery of which nothing is known afterwards.
func (w *deliverWebhook) awaitLock(ctx context.Context, job *river.Job[DeliverWebhookArgs], id uuid.UUID) error {
	if !queue.WasPutOff(job.JobRow) {
		return nil
	}
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		_, err := w.WebhookLogLock(ctx, tx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("lock webhook %s: %w", id, err)
	}
	return nil
}

// row reads the row with its endpoint, which is made for the first row of a URL.
func (w *deliverWebhook) row(ctx context.Context, id uuid.UUID) (store.WebhookLogGetRow, error) {
	row, err := w.WebhookLogGet(ctx, w.pool, id)
	if err != nil || row.EndpointID != 0 {
		return row, err
	}
	err = w.WebhookEndpointEnsure(ctx, w.pool, store.WebhookEndpointEnsureParams{Scope: row.Scope, Url: row.WebhookUrl})
	if err != nil {
		return row, err
	}
	return w.WebhookLogGet(ctx, w.pool, id)
}

// try delivers, with no transaction open, and records the outcome.
func (w *deliverWebhook) try(ctx context.Context, job *river.Job[DeliverWebhookArgs], row store.WebhookLogGetRow, turn bool) error {
	begun := time.Now()
	t := try{row: row, jobID: job.ID, started: queue.Now(ctx), turn: turn}
	secrets, err := w.secretsOf(ctx, row.CampaignID)
	switch {
	case err == nil:
		t.result, t.err = w.sender.Deliver(ctx, webhook.Delivery{
			ID: row.ID.String(), Client: row.Scope, URL: row.WebhookUrl, Body: []byte(row.Payload),
			Secret: w.settings.Secret, Secrets: secrets, Now: t.started,
		})
	case integrations.As(err) != nil: // nothing to sign with: our side's failure
		t.err, t.result.Cause = err, integrations.As(err).Type
	default:
		return fmt.Errorf("deliver webhook %s: %w", row.ID, err)
	}
	t.ended = t.started.Add(time.Since(begun))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return w.record(ctx, t)
}
