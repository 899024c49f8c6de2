package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// try is one try to deliver a row, and what came of it.
type try struct {
	row            store.WebhookLogGetRow
	jobID          int64
	started, ended time.Time
	turn           bool // to see whether the endpoint is back
	result         webhook.Result
	err            error // nil: delivered
}

// stopped reports whether the worker cut the try short to stop.
func (t try) stopped() bool { return errors.Is(t.err, context.Canceled) }

// ours reports whether the failure says nothing of the receiver: there was no network
// on our side, or nothing to sign with.
func (t try) ours() bool {
	e := integrations.As(t.err)
	return t.result.Ours || e != nil && e.Kind == integrations.Denied
}

// unsigned reports whether the secrets of the row's campaign were the failure: it says
// nothing of other campaigns that deliver to the same endpoint.
func (t try) unsigned() bool {
	e := integrations.As(t.err)
	return e != nil && e.Kind == integrations.Denied && t.row.CampaignID != nil &&
		(e.Type == string(integrations.CauseSecret) || e.Scope == integrations.ScopeTarget)
}

// record writes down a try: its row in the log of attempts, the state of the webhook
// and the health of its endpoint in one transaction, so that none tells another story.
func (w *deliverWebhook) record(ctx context.Context, t try) error {
	var event string
	var endpoint store.WebhookEndpoint
	var decided error
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) (err error) {
		if err := w.WebhookAttemptInsert(ctx, tx, attemptOf(t)); err != nil {
			return fmt.Errorf("insert attempt: %w", err)
		}
		switch {
		case t.err == nil:
			endpoint, event, decided, err = w.recordSent(ctx, tx, t)
		case t.stopped():
			decided = t.err // River puts the job back; whoever takes it up begins at once
		case t.ours():
			decided = &queue.Recorded{Err: t.err}
			err = w.recordOurs(ctx, tx, t)
		default:
			endpoint, event, decided, err = w.recordFailure(ctx, tx, t)
		}
		return err
	})
	if err != nil {
		// The row is as it was, so the receiver is asked again, under the same webhook-id.
		return errors.Join(t.err, fmt.Errorf("record try of webhook %s: %w", t.row.ID, err))
	}
	w.events.attempt(t.result.Cause)
	w.events.endpoint(ctx, endpoint, event)
	if !t.stopped() && !t.ours() {
		w.trouble.end(t.row.EndpointID)
		w.funnel.Count(stepOf(t.err), 1)
	}
	if decided != nil {
		return fmt.Errorf("deliver webhook %s: %w", t.row.ID, decided)
	}
	return nil
}

// recordSent books a delivery. Where somebody holds its lead, the job goes on until that
// has followed: a delivery that is not recorded would be made again.
func (w *deliverWebhook) recordSent(ctx context.Context, tx pgx.Tx, t try) (e store.WebhookEndpoint, event string, behind, err error) {
	status, answer := int32(t.result.Status), t.result.Kept()
	err = w.WebhookLogRecordSent(ctx, tx, store.WebhookLogRecordSentParams{
		ID: t.row.ID, EndpointID: &t.row.EndpointID, ResponseStatus: &status, ResponseBody: &answer,
	})
	if err != nil {
		return e, "", nil, err
	}
	behind = store.InSavepointWithin(ctx, tx, store.NewPatience(), func(tx pgx.Tx) error { return w.leadFollows(ctx, tx, t.row) })
	switch {
	case store.IsLocked(behind):
	case behind != nil:
		return e, "", nil, behind
	default:
		// With the row, or a worker that dies in between would have the job begin again.
		if err := w.JobComplete(ctx, tx, t.jobID); err != nil {
			return e, "", nil, err
		}
	}
	unwell, err := w.WebhookEndpointLockUnwell(ctx, tx, t.row.EndpointID)
	if err != nil || len(unwell) == 0 {
		return e, "", behind, err
	}
	e, event = afterSuccess(unwell[0], t.ended)
	if event == eventRecovered {
		if err := w.WebhookIncidentClose(ctx, tx, e.ID); err != nil {
			return e, "", nil, err
		}
	}
	return e, event, behind, saveEndpoint(ctx, tx, e)
}

