package main

import "testing"

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
