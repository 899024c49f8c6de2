package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// Ensure that a dry run writes nothing, and lists twenty rows at most.
func TestDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 25 {
		w.webhook(n+1, "failed")
	}
	// xmin changes with every write of a row.
	state := func() []string {
		return w.list(`SELECT xmin || ' ' || id || ' ' || status FROM webhook_logs UNION ALL
			SELECT xmin || ' ' || id || ' ' || state FROM workers.river_job ORDER BY 1`)
	}
	before := state()
	out := w.run("webhooks", "--dry-run", "--batch", "10")
	diff(t, "rows and jobs", before, state())
	if out.code != 0 || out.stderr != "" {
		t.Errorf("exit code %d, stderr %q", out.code, out.stderr)
	}
	for _, want := range []string{
		"dry run: nothing is changed", "matched          25  in status pending, failed\n", "enqueued         25\n",
		id(20).String() + "  enqueued", "and 5 more\n",
	} {
		if !strings.Contains(out.stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out.stdout)
		}
	}
	if strings.Contains(out.stdout, id(21).String()) {
		t.Errorf("more than 20 rows are listed:\n%s", out.stdout)
	}
}

// Ensure that an interruption leaves whole batches, says how far it came, and
// that the next run goes on.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 5 {
		w.webhook(n+1, "failed")
	}
	release := w.lock(4)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	outputs := make(chan output, 1)
	go func() { outputs <- w.runWith(ctx, nil, "webhooks", "--batch", "2") }()
	w.awaitBlocked() // in the second batch
	cancel()
	out := <-outputs
	if out.code != 130 {
		t.Errorf("exit code %d, want 130", out.code)
	}
	diff(t, "stderr", "enqueue: stopped after 2 of 5 webhooks; run again to go on\n", out.stderr)
	if !strings.HasPrefix(out.stdout, "matched          5  in status pending, failed\nhandled          2\nenqueued         2\n") {
		t.Errorf("stdout does not say what was done:\n%s", out.stdout)
	}
	release()
	diff(t, "jobs", []string{"001 available", "002 available"}, w.jobs("deliver_webhook"))
	diff(t, "rows", []string{"pending", "pending", "failed", "failed", "failed"},
		w.list(`SELECT status FROM webhook_logs ORDER BY id`))
	diff(t, "next run", counts{Matched: 5, Enqueued: 3, AlreadyQueued: 2}, w.report("webhooks", "--batch", "2").counts())
}

// Ensure that an interruption before the walk is told as one, in JSON too.
func TestInterruptedEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := w.runWith(ctx, nil, "webhooks", "--json")
	got := decode(t, out)
	if out.code != 130 || !got.Interrupted || got.Error != "stopped before anything was done" || out.stderr != "" {
		t.Errorf("got exit code %d, stdout %s, stderr %q", out.code, out.stdout, out.stderr)
	}
}

// Ensure that a failure in the middle keeps the batches before it, and is told
// together with them.
func TestFailedBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 3 {
		w.webhook(n+1, "failed")
	}
	w.exec(`ALTER TABLE webhook_logs ADD CONSTRAINT broken CHECK (status <> 'pending' OR id <> '` + id(3).String() + `')`)
	out := w.run("webhooks", "--batch", "2", "--json")
	got := decode(t, out)
	diff(t, "report", counts{Matched: 3, Enqueued: 2}, got.counts())
	if out.code != 1 || got.Interrupted || !strings.HasPrefix(got.Error, "stopped after 2 of 3 webhooks: make webhooks ready: ") {
		t.Errorf("got exit code %d, stdout %s", out.code, out.stdout)
	}
	diff(t, "jobs", []string{"001 available", "002 available"}, w.jobs("deliver_webhook"))
}

// Ensure that a batch is done again when Postgres ended it for a deadlock with
// somebody who locks the same rows in another order.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	// Who waited first is mostly the one that Postgres ends, and that is the program;
	// under load it may be the test's own transaction, which then proves nothing.
	for range 10 {
		if deadlock(t) {
			return
		}
	}
	t.Error("the program was never the one that Postgres ended")
}

// deadlock returns false when Postgres ended the other side.
func deadlock(t *testing.T) bool {
	t.Helper()
	w := newWorld(t)
	w.webhook(1, "failed")
	w.webhook(2, "failed")
	tx, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	touch := func(n int) error {
		_, err := tx.Exec(t.Context(), `UPDATE webhook_logs SET error_message = 'x' WHERE id = $1`, id(n))
		return err
	}
	if err := touch(2); err != nil {
		t.Fatal(err)
	}
	outputs := make(chan output, 1)
	go func() { outputs <- w.run("webhooks", "--json") }()
	w.awaitBlocked()
	closing := touch(1) // closes the circle
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	out := <-outputs
	diff(t, "report", counts{Matched: 2, Enqueued: 2}, decode(t, out).counts())
	diff(t, "jobs", []string{"001 available", "002 available"}, w.jobs("deliver_webhook"))
	return closing == nil
}

// Ensure that all commands work through a transaction pooler's protocol.
func TestPollOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook(1, "failed")
	for _, name := range []string{"scrape", "webhooks", "notifications", "replies"} {
		for _, flag := range []string{"--dry-run", "--json"} {
			out := w.runWith(t.Context(), []string{"POLL_ONLY=true"}, name, flag, "--id", id(1).String(), "--campaign", w.campaign.String(),
				"--client", w.client.String(), "--since", "24h", "--until", "0h")
			if out.code != 0 {
				t.Errorf("%s %s: exit code %d: %s%s", name, flag, out.code, out.stdout, out.stderr)
			}
		}
	}
	diff(t, "jobs", []string{"001 available"}, w.jobs("deliver_webhook"))
}

// lock takes the lock of a row of webhook_logs until release.
func (w *world) lock(n int) (release func()) {
	w.Helper()
	tx, err := w.pool.Begin(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	if _, err := tx.Exec(w.Context(), `SELECT FROM webhook_logs WHERE id = $1 FOR UPDATE`, id(n)); err != nil {
		w.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(w.Context()); err != nil {
			w.Error(err)
		}
	}
}

// awaitBlocked returns when the program waits for a lock.
func (w *world) awaitBlocked() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
	defer cancel()
	for {
		var blocked bool
		err := w.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
			AND application_name = 'bravorevos-enqueue' AND wait_event_type = 'Lock')`).Scan(&blocked)
		if err != nil {
			w.Fatal(err)
		}
		if blocked {
			return
		}
	}
}
