package jobs_test

import (
	"context"
	"testing"

	"github.com/riverqueue/river"
)

// Ensure that a webhook whose lead somebody has locked is delivered and recorded once, and
// that its lead follows when it is free.
func TestDeliveryBesideALockedLead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.impatient("1s")
	lead := b.lead(row{"status": "email_captured"})
	id := b.webhookLog(row{"lead_id": lead})
	b.holding("SELECT FROM leads FOR UPDATE", nil, func() {
		for range 2 {
			b.wantEvent(b.deliver(id), river.EventKindJobFailed)
		}
		b.want("webhook_logs", id, row{"status": "sent", "response_status": 200})
	})
	b.wantEvent(b.deliver(id), river.EventKindJobCompleted)
	b.want("leads", lead, row{"status": "webhook_sent"})
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Errorf("%d deliveries arrived, want 1", n)
	}
}

// Ensure that a receiver is not asked again and again while somebody has locked the row of
// its webhook, so that no outcome can be written to it.
func TestDeliveryOfALockedRow(t *testing.T) {
	t.Parallel()
	b := setup(t, quick)
	b.impatient("200ms")
	id := b.webhookLog(nil)
	snoozed := func(times int) func(context.Context) bool {
		return func(context.Context) bool {
			b.exec("UPDATE workers.river_job SET scheduled_at = now() WHERE kind = 'deliver_webhook' AND state = 'scheduled'")
			return scalar[int](b, `SELECT coalesce(max((metadata ->> 'snoozes')::int), 0) FROM workers.river_job
				WHERE kind = 'deliver_webhook'`) >= times
		}
	}
	b.run(b.sweeps.WebhookLogs)
	b.holding("SELECT FROM webhook_logs FOR UPDATE", nil, func() {
		b.start()
		b.until("the row is looked at again and again", snoozed(4))
	})
	b.until("the row is delivered", func(ctx context.Context) bool {
		snoozed(0)(ctx)
		return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent' AND retry_count = 0") == 1
	})
	// The first, whose outcome was lost, and the one that was written down.
	if n := len(b.customer.Deliveries()); n > 2 {
		t.Errorf("%d deliveries of %s arrived, want 2 at most", n, id)
	}
}

// Ensure that an email whose notification somebody has locked is known as sent all the
// same: nothing is asked of Resend again, and it does not end in doubt.
func TestEmailBesideALockedNotification(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.impatient("1s")
	id := b.notification(nil)
	b.holding("SELECT FROM notifications FOR UPDATE", nil, func() {
		for range 2 {
			b.wantEvent(b.email(id), river.EventKindJobFailed)
		}
	})
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.want("notifications", id, row{"status": "sent"})
	if n := len(b.mail.Requests()); n != 1 {
		t.Errorf("Resend was called %d times, want 1", n)
	}
}