// leadFollows moves the lead of a delivered row on.
func (w *deliverWebhook) leadFollows(ctx context.Context, tx pgx.Tx, row store.WebhookLogGetRow) error {
	if row.LeadID == nil {
		return nil
	}
	_, err := w.LeadMove(ctx, tx, store.LeadMoveParams{
		ID: *row.LeadID, FromStatus: store.LeadEmailCaptured, ToStatus: store.LeadWebhookSent,
	})
	if err != nil {
		return fmt.Errorf("move lead %s: %w", *row.LeadID, err)
	}
	return nil
}

// recordOurs leaves the row due, and its count of tries as it is. What was wrong may be of
// this row alone, such as the secret of its campaign, so others have their turn first.
func (w *deliverWebhook) recordOurs(ctx context.Context, tx pgx.Tx, t try) error {
	err := w.WebhookLogGoLast(ctx, tx, store.WebhookLogGoLastParams{ID: t.row.ID, EndpointID: &t.row.EndpointID})
	if err != nil {
		return err
	}
	e, err := w.WebhookEndpointLock(ctx, tx, t.row.EndpointID)
	if err != nil {
		return err
	}
	if !t.result.Ours && !t.unsigned() {
		return saveEndpoint(ctx, tx, afterDenied(e, t.ended)) // nothing to sign with, for anybody
	}
	if t.turn && e.State != store.EndpointDisabled {
		e.BlockedUntil = &t.started // nothing was tried: the turn is another's
		if err := w.WebhookEndpointSave(ctx, tx, saveParams(e)); err != nil {
			return fmt.Errorf("save endpoint %d: %w", e.ID, err)
		}
	}
	if t.unsigned() {
		return w.putOff(ctx, tx, e, t)
	}
	return wakeIn(ctx, tx, e.ID, w.trouble.begin(e.ID))
}

// putOff lets everything wait that is due for the campaign at this endpoint, in one
// statement, and leaves the endpoint to the others.
func (w *deliverWebhook) putOff(ctx context.Context, tx pgx.Tx, e store.WebhookEndpoint, t try) error {
	until := t.ended.Add(unsignedWait)
	err := w.WebhookLogPutOff(ctx, tx, store.WebhookLogPutOffParams{
		NextAttemptAt: until, EndpointID: &e.ID, CampaignID: *t.row.CampaignID, MaxRows: assignBatch,
	})
	if err != nil {
		return fmt.Errorf("put off webhooks of campaign %s: %w", *t.row.CampaignID, err)
	}
	return wakeAt(ctx, tx, e.ID, until)
}

// recordFailure books the try on the row and says when the next one is due: on the
// schedule, later where the receiver asks for it, never after the last. A receiver that
// answered 410 gets none until somebody enables it.
func (w *deliverWebhook) recordFailure(ctx context.Context, tx pgx.Tx, t try) (store.WebhookEndpoint, string, error, error) {
	rows, err := w.WebhookLogLock(ctx, tx, t.row.ID)
	if err != nil {
		return store.WebhookEndpoint{}, "", nil, err
	}
	tries := int(t.row.RetryCount) + 1
	if len(rows) > 0 {
		if rows[0].Status == "sent" {
			// By a worker that took over the job while this one was frozen: nothing that came
			// of this try counts.
			return store.WebhookEndpoint{}, "", &queue.Recorded{Err: t.err}, nil
		}
		tries = int(rows[0].RetryCount) + 1 // replayed meanwhile: it counts from zero
	}
	f := failure{at: t.ended, status: t.result.Status, cause: t.result.Cause, turn: t.turn}
	next := t.ended.Add(w.settings.Schedule.Wait(tries))
	if e := integrations.As(t.err); e != nil {
		f.retryAfter = e.RetryAfter
		f.never = e.Kind == integrations.Rejected && t.result.Status == 0
		next = queue.Later(next, t.ended.Add(e.RetryAfter))
	}
	f.final = f.never || tries > len(w.settings.Schedule)

	message := fmt.Sprintf("deliver webhook %s: %v", t.row.ID, t.err)
	row := store.WebhookLogRecordFailureParams{ID: t.row.ID, EndpointID: &t.row.EndpointID, ErrorMessage: &message}
	if t.result.Status != 0 {
		status, answer := int32(t.result.Status), t.result.Kept()
		row.ResponseStatus, row.ResponseBody = &status, &answer
	}
	var decided error = &queue.Recorded{Err: t.err} // no further try by itself
	switch {
	case f.final:
		row.AbandonedAt = &t.ended
	case f.status != 410:
		row.NextAttemptAt = &next
		decided = &queue.RetryAt{Err: t.err, At: next}
	}
	if err := w.WebhookLogRecordFailure(ctx, tx, row); err != nil {
		return store.WebhookEndpoint{}, "", nil, err
	}
	before, err := w.WebhookEndpointLock(ctx, tx, t.row.EndpointID)
	if err != nil {
		return before, "", nil, err
	}
	e, event := afterFailure(before, f)
	if err := openIncident(ctx, tx, w.tellOwners, e, event, f); err != nil {
		return e, "", nil, err
	}
	return e, event, decided, saveEndpoint(ctx, tx, e)
}

