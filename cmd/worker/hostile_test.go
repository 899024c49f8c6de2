package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// hostileText colours, renames and rewrites a terminal that obeys it, and pretends to be
// a line of its own.
const hostileText = "H\x1b[31m\x1b]0;owned\x07\u009b2J\u202egnp\u2066x\u2028y\u2029z\x7f\r\nFORGED\tcell\x08"

const (
	hostileCampaign = "11111111-1111-4111-8111-111111111111"
	hostileLead     = "22222222-2222-4222-8222-222222222222"
	hostileHook     = "33333333-3333-4333-8333-333333333333"
	hostileSecret   = "44444444-4444-4444-8444-444444444444"
)

// seedHostile fills a database with what strangers and producers may write into it.
func seedHostile(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for _, sql := range []string{
		`INSERT INTO clients (id, name) VALUES ('55555555-5555-4555-8555-555555555555', $1::text)`,
		`INSERT INTO campaigns (id, client_id, name, trigger_word, status, dm_template_step1, settings, webhook_url)
		 SELECT '` + hostileCampaign + `', id, $1::text, 'guide,' || $1::text, 'active', 'Hi {{first_name}} ' || $1::text,
		     jsonb_build_object('workers', jsonb_build_object('trigger', jsonb_build_object('exclude', jsonb_build_array('veto')))),
		     'https://' || $1::text || '/'
		 FROM clients`,
		// Another on the same post, whose texts are wrong in as many ways as quote them.
		`INSERT INTO campaigns (client_id, name, trigger_word, status, dm_template_step1, settings)
		 SELECT id, 'B' || $1::text, 'guide', 'active', '{{' || $1::text || '}}', jsonb_build_object('workers', jsonb_build_object(
		     'variables', jsonb_build_object(left($1::text, 30), 'x'), 'trigger', jsonb_build_object('mode', $1::text)))
		 FROM clients`,
		`INSERT INTO campaigns (client_id, name, trigger_word, settings)
		 SELECT id, 'C' || $1::text, 'guide', jsonb_build_object('workers', jsonb_build_object($1::text, 1)) FROM clients`,
		`INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, trigger_word, webhook_url, last_error)
		 SELECT id, $1::text, $1::text, trigger_word, 'https://' || $1::text || '/', $1::text FROM campaigns WHERE name IN ($1::text, 'B' || $1::text)`,
		`INSERT INTO leads (id, campaign_id, linkedin_id, provider_id, name, first_name, email, status)
		 VALUES ('` + hostileLead + `', '` + hostileCampaign + `', $1::text, $1::text, $1::text, $1::text, 'ana@example.com', 'email_captured')`,
		`INSERT INTO workers.accounts (id, provider_id) VALUES ($1::text, $1::text)`,
		`INSERT INTO workers.pauses (account_id, action, reason) VALUES ($1::text, 'everything', $1::text)`,
		`INSERT INTO workers.comments (scrape_job_id, comment_id, author_id, author_name, author_url, body, decision, keyword, lead_id)
		 SELECT s.id, n::text || $1::text, 'person' || n, $1::text, $1::text, w || ' ' || $1::text, d, CASE d WHEN 'lead' THEN $1::text END,
		     CASE d WHEN 'lead' THEN '` + hostileLead + `'::uuid END
		 FROM scrape_jobs s, (VALUES (1, 'guide', 'lead'), (2, 'guides', 'no_match'), (3, 'veto guide', 'excluded'), (4, 'else', 'no_match')) v (n, w, d)
		 WHERE s.campaign_id = '` + hostileCampaign + `'`,
		`INSERT INTO workers.messages (account_id, campaign_id, scrape_job_id, lead_id, purpose, recipient_id, body, state, error_type, error_detail)
		 SELECT $1::text, campaign_id, id, '` + hostileLead + `', purpose, $1::text || purpose, $1::text, state, $1::text, $1::text
		 FROM scrape_jobs, (VALUES ('first_dm', 'failed'), ('backup_link', 'queued')) v (purpose, state) WHERE campaign_id = '` + hostileCampaign + `'`,
		`INSERT INTO workers.inbox_messages (account_id, message_id, chat_id, sender_id, body, sent_at, handled_at, lead_id, result, reason)
		 VALUES ($1::text, $1::text, $1::text, $1::text, $1::text, now(), current_timestamp, '` + hostileLead + `', $1::text, $1::text)`,
		`INSERT INTO workers.webhook_endpoints (scope, url, state, last_cause, failures)
		 SELECT id, 'https://' || $1::text || '/', 'failing', $1::text, 1 FROM clients`,
		`INSERT INTO webhook_logs (id, campaign_id, lead_id, webhook_url, payload, status, error_message, response_body, endpoint_id)
		 SELECT '` + hostileHook + `', '` + hostileCampaign + `', '` + hostileLead + `', 'https://' || $1::text || '/', jsonb_build_object('email', $1::text),
		     'failed', 'webhook deliver: ' || $1::text, $1::text, id FROM workers.webhook_endpoints`,
		`INSERT INTO workers.webhook_attempts (webhook_log_id, endpoint_id, number, trigger, started_at, cause, address, body_head, error_detail)
		 SELECT '` + hostileHook + `', id, 1, 'automatic', now(), $1::text, $1::text, $1::text, $1::text FROM workers.webhook_endpoints`,
		`INSERT INTO workers.webhook_secrets (id, campaign_id, ciphertext, key_id, fingerprint)
		 VALUES ('` + hostileSecret + `', '` + hostileCampaign + `', 'x', $1::text, $1::text)`,
	} {
		execSQL(t, pool, sql, hostileText)
	}
}

