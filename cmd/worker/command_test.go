package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

// call runs a subcommand in this process.
func (o *outside) call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(o.list())
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func assertContains(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is not in:\n%s", w, got)
		}
	}
}

// Ensure check says of each service what is wrong and how to mend it.
func TestCheck(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(0)
	out, err := o.call(t, "check")
	if err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
	assertContains(t, out, "ok    database", "ok    unipile   1 LinkedIn account(s)", "ok    resend")

	o.unipile.AddFault(unipile.Fault{Operation: "list_accounts", SameCursor: true})
	delete(o.environ, "WEBHOOK_SECRET")
	out, err = o.call(t, "check")
	if err == nil {
		t.Error("check of accounts that do not end succeeded")
	}
	assertContains(t, out, "FAIL  unipile ", "unipile list accounts: endless_list", "warn  WEBHOOK_SECRET is not set, so that CRON_SECRET signs")
	o.unipile.ClearFaults()

	o.unipile.SetAccountStatus(accountID, "CREDENTIALS")
	o.environ["RESEND_API_KEY"] = "re_wrong"
	o.environ["DATABASE_URL"] = storetest.Empty(t).Config().ConnString()
	out, err = o.call(t, "check")
	if err == nil {
		t.Error("check succeeded")
	}
	assertContains(t, out, "FAIL  database", "worker migrate up", "FAIL  unipile", "log in again", "FAIL  resend", "check RESEND_API_KEY")
	if strings.Contains(out, "re_wrong") {
		t.Errorf("the key is shown:\n%s", out)
	}
}

// latest is the name of the newest migration.
func latest(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../../migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	return filepath.Base(slices.Max(files))
}

// Ensure migrate tells what it did, and does nothing twice.
func TestMigrateCommand(t *testing.T) {
	t.Parallel()
	o := newOutside(t, storetest.Empty(t), 0)
	for _, name := range []string{"UNIPILE_API_KEY", "RESEND_API_KEY", "WEBHOOK_SECRET", "CRON_SECRET"} {
		delete(o.environ, name) // a migration needs the database alone
	}
	for _, step := range []struct{ args, want string }{
		{"status", "pending  00001_producers_tables.sql"},
		{"down", "nothing to do"},
		{"up", "applied 00001_producers_tables.sql"},
		{"up", "nothing to do"},
		{"status", "applied  00004_triggers.sql"},
		{"down", "taken back " + latest(t)},
		{"down --all", "taken back 00001_producers_tables.sql"},
		{"down", "nothing to do"},
		{"up", "applied 00004_triggers.sql"},
	} {
		out, err := o.call(t, append([]string{"migrate"}, strings.Fields(step.args)...)...)
		if err != nil {
			t.Fatalf("migrate %s: %v", step.args, err)
		}
		assertContains(t, out, step.want)
	}
}

// Ensure an operator sees what stopped an account, and that its messages go out
// after the pause is lifted, none of them lost.
func TestAccountsResume(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	// The second message must not be under way when the first is refused.
	o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "500ms", "500ms"
	o.populate(2)
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Type: "account_restricted", Status: 403, Times: 1})
	o.run(t)
	o.seed(t, pool)
	until(t, pool, "the pause", "SELECT count(*) = 1 FROM workers.pauses WHERE action = 'everything' AND until IS NULL")
	until(t, pool, "no message under way", "SELECT count(*) = 2 FROM workers.messages WHERE state = 'queued'")

	out, err := o.call(t, "accounts")
	if err != nil {
		t.Fatal(err)
	}
	assertContains(t, out, accountID, "everything", "errors/account_restricted", "you resume it")
	if _, err := o.call(t, "accounts", "resume", "nobody"); err == nil {
		t.Error("resuming an account that is not paused succeeded")
	}
	if _, err := o.call(t, "accounts", "resume", accountID); err != nil {
		t.Fatal(err)
	}
	until(t, pool, "two delivered leads", everyLeadDelivered, 2)
	o.assertExactlyOnce(t, 2)
}