// saveEndpoint writes an endpoint down, and has it woken when its rest is over.
func saveEndpoint(ctx context.Context, tx pgx.Tx, e store.WebhookEndpoint) error {
	q := store.New()
	if err := q.WebhookEndpointSave(ctx, tx, saveParams(e)); err != nil {
		return fmt.Errorf("save endpoint %d: %w", e.ID, err)
	}
	if e.BlockedUntil == nil {
		return nil
	}
	return wakeAt(ctx, tx, e.ID, *e.BlockedUntil)
}

// tellOwners enqueues an email about an incident to each of its owners.
type tellOwners func(ctx context.Context, tx pgx.Tx, incident int64, owners []uuid.UUID) error

// openIncident tells the owners of an endpoint that is disabled, or has failed for so
// long, or so finally, that they will want to know. Each incident is told once.
func openIncident(
	ctx context.Context, tx pgx.Tx, tell tellOwners, e store.WebhookEndpoint, event string, f failure,
) error {
	q := store.New()
	var kind string
	switch {
	case event == eventDisabled:
		kind = store.IncidentDisabled
	case e.State == store.EndpointFailing && (f.final || f.at.Sub(*e.FailingSince) >= tellAfter):
		kind = store.IncidentFailing
	default:
		return nil
	}
	opened, err := q.WebhookIncidentOpen(ctx, tx, store.WebhookIncidentOpenParams{EndpointID: e.ID, Kind: kind})
	if err != nil || len(opened) == 0 {
		return err
	}
	owners, err := q.WebhookEndpointListOwners(ctx, tx, e.ID)
	if err != nil || len(owners) == 0 {
		return err
	}
	if err := tell(ctx, tx, opened[0], owners); err != nil {
		return fmt.Errorf("enqueue emails of incident %d: %w", opened[0], err)
	}
	return nil
}

// attemptOf is the row of a try in the log of attempts.
func attemptOf(t try) store.WebhookAttemptInsertParams {
	a := store.WebhookAttemptInsertParams{
		WebhookLogID: &t.row.ID, EndpointID: t.row.EndpointID, Trigger: store.TriggerAutomatic,
		StartedAt: t.started, Cause: store.CauseDelivered, Reused: t.result.Reused,
		DnsMs: millis(t.result.Timings.DNS), ConnectMs: millis(t.result.Timings.Connect), TlsMs: millis(t.result.Timings.TLS),
		FirstByteMs: millis(t.result.Timings.FirstByte), TotalMs: millis(t.result.Timings.Total),
	}
	if t.row.Replayed {
		a.Trigger = store.TriggerManual
	}
	if t.result.Address != "" {
		a.Address = &t.result.Address
	}
	if t.result.Status != 0 {
		status, answer := int32(t.result.Status), t.result.Kept()
		a.Status, a.FinishedAt, a.BodyHead = &status, &t.ended, &answer
	}
	if t.err != nil {
		a.Cause = t.result.Cause
		a.ErrorDetail = new(store.Storable(t.err.Error()))
	}
	return a
}

// millis is null for a step that did not happen.
func millis(d time.Duration) *int32 {
	if d <= 0 {
		return nil
	}
	return new(int32(max(d.Milliseconds(), 1)))
}

// Steps of the funnel that are counted here.
const (
	stepWebhookDelivered = "webhook_delivered"
	stepWebhookFailed    = "webhook_failed"
)

// Steps lists them.
func Steps() []string { return []string{stepWebhookDelivered, stepWebhookFailed} }

// stepOf is the step of an attempt.
func stepOf(failed error) string {
	if failed == nil {
		return stepWebhookDelivered
	}
	return stepWebhookFailed
}
