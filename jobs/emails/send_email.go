// Package emails sends notifications to pod members and owners through Resend, each once,
// by a ledger that is written before the call.
package emails

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SendEmailArgs sends one notification to a pod member. The sweep enqueues it. Repeating
// it is safe: the ledger of emails says what was tried and sent, and while the outcome of
// a try is not known, Resend recognises the next by its key.
type SendEmailArgs struct {
	NotificationID uuid.UUID `json:"notification_id"`
}

// Kind names the job.
func (SendEmailArgs) Kind() string { return "send_email" }

// InsertOpts makes one job a row.
func (SendEmailArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Email, 10) }

// mailer is what sends an email once a key.
type mailer interface {
	Send(ctx context.Context, e resend.Email) (id string, err error)
}

// Deps is what emails are sent with.
type Deps struct {
	Pool   *pgxpool.Pool
	Mailer *resend.Client
	Funnel *queue.Funnel
	From   string
}

func (d Deps) ledger() emailLedger {
	return emailLedger{Queries: store.New(), pool: d.Pool, mailer: d.Mailer}
}

// NewSendEmail returns the worker of [SendEmailArgs].
func NewSendEmail(d Deps) river.Worker[SendEmailArgs] {
	return &sendEmail{emailLedger: d.ledger(), funnel: d.Funnel, from: d.From}
}

type sendEmail struct {
	river.WorkerDefaults[SendEmailArgs]
	emailLedger

	funnel *queue.Funnel
	from   string
}

// product is the name that mails carry in the footer.
const product = "Bravo revOS"

// Timeout bounds one send.
func (w *sendEmail) Timeout(*river.Job[SendEmailArgs]) time.Duration { return 30 * time.Second }

// Work sends the notification and writes it down.
func (w *sendEmail) Work(ctx context.Context, job *river.Job[SendEmailArgs]) error {
	n, err := w.NotificationGet(ctx, w.pool, job.Args.NotificationID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted by its producer
	}
	if err != nil {
		return fmt.Errorf("read notification %s: %w", job.Args.NotificationID, err)
	}
	if n.Status != "pending" || n.Type != "pod_repost" {
		return nil
	}
	refused, err := NotificationRefusals(ctx, w.pool, []uuid.UUID{n.ID})
	if err != nil {
		return err
	}
	if r, ok := refused[n.ID]; ok {
		return w.refuse(ctx, r)
	}
	email, problem := w.compose(n)
	if problem != "" {
		return w.fail(ctx, n.ID, problem, stepEmailFailed)
	}
	e := ledgerEmail{Key: n.ID.String(), Kind: store.EmailPodRepost, NotificationID: &n.ID, UserID: n.UserID}
	err = w.send(ctx, e, email,
		func(ctx context.Context, tx pgx.Tx, vendorID string) error {
			return w.NotificationRecordSent(ctx, tx, store.NotificationRecordSentParams{ID: n.ID, EmailID: vendorID})
		})
	if err == nil {
		w.funnel.Count(stepEmailSent, 1)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if doubt, ok := errors.AsType[*inDoubtError](err); ok {
		return w.leaveInDoubt(ctx, n.ID, doubt)
	}
	err = fmt.Errorf("send notification %s: %w", n.ID, err)
	if failure := integrations.As(err); failure != nil && failure.Kind == integrations.Rejected {
		problem := failure.Error()
		if r, ok := errors.AsType[*refusedError](err); ok && r.InDoubt != nil {
			problem += "; an earlier try was not answered, so the email may have arrived"
		}
		return errors.Join(err, w.fail(ctx, n.ID, problem, stepEmailFailed))
	}
	return err
}

// refuse ends a notification that must not be sent.
func (w *sendEmail) refuse(ctx context.Context, r store.NotificationListRefusedRow) error {
	switch r.Reason {
	case store.RefusedInDoubt:
		return w.leaveInDoubt(ctx, r.ID, &inDoubtError{Key: r.ID.String(), Since: store.Value(r.InDoubtSince)})
	case store.RefusedAuthor:
		return w.fail(ctx, r.ID, "Expired: not sent, since the post is this person's own", stepEmailExpired)
	default:
		return w.fail(ctx, r.ID, "Expired: not sent, since it or its post is older than a day", stepEmailExpired)
	}
}

// leaveInDoubt ends a notification of which nobody knows whether it arrived, so that a
// human sees it and can have it sent again.
func (w *sendEmail) leaveInDoubt(ctx context.Context, id uuid.UUID, doubt *inDoubtError) error {
	problem := doubt.Error() + "; `enqueue notifications --anyway --id " + id.String() + "` sends it all the same"
	if err := w.fail(ctx, id, problem, stepEmailUnknown); err != nil {
		return err
	}
	return &queue.Recorded{Err: fmt.Errorf("send notification %s: %w", id, doubt)}
}

// compose writes the email, or says why there can be none.
func (w *sendEmail) compose(n store.NotificationGetRow) (email resend.Email, problem string) {
	if n.Email == "" {
		return email, "User has no email address"
	}
	if address, err := mail.ParseAddress(n.Email); err != nil || address.Address != n.Email {
		return email, "User's email address is not valid"
	}
	if err := conversation.CheckLinkedInURL(n.LinkedinUrl); err != nil {
		return email, "linkedin_url: " + err.Error()
	}
	rendered, err := conversation.RenderPodEmail(conversation.PodEmail{
		RecipientName: n.Name, RecipientAddress: n.Email, PosterName: n.PosterName,
		PostPreview: n.PostPreview, LinkURL: n.LinkedinUrl, Product: product,
	})
	if err != nil {
		return email, "email could not be rendered: " + err.Error()
	}
	return resend.Email{
		From: w.from, To: n.Email, Subject: rendered.Subject, HTML: rendered.HTML, Text: rendered.Text,
	}, ""
}

// fail ends a notification that is not sent, and counts it.
func (w *sendEmail) fail(ctx context.Context, id uuid.UUID, problem string, step string) error {
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		if err := w.EmailSkip(ctx, tx, id.String()); err != nil {
			return err
		}
		return w.NotificationRecordFailed(ctx, tx, store.NotificationRecordFailedParams{ID: id, ErrorMessage: &problem})
	})
	if err != nil {
		return fmt.Errorf("record failure of notification %s: %w", id, err)
	}
	w.funnel.Count(step, 1)
	return nil
}

// Steps of the funnel that are counted here.
const (
	stepEmailSent    = "email_sent"
	stepEmailFailed  = "email_failed"
	stepEmailExpired = "email_expired"
	stepEmailUnknown = "email_unknown"
)

// Steps lists them.
func Steps() []string {
	return []string{stepEmailSent, stepEmailFailed, stepEmailExpired, stepEmailUnknown}
}
