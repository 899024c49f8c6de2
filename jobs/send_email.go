package jobs

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
	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SendEmailArgs sends one notification to a pod member. The sweep enqueues
// it. Repeating it is safe: the row says when it was sent, and the notification's
// id is the idempotency key at Resend.
type SendEmailArgs struct {
	NotificationID uuid.UUID `json:"notification_id"`
}

// Kind names the job.
func (SendEmailArgs) Kind() string { return "send_email" }

// InsertOpts makes one job a row. Resend remembers a key for 24 hours, and the
// schedule of ten attempts stays within them.
func (SendEmailArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Email, 10) }

// mailer is what sends an email once a key.
type mailer interface {
	Send(ctx context.Context, e resend.Email) (id string, err error)
}

type sendEmail struct {
	river.WorkerDefaults[SendEmailArgs]
	database

	mailer mailer
	funnel *Funnel
	from   string
}

// product is the name that mails carry in the footer.
const product = "Bravo revOS"

// Timeout bounds one send.
func (w *sendEmail) Timeout(*river.Job[SendEmailArgs]) time.Duration { return 30 * time.Second }

// Work sends the notification and writes it down.
func (w *sendEmail) Work(ctx context.Context, job *river.Job[SendEmailArgs]) error {
	n, err := w.NotificationGet(ctx, w.Pool, job.Args.NotificationID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted by its producer
	}
	if err != nil {
		return fmt.Errorf("read notification %s: %w", job.Args.NotificationID, err)
	}
	if n.Status != "pending" || n.Type != "pod_repost" {
		return nil
	}
	email, problem := w.compose(n)
	if problem != "" {
		return w.fail(ctx, n.ID, problem)
	}
	id, err := w.mailer.Send(ctx, email)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if e := integrations.As(err); e != nil && e.Kind == integrations.Rejected {
		return errors.Join(fmt.Errorf("send notification %s: %w", n.ID, err), w.fail(ctx, n.ID, e.Error()))
	}
	if err != nil {
		return fmt.Errorf("send notification %s: %w", n.ID, err)
	}
	if err := w.NotificationRecordSent(ctx, w.Pool, store.NotificationRecordSentParams{ID: n.ID, EmailID: id}); err != nil {
		return fmt.Errorf("record notification %s as sent: %w", n.ID, err)
	}
	w.funnel.Email(true)
	return nil
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
		IdempotencyKey: n.ID.String(),
	}, ""
}

// fail ends a notification that can never be sent.
func (w *sendEmail) fail(ctx context.Context, id uuid.UUID, problem string) error {
	err := w.NotificationRecordFailed(ctx, w.Pool, store.NotificationRecordFailedParams{ID: id, ErrorMessage: &problem})
	if err != nil {
		return fmt.Errorf("record failure of notification %s: %w", id, err)
	}
	w.funnel.Email(false)
	return nil
}