// Ensure rows of producers are picked up when they are written, not at the next
// sweep: here that would be an hour later.
func TestNotifiedRows(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	for _, name := range []string{"SCRAPE_SWEEP_INTERVAL", "MESSAGE_SWEEP_INTERVAL", "WEBHOOK_SWEEP_INTERVAL", "NOTIFICATION_SWEEP_INTERVAL"} {
		o.environ[name] = "1h"
	}
	o.populate(1)
	o.run(t)
	until(t, pool, "the sweeps at the start", `SELECT count(*) >= 5 FROM workers.river_job
		WHERE kind LIKE 'sweep_%' AND state = 'completed'`)
	o.seed(t, pool)
	execSQL(t, pool, `
WITH u AS (INSERT INTO users (email, first_name) VALUES ('pod@example.com', 'Pia') RETURNING id)
INSERT INTO notifications (user_id, type, linkedin_url)
SELECT id, 'pod_repost', 'https://www.linkedin.com/feed/update/urn:li:activity:1/' FROM u`)
	execSQL(t, pool, `INSERT INTO webhook_logs (webhook_url, payload)
		VALUES ($1, '{"email": "a@example.com", "name": "A", "source": "manual", "campaign_id": "c", "timestamp": "2026-11-23T10:00:00Z"}')`, o.hookURL)
	until(t, pool, "the comment, the email and the webhook", `SELECT
		(SELECT count(*) = 1 FROM leads WHERE status <> 'comment_detected')
		AND (SELECT bool_and(status = 'sent') FROM notifications)
		AND (SELECT bool_and(status = 'sent') FROM webhook_logs WHERE lead_id IS NULL)`)
}

// Ensure wrong usage is told apart from failure, and help teaches.
func TestUsage(t *testing.T) {
	t.Parallel()
	o := newOutside(t, storetest.New(t), 0)
	for _, args := range []string{"--bogus", "frobnicate", "migrate", "migrate upp", "migrate up now", "accounts resume"} {
		if _, err := o.call(t, strings.Fields(args)...); exitCode(err) != exitWrongUsage {
			t.Errorf("worker %s: exit code %d (%v), want 2", args, exitCode(err), err)
		}
	}
	out, err := o.call(t, "version")
	if err != nil || !strings.HasPrefix(out, "worker dev") {
		t.Errorf("version: %q, %v", out, err)
	}
	out, err = o.call(t, "help", "environment")
	if err != nil {
		t.Fatal(err)
	}
	assertContains(t, out, "DATABASE_URL", "WEBHOOK_ALLOW_CIDRS", "Default: 20s")
}

// Ensure all that is wrong with the environment is told at once.
func TestEmptyEnvironment(t *testing.T) {
	t.Parallel()
	err := runWorker(t.Context(), nil, t.Output())
	if err == nil {
		t.Fatal("a worker without environment started")
	}
	assertContains(t, err.Error(), "DATABASE_URL", "UNIPILE_API_KEY", "UNIPILE_DSN", "RESEND_API_KEY", "WEBHOOK_SECRET")
}

// Ensure an account that Unipile does not know stops nothing else: the scrape job
// says why, and another account's goes on.
func TestUnknownAccount(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(2)
	o.seed(t, pool)
	execSQL(t, pool, `INSERT INTO scrape_jobs (campaign_id, post_id, unipile_post_id, unipile_account_id, trigger_word)
		SELECT campaign_id, post_id, unipile_post_id, 'no-such-account', 'guide' FROM scrape_jobs`)
	o.run(t)
	until(t, pool, "two delivered leads", everyLeadDelivered, 2)
	until(t, pool, "the reason", `SELECT coalesce(error_count >= 1 AND last_error LIKE '%find account%404%' AND status = 'running', false)
		FROM scrape_jobs WHERE unipile_account_id = 'no-such-account'`)
	pauses, err := store.New().PauseListActive(t.Context(), pool, nil)
	if err != nil || len(pauses) != 1 || pauses[0].Until == nil || time.Until(*pauses[0].Until) > time.Hour {
		t.Errorf("pauses are %+v (%v), want one that ends by itself", pauses, err)
	}
}
