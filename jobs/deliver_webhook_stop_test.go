package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/sandbox/receiver"
)

// Ensure that a worker which stops in the middle of a delivery takes no try from the
// receiver, and leaves the row due at once.
func TestDeliveryThatIsStopped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer.Behave("/leads", receiver.Behaviour{Hang: true})
	id := b.webhookLog(nil)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer stop()
		for start := time.Now(); len(b.customer.Deliveries()) == 0 && time.Since(start) < time.Minute; {
			<-time.After(time.Millisecond)
		}
	}()
	b.wantEvent(workWithin(ctx, b, webhooks.DeliverWebhookArgs{WebhookLogID: id}), river.EventKindJobFailed)
	if n := len(b.customer.Deliveries()); n != 1 {
		t.Fatalf("%d deliveries had begun, want 1", n)
	}
	b.want("webhook_logs", id, row{"status": "pending", "retry_count": 0, "error_message": nil, "last_attempt_at": nil, "next_attempt_at": nil})
}
