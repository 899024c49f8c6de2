package main

import (
	"regexp"
	"strings"
	"testing"
)

// Ensure that pending and failed rows are due at once and have a job, and that
// what was delivered is left alone.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook(1, "pending")
	w.webhook(2, "failed")
	w.webhook(3, "sent")
	w.exec(`UPDATE webhook_logs SET status = NULL, retry_count = NULL WHERE id = $1`, id(1))

	diff(t, "first run", counts{Matched: 2, Enqueued: 2}, w.report("webhooks").counts())
	diff(t, "jobs", []string{"001 available", "002 available"}, w.jobs("deliver_webhook"))
	rows := w.list(`SELECT right(id::text, 1) || ' ' || status || ' ' || retry_count || ' ' ||
		(abandoned_at IS NULL AND next_attempt_at IS NULL) FROM webhook_logs ORDER BY id`)
	diff(t, "rows", []string{"1 pending 0 true", "2 pending 0 true", "3 sent 0 true"}, rows)

	diff(t, "second run", counts{Matched: 2, AlreadyQueued: 2}, w.report("webhooks").counts())
	diff(t, "jobs after it", []string{"001 available", "002 available"}, w.jobs("deliver_webhook"))
}

// Ensure that a job that waits for a later try runs now, that one that runs is
// left alone, and that a row whose job is over gets another.
func TestWebhooksWithJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	states := map[int]string{1: "retryable", 2: "scheduled", 3: "running", 4: "available", 5: "cancelled", 6: "completed"}
	for n := range states {
		w.webhook(n, "failed")
	}
	w.report("webhooks")
	for n, state := range states {
		w.exec(`UPDATE workers.river_job SET state = $2::text::workers.river_job_state, scheduled_at = now() + interval '1 day',
			finalized_at = CASE WHEN $2 IN ('cancelled', 'completed') THEN now() END
			WHERE args ->> 'webhook_log_id' = $1`, id(n).String(), state)
	}
	w.exec(`UPDATE webhook_logs SET status = 'failed', next_attempt_at = now() + interval '1 day'`)
	want := counts{Matched: 6, Enqueued: 2, AlreadyQueued: 2, BroughtForward: 2}
	diff(t, "dry run", want, w.report("webhooks", "--dry-run").counts())
	diff(t, "run", want, w.report("webhooks").counts())
	diff(t, "jobs", []string{
		"001 available", "002 available", "003 running", "004 available",
		"005 cancelled", "005 available", "006 completed", "006 available",
	}, w.jobs("deliver_webhook"))
	diff(t, "brought forward to now", []string{"001", "002"}, w.list(`SELECT right(args ->> 'webhook_log_id', 3)
		FROM workers.river_job WHERE state = 'available' AND scheduled_at <= now() AND id <= 6 ORDER BY 1`))
}

// Ensure that rows of a disabled receiver are told apart: nothing goes out until
// somebody enables it, though they are due.
func TestWebhooksOfADisabledReceiver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook(1, "failed")
	w.webhook(2, "failed")
	w.exec(`WITH e AS (INSERT INTO workers.webhook_endpoints (scope, url, state, disabled_at, disabled_reason)
		VALUES (gen_random_uuid(), 'https://crm.example.com/', 'disabled', now(), 'gone') RETURNING id)
		UPDATE webhook_logs SET endpoint_id = e.id, abandoned_at = now() FROM e WHERE webhook_logs.id = $1`, id(1))
	want := counts{Matched: 2, Enqueued: 1, Parked: 1}
	diff(t, "dry run", want, w.report("webhooks", "--dry-run").counts())
	out := w.run("webhooks")
	if !regexp.MustCompile("parked +1 +their receiver is disabled; `worker webhooks endpoints`").MatchString(out.stdout) {
		t.Errorf("it is not said that a row is parked:\n%s", out.stdout)
	}
	diff(t, "jobs", []string{"002 available"}, w.jobs("deliver_webhook"))
	diff(t, "rows given up", []string{"0"}, w.list(`SELECT count(*)::text FROM webhook_logs WHERE abandoned_at IS NOT NULL`))
}

// Ensure that a mistyped id, and one that was delivered, do not look like a replay.
func TestWebhooksByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook(1, "failed")
	w.webhook(2, "sent")
	out := w.run("webhooks", "--id", id(1).String(), "--id", id(77).String())
	if out.code != exitFailed || !strings.Contains(out.stderr, "there is no webhook "+id(77).String()) || out.stdout != "" {
		t.Errorf("an id of no row: %+v", out)
	}
	out = w.run("webhooks", "--id", id(2).String())
	if out.code != exitDone || !strings.Contains(out.stderr, "webhook "+id(2).String()+" has arrived; --resend-sent") {
		t.Errorf("the id of a row that was delivered: %+v", out)
	}
	if out := w.run("webhooks", "--id", id(2).String(), "--resend-sent", "--yes"); out.code != exitDone || out.stderr != "" {
		t.Errorf("the same with --resend-sent: %+v", out)
	}
}

func TestWebhooksFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook(1, "pending")
	w.webhook(2, "failed")
	w.webhook(3, "failed")
	other, otherClient := id(903), id(904)
	w.exec(`INSERT INTO clients (id) VALUES ($1)`, otherClient)
	w.exec(`INSERT INTO campaigns (id, client_id, name) VALUES ($1, $2, 'Other')`, other, otherClient)
	w.exec(`UPDATE webhook_logs SET campaign_id = $1 WHERE id = $2`, other, id(3))
	w.exec(`UPDATE webhook_logs SET created_at = '2026-10-01T12:00:00Z' WHERE id = $1`, id(1))
	w.exec(`UPDATE webhook_logs SET created_at = now() - interval '36 hours' WHERE id = $1`, id(2))

	tests := map[string]struct {
		args []string
		want []string
	}{
		"all":                {nil, []string{"1", "2", "3"}},
		"status":             {[]string{"--status", "failed"}, []string{"2", "3"}},
		"statuses repeated":  {[]string{"--status", "failed", "--status", "pending"}, []string{"1", "2", "3"}},
		"statuses in a list": {[]string{"--status", "failed,pending"}, []string{"1", "2", "3"}},
		"campaign":           {[]string{"--campaign", other.String()}, []string{"3"}},
		"client":             {[]string{"--client", w.client.String()}, []string{"1", "2"}},
		"since, a duration":  {[]string{"--since", "40h"}, []string{"2", "3"}},
		"since, in days":     {[]string{"--since", "1d"}, []string{"3"}},
		"until, a duration":  {[]string{"--until", "24h"}, []string{"1", "2"}},
		"since, inclusive":   {[]string{"--since", "2026-10-01T12:00:00Z"}, []string{"1", "2", "3"}},
		"until, exclusive":   {[]string{"--until", "2026-10-01T14:00:00+02:00"}, nil},
		"a day":              {[]string{"--since", "2026-10-01", "--until", "2026-10-02"}, []string{"1"}},
		"ids":                {[]string{"--id", id(1).String(), "--id", id(3).String()}, []string{"1", "3"}},
		"together":           {[]string{"--client", w.client.String(), "--status", "failed"}, []string{"2"}},
		"limit":              {[]string{"--limit", "2"}, []string{"1", "2"}},
		"limit over batches": {[]string{"--limit", "2", "--batch", "1"}, []string{"1", "2"}},
		"limit of all":       {[]string{"--limit", "3", "--batch", "2"}, []string{"1", "2", "3"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.report(append([]string{"webhooks", "--dry-run"}, tt.args...)...)
			var ids []string
			for _, row := range got.Rows {
				ids = append(ids, row.ID[35:])
			}
			diff(t, "rows", tt.want, ids)
			if got.Matched != len(tt.want) || got.Handled != len(tt.want) {
				t.Errorf("matched %d, handled %d, want %d", got.Matched, got.Handled, len(tt.want))
			}
		})
	}
}

// Ensure that rows of producers who name the lead alone are found by the campaign and the
// client of that lead: it is theirs that they are delivered for.
func TestWebhooksOfALeadAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook(1, "failed")
	w.exec(`WITH lead AS (INSERT INTO leads (campaign_id, linkedin_id) VALUES ($1, 'ana') RETURNING id)
		UPDATE webhook_logs SET campaign_id = NULL, lead_id = lead.id FROM lead`, w.campaign)
	other, otherClient := id(903), id(904)
	w.exec(`INSERT INTO clients (id) VALUES ($1)`, otherClient)
	w.exec(`INSERT INTO campaigns (id, client_id, name) VALUES ($1, $2, 'Other')`, other, otherClient)
	for filter, want := range map[string]int{
		"--campaign=" + w.campaign.String(): 1, "--client=" + w.client.String(): 1,
		"--campaign=" + other.String(): 0, "--client=" + otherClient.String(): 0,
	} {
		if got := w.report("webhooks", "--dry-run", filter); got.Matched != want {
			t.Errorf("%s: %d rows, want %d", filter, got.Matched, want)
		}
	}
}

// Ensure that a replay goes through every row, however many pages they fill, and tells
// how many it found and handled.
func TestWebhooksOverManyPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = countPage + 3 // over the end of a page, in counting and in the walk
	w.exec(`INSERT INTO webhook_logs (campaign_id, webhook_url, payload, status, created_at)
		SELECT $1, 'https://crm.example/hook', '{}', 'failed', now() - make_interval(secs => n % 7) FROM generate_series(1, $2::int) n`, w.campaign, n)
	diff(t, "run", counts{Matched: n, Enqueued: n}, w.report("webhooks", "--per-second", "0").counts())
	diff(t, "rows without a job", []string{"0"}, w.list(`SELECT count(*)::text FROM webhook_logs l WHERE status <> 'pending'
		OR NOT EXISTS (SELECT FROM workers.river_job j WHERE j.args ->> 'webhook_log_id' = l.id::text)`))
}
