package emails

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// TellOwnerArgs tells one person of a client that an endpoint of theirs does not take
// its leads. Enqueued in the transaction that opens the incident. Repeating it is safe:
// incident and person are the key in the ledger of emails, and at Resend.
type TellOwnerArgs struct {
	IncidentID int64     `json:"incident_id"`
	UserID     uuid.UUID `json:"user_id"`
}

// Kind names the job.
func (TellOwnerArgs) Kind() string { return "tell_owner" }

// InsertOpts makes one job an incident and person.
func (TellOwnerArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Email, 10) }

// TellOwners enqueues an email about an incident to each of its owners, in the transaction
// that opens it.
func TellOwners(ctx context.Context, tx pgx.Tx, incident int64, owners []uuid.UUID) error {
	params := make([]river.InsertManyParams, len(owners))
	for i, owner := range owners {
		params[i] = river.InsertManyParams{Args: TellOwnerArgs{IncidentID: incident, UserID: owner}}
	}
	_, err := river.ClientFromContext[pgx.Tx](ctx).InsertManyTx(ctx, tx, params)
	return err
}

// NewTellOwner returns the worker of [TellOwnerArgs].
func NewTellOwner(d Deps) river.Worker[TellOwnerArgs] {
	return &tellOwner{emailLedger: d.ledger(), funnel: d.Funnel, from: d.From}
}

type tellOwner struct {
	river.WorkerDefaults[TellOwnerArgs]
	emailLedger

	funnel *queue.Funnel
	from   string
}

// Timeout bounds one send.
func (w *tellOwner) Timeout(*river.Job[TellOwnerArgs]) time.Duration { return 30 * time.Second }

// Work sends the email, unless the incident is over.
func (w *tellOwner) Work(ctx context.Context, job *river.Job[TellOwnerArgs]) error {
	i, err := w.WebhookIncidentGetForOwner(ctx, w.pool, store.WebhookIncidentGetForOwnerParams{
		ID: job.Args.IncidentID, UserID: job.Args.UserID,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // over, or the person is gone
	}
	if err != nil {
		return fmt.Errorf("read incident %d: %w", job.Args.IncidentID, err)
	}
	if address, invalid := mail.ParseAddress(i.Email); invalid != nil || address.Address != i.Email {
		return nil //nolint:nilerr // the log of the endpoint tells the operator all the same
	}
	rendered, err := conversation.RenderEndpointEmail(conversation.EndpointEmail{
		RecipientName: i.Name, RecipientAddress: i.Email, Host: webhook.HostOf(i.Url), EndpointID: i.EndpointID,
		Disabled: i.Kind == store.IncidentDisabled, Gone: i.DisabledReason == store.DisabledGone,
		Since: i.Since, Cause: i.LastCause, Waiting: i.Waiting, Product: product,
	})
	if err != nil {
		return fmt.Errorf("render email of incident %d: %w", job.Args.IncidentID, err)
	}
	e := ledgerEmail{
		Key:  fmt.Sprintf("incident/%d/%s", job.Args.IncidentID, job.Args.UserID),
		Kind: store.EmailEndpointIncident, UserID: job.Args.UserID,
	}
	err = w.send(ctx, e, resend.Email{
		From: w.from, To: i.Email, Subject: rendered.Subject, HTML: rendered.HTML, Text: rendered.Text,
	}, func(ctx context.Context, tx pgx.Tx, _ string) error {
		return w.WebhookIncidentRecordTold(ctx, tx, job.Args.IncidentID)
	})
	if err != nil {
		err = fmt.Errorf("tell of incident %d: %w", job.Args.IncidentID, err)
	}
	if _, ok := errors.AsType[*inDoubtError](err); ok {
		w.funnel.Count(stepEmailUnknown, 1)
		return &queue.Recorded{Err: err} // a third email about it would be worse than none
	}
	return err
}