// hostileLines are how each command is called over such a database; a command that is not
// here fails the test.
func hostileLines(hookURL string) map[string][][]string {
	const all = "everything of" // an id that nothing has
	return map[string][][]string{
		"worker":                           {{hostileText}, {"--" + hostileText}, {"--help"}},
		"worker run":                       {{hostileText}, {}},
		"worker check":                     {{}},
		"worker health":                    {{}},
		"worker version":                   {{}},
		"worker environment":               {{}},
		"worker migrate":                   {{hostileText}},
		"worker migrate up":                {{}},
		"worker migrate down":              {{}},
		"worker migrate status":            {{}},
		"worker accounts":                  {{}},
		"worker accounts show":             {{hostileText}, {all}, {all + hostileText}},
		"worker accounts set":              {{hostileText, "--first-dms-per-day", "3"}, {hostileText, "--time-zone", hostileText}, {hostileText, "--working-hours", hostileText}},
		"worker accounts forecast":         {{hostileText}, {hostileText, "--json"}, {all + hostileText}},
		"worker accounts pause":            {{hostileText, "--reason", hostileText}, {hostileText, "--only", hostileText}, {all + hostileText}},
		"worker accounts resume":           {{hostileText}, {hostileText}, {hostileText, "--only", hostileText}},
		"worker accounts look-first":       {{hostileText, "--for", "1h"}, {hostileText, "--off"}, {all + hostileText, "--for", hostileText}},
		"worker campaigns":                 {{}},
		"worker campaigns check":           {{"--preview"}, {"--preview", "--json"}, {hostileText}},
		"worker campaigns misses":          {{hostileCampaign}, {hostileCampaign, "--json"}, {hostileText}},
		"worker campaigns simulate":        {{hostileCampaign, "--texts", "--account", accountID, "--post", postID}, {hostileCampaign, "--json", "--account", accountID, "--post", postID}, {hostileCampaign}},
		"worker leads":                     {{}},
		"worker leads show":                {{hostileLead}, {hostileText}, {all + hostileText}},
		"worker leads hold":                {{hostileLead}, {hostileText}},
		"worker leads release":             {{hostileLead}, {hostileText}},
		"worker leads settle":              {{}, {hostileLead, "--sent"}, {hostileLead, "--resend"}, {hostileText, "--sent"}},
		"worker accounts move":             {{hostileText, "new" + hostileText}, {hostileText, "new" + hostileText, "--yes"}},
		"worker webhooks":                  {{}},
		"worker webhooks endpoints":        {{}, {"--json"}, {"--state", hostileText}},
		"worker webhooks show":             {{"1"}, {hostileText}},
		"worker webhooks enable":           {{"1"}, {hostileText}},
		"worker webhooks disable":          {{"1"}, {hostileText}},
		"worker webhooks attempts":         {{"--endpoint", "1"}, {"--webhook", hostileHook}, {"--webhook", hostileHook, "--json"}, {"--webhook", hostileText}},
		"worker webhooks sample":           {{"--url", hookURL, "--secret", "not standard" + hostileText}, {"--url", "https://" + hostileText}, {hostileCampaign}},
		"worker webhooks secret":           {{}},
		"worker webhooks secret list":      {{}, {hostileText}},
		"worker webhooks secret create":    {{hostileCampaign}, {hostileText}},
		"worker webhooks secret rotate":    {{hostileCampaign}, {hostileText}},
		"worker webhooks secret revoke":    {{hostileCampaign, hostileText}, {hostileText}},
		"worker webhooks secret reencrypt": {{}},
	}
}

