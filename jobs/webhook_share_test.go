package jobs_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/queue"
)

// Ensure that a client whose many receivers are all slow leaves room for the next: what
// that one has is delivered while all of the first still hang. Alone it has more than its
// share, and nothing of its own is forgotten for having found no room.
func TestClientWithManySlowReceivers(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Intervals.WebhookLogs = time.Hour })
	openings, err := webhook.ParseOpenings("127.0.0.0/8")
	b.must(err)
	b.deps.Webhooks = webhook.New(webhook.Config{Timeout: 20 * time.Second, Openings: openings})
	answer := make(chan struct{})
	var hanging atomic.Int32
	slow := b.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hanging.Add(1)
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}))
	many, few := b.campaign(nil), b.campaign(nil)
	const receivers, each = 8, 12
	for n := range receivers {
		b.rowsOf(many, fmt.Sprintf("%s/%d", slow, n), each)
	}
	b.run(b.sweeps.WebhookLogs)
	b.startWith(queue.Tuning{})
	b.until("it has two thirds of the slots, where nobody else wants one", func(context.Context) bool { return hanging.Load() > 40 })
	b.rowsOf(few, b.hookURL, 30)
	sent := func(campaign uuid.UUID) int {
		return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent' AND campaign_id = $1", campaign)
	}
	b.until("the other client has its leads", func(context.Context) bool { return sent(few) == 30 })
	if n := scalar[int](b, "SELECT count(*) FROM workers.webhook_attempts a JOIN webhook_logs w ON w.id = a.webhook_log_id WHERE w.campaign_id = $1", many); n > 0 {
		t.Errorf("%d deliveries of the first client had to end before the other had its leads", n)
	}
	if n := hanging.Load(); n > 64-slots {
		t.Errorf("the first client has %d of 64 slots", n)
	}
	close(answer)
	b.until("the first client has its leads, too", func(context.Context) bool { return sent(many) == receivers*each })
	if n := b.activeJobs("deliver_webhook"); n > slots {
		t.Errorf("%d jobs are left", n)
	}
}

// rowsOf seeds n rows of a campaign for one URL.
func (b *bench) rowsOf(campaign uuid.UUID, url string, n int) {
	b.Helper()
	b.exec(`INSERT INTO webhook_logs (campaign_id, webhook_url, payload)
		SELECT $1::uuid, $2::text, jsonb_build_object('email', 'p' || n || '@example.com', 'name', 'P', 'source', 'agent', 'campaign_id', $1::text, 'timestamp', '2026-11-23T10:00:00Z')
		FROM generate_series(1, $3::int) n`, campaign, url, n)
}
