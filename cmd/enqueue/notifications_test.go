package main

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/jobs/emails"
)

func TestNotifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO users (id, client_id, email) VALUES ($1, $2, 'ana@example.com')`, id(921), w.client)
	w.exec(`INSERT INTO posts (id, campaign_id) VALUES ($1, $2)`, id(922), w.campaign)
	w.exec(`INSERT INTO notifications (id, user_id, type, status, post_id) VALUES
		($1, $6, 'pod_repost', 'pending', $7), ($2, $6, 'pod_repost', NULL, NULL), ($3, $6, 'pod_repost', 'failed', NULL),
		($4, $6, 'pod_repost', 'sent', NULL), ($5, $6, 'other', 'pending', NULL)`,
		id(1), id(2), id(3), id(4), id(5), id(921), id(922))

	diff(t, "campaign", counts{Matched: 1, Enqueued: 1},
		w.report("notifications", "--dry-run", "--campaign", w.campaign.String()).counts())
	diff(t, "client", counts{Matched: 2, Enqueued: 2},
		w.report("notifications", "--dry-run", "--client", w.client.String()).counts())
	diff(t, "run", counts{Matched: 2, Enqueued: 2}, w.report("notifications").counts())
	diff(t, "second run", counts{Matched: 2, AlreadyQueued: 2}, w.report("notifications").counts())
	diff(t, "jobs", []string{"001 available", "002 available"}, w.jobs("send_email"))

	// Failed ones are asked for by name, and are pending again.
	diff(t, "failed", counts{Matched: 1, Enqueued: 1}, w.report("notifications", "--status", "failed").counts())
	diff(t, "rows", []string{"1 pending", "2 pending", "3 pending", "4 sent", "5 pending"},
		w.list(`SELECT right(id::text, 1) || ' ' || coalesce(status, 'pending') FROM notifications ORDER BY id`))
	diff(t, "jobs after it", []string{"001 available", "002 available", "003 available"}, w.jobs("send_email"))
}

// Ensure what the workers closed for good is left alone by a filter, and sent when its row
// is named and more is said.
func TestNotificationsAnyway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO users (id, client_id, email) VALUES ($1, $2, 'ana@example.com')`, id(921), w.client)
	w.exec(`INSERT INTO notifications (id, user_id, type, status, created_at, metadata, sent_at) VALUES
		($1, $6, 'pod_repost', 'failed', now() - interval '2 days', NULL, NULL),
		($2, $6, 'pod_repost', 'failed', now(), jsonb_build_object('poster_id', $6::text), NULL),
		($3, $6, 'pod_repost', 'failed', now(), NULL, NULL),
		($4, $6, 'pod_repost', 'failed', now(), NULL, NULL),
		($5, $6, 'pod_repost', 'sent', now() - interval '2 days', NULL, now())`,
		id(1), id(2), id(3), id(4), id(5), id(921))
	w.exec(`INSERT INTO workers.emails (key, kind, state, in_doubt_since) VALUES ($1, 'pod_repost', 'unknown', now() - interval '24 hours')`, id(3).String())

	got := w.report("notifications", "--status", "failed")
	diff(t, "a filter", counts{Matched: 4, Enqueued: 1, Skipped: 3}, got.counts())
	diff(t, "reasons", map[outcome]int{"expired": 1, "to_author": 1, "in_doubt": 1}, got.Skipped)
	diff(t, "jobs", []string{"004 available"}, w.jobs("send_email"))

	ids := id(1).String() + "," + id(2).String() + "," + id(3).String() + "," + id(5).String()
	diff(t, "named", counts{Matched: 3, Skipped: 3}, w.report("notifications", "--status", "failed", "--id", ids).counts())
	diff(t, "anyway, dry run", counts{Matched: 3, Enqueued: 3}, w.report("notifications", "--dry-run", "--anyway", "--id", ids).counts())
	diff(t, "nothing was changed", []string{"1 failed", "2 failed", "3 failed", "4 pending", "5 sent"},
		w.list(`SELECT right(id::text, 1) || ' ' || status FROM notifications ORDER BY id`))
	diff(t, "anyway", counts{Matched: 3, Enqueued: 3}, w.report("notifications", "--anyway", "--id", ids).counts())
	refused, err := emails.NotificationRefusals(t.Context(), w.pool, []uuid.UUID{id(1), id(2), id(3)})
	if err != nil || len(refused) != 0 {
		t.Errorf("the jobs would refuse %v (%v), want none", refused, err)
	}
	if out := w.run("notifications", "--anyway"); out.code != exitWrongUsage || !strings.Contains(out.stderr, "--anyway wants --id") {
		t.Errorf("without ids: %+v", out)
	}
}