// Ensure no command lets a terminal obey what strangers wrote, whatever it prints of them:
// names, comments, settings, ids, answers of receivers, errors.
func TestNothingHostileReachesTheTerminal(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.environ["WEBHOOK_ENCRYPTION_KEY"] = "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8="
	o.unipile.AddAccount(unipile.Account{ID: accountID, Name: hostileText, ProviderID: authorID, Slug: "mara"})
	o.unipile.AddPost(unipile.Post{ID: postID, AuthorID: authorID, Text: hostileText})
	o.unipile.AddPerson(unipile.Person{ProviderID: person(1), Slug: "one", Name: hostileText})
	o.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: person(1), Text: "guide " + hostileText})
	o.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: person(1), Text: "veto guide " + hostileText})
	o.unipile.AddFault(unipile.Fault{Operation: "list_accounts", Status: 422, Type: "errors/" + hostileText, Title: hostileText, Detail: hostileText})
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(hostileText + "\xff\x9b"))
	}))
	t.Cleanup(hook.Close)
	seedHostile(t, pool)

	lines := hostileLines(hook.URL)
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := cmd.CommandPath()
		if !cmd.Hidden && cmd.Name() != "help" {
			calls, ok := lines[path]
			if !ok && (cmd.Runnable() || !cmd.HasSubCommands()) {
				t.Errorf("`%s` is not called with anything hostile: add it to hostileLines", path)
			}
			delete(lines, path)
			for _, args := range calls {
				o.assertSafe(t, append(strings.Fields(path)[1:], args...))
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(command(nil))
	for path := range lines {
		t.Errorf("there is no command `%s`", path)
	}
}

// assertSafe runs a command line and looks at all that it prints.
func (o *outside) assertSafe(t *testing.T, args []string) {
	t.Helper()
	environ := o.list()
	if slices.Contains(args[:min(1, len(args))], "run") {
		environ = []string{"DATABASE_URL=" + hostileText, "LISTEN_ADDR=" + hostileText, "WORKING_HOURS=" + hostileText, "POLL_ONLY=" + hostileText}
	}
	var stdout, stderr bytes.Buffer
	execute(t.Context(), args, environ, &stdout, &stderr)
	for name, text := range map[string]string{"stdout": stdout.String(), "stderr": stderr.String()} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, obeyed) {
			t.Errorf("worker %q: %s holds what a terminal obeys:\n%q", args, name, text)
		}
	}
	if slices.Contains(args, "--json") {
		for line := range strings.Lines(stdout.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("worker %q: no JSON: %s", args, line)
			}
		}
		return
	}
	for line := range strings.Lines(stdout.String()) {
		if strings.HasPrefix(line, "FORGED") {
			t.Errorf("worker %q: a stranger's text makes a line of its own:\n%s", args, stdout.String())
		}
	}
}

// obeyed reports what no command may print; its own line breaks and tabs it may.
func obeyed(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

// Ensure no log line, as text or as JSON, holds what a terminal obeys, and each stays one line.
func TestLogLinesAreSafe(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		newLogger(config.Config{LogFormat: format, LogLevel: "info"}, &out).With("with", hostileText).
			Warn(hostileText, "name", hostileText, "error", errors.New(hostileText), "list", []string{hostileText})
		if text := out.String(); strings.ContainsFunc(text, obeyed) || strings.Count(text, "\n") != 1 || !strings.Contains(text, "owned") {
			t.Errorf("%s: %q", format, text)
		}
	}
}
