package jobs

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/bravorevos/workers/store"
)

// Funnel counts what went through the funnel in this process. The database has
// the truth; these are for graphs and alerts.
type Funnel struct{ steps *prometheus.CounterVec }

const (
	stepCommentScanned   = "comment_scanned"
	stepTriggerFound     = "trigger_found"
	stepDMSent           = "dm_sent"
	stepDMFailed         = "dm_failed"
	stepBackupLinkSent   = "backup_link_sent"
	stepPublicReplySent  = "public_reply_sent"
	stepInvitationSent   = "invitation_sent"
	stepQuestionSent     = "question_sent"
	stepFollowUpSent     = "follow_up_sent"
	stepAnswerRead       = "answer_read"
	stepEmailCaptured    = "email_captured"
	stepOptedOut         = "opted_out"
	stepWebhookDelivered = "webhook_delivered"
	stepWebhookFailed    = "webhook_failed"
	stepEmailSent        = "email_sent"
	stepEmailFailed      = "email_failed"
	stepEmailExpired     = "email_expired"
	stepEmailUnknown     = "email_unknown"
)

// NewFunnel registers the counters, each step at zero.
func NewFunnel(reg prometheus.Registerer) *Funnel {
	f := &Funnel{steps: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "workers_funnel_total",
		Help: "What went through the funnel, by step.",
	}, []string{"step"})}
	for _, step := range []string{
		stepCommentScanned, stepTriggerFound, stepDMSent, stepDMFailed, stepBackupLinkSent,
		stepPublicReplySent, stepInvitationSent, stepQuestionSent, stepFollowUpSent, stepAnswerRead,
		stepEmailCaptured, stepOptedOut, stepWebhookDelivered, stepWebhookFailed, stepEmailSent, stepEmailFailed,
		stepEmailExpired, stepEmailUnknown,
	} {
		f.steps.WithLabelValues(step)
	}
	return f
}

func (f *Funnel) add(step string, n int) { f.steps.WithLabelValues(step).Add(float64(n)) }

// CommentsScanned counts new comments and those that held a trigger word.
func (f *Funnel) CommentsScanned(comments, triggers int) {
	f.add(stepCommentScanned, comments)
	f.add(stepTriggerFound, triggers)
}

// MessageSent counts a message that is recorded as sent.
func (f *Funnel) MessageSent(purpose string) {
	switch purpose {
	case store.PurposeFirstDM:
		f.add(stepDMSent, 1)
	case store.PurposePublicReply:
		f.add(stepPublicReplySent, 1)
	case store.PurposeInvitation:
		f.add(stepInvitationSent, 1)
	case store.PurposeSecondQuestion, store.PurposeThirdQuestion:
		f.add(stepQuestionSent, 1)
	case store.PurposeFollowUp:
		f.add(stepFollowUpSent, 1)
	default:
		f.add(stepBackupLinkSent, 1)
	}
}

// MessageFailed counts a first message that the provider refused for ever.
func (f *Funnel) MessageFailed(purpose string) {
	if purpose == store.PurposeFirstDM {
		f.add(stepDMFailed, 1)
	}
}

// EmailInComment counts an address that stood in a comment.
func (f *Funnel) EmailInComment() { f.add(stepEmailCaptured, 1) }

// Answer counts an answer that was handled, and what it brought.
func (f *Funnel) Answer(captured, optedOut bool) {
	f.add(stepAnswerRead, 1)
	if captured {
		f.add(stepEmailCaptured, 1)
	}
	if optedOut {
		f.add(stepOptedOut, 1)
	}
}

// Webhook counts an attempt at a delivery.
func (f *Funnel) Webhook(delivered bool) {
	if delivered {
		f.add(stepWebhookDelivered, 1)
		return
	}
	f.add(stepWebhookFailed, 1)
}

// EmailSent counts a notification that went out.
func (f *Funnel) EmailSent() { f.add(stepEmailSent, 1) }

// EmailFailed counts a notification that can never be sent.
func (f *Funnel) EmailFailed() { f.add(stepEmailFailed, 1) }

// EmailExpired counts a notification that was too old, or to the author of the post.
func (f *Funnel) EmailExpired() { f.add(stepEmailExpired, 1) }

// EmailUnknown counts an email of which nobody knows whether it arrived.
func (f *Funnel) EmailUnknown() { f.add(stepEmailUnknown, 1) }
