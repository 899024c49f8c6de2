package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostileText steers a terminal that obeys it, and pretends to be a line of its own.
const hostileText = "H\x1b[31m\x1b]0;owned\x07\u009b2J\u202egnp\u2066x\u2028y\u2029z\x7f\r\nFORGED\tcell\x08"

// Ensure no subcommand lets a terminal obey what strangers or a command line hold.
func TestNothingHostileReachesTheTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("UPDATE campaigns SET name = $1", hostileText)
	w.exec("INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, trigger_word, last_error) VALUES ($1, $2, $2, $2, $2)", w.campaign, hostileText)
	w.exec("INSERT INTO leads (campaign_id, linkedin_id, provider_id, name, status) VALUES ($1, $2, $2, $2, 'dm_sent')", w.campaign, hostileText)
	w.exec("INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body, state) VALUES ($2, $1, 'first_dm', $2, $2, 'sent')", w.campaign, hostileText)
	w.exec("INSERT INTO webhook_logs (webhook_url, payload, status, error_message) VALUES ('https://' || $1::text, '{}', 'failed', $1::text)", hostileText)
	lines := map[string][][]string{
		"scrape":        {{}, {"--status", hostileText}, {"--campaign", hostileText}},
		"webhooks":      {{}, {"--endpoint-host", hostileText}, {"--id", hostileText}},
		"notifications": {{}, {"--since", hostileText}},
		"replies":       {{}, {"--account", hostileText}, {"--account", "x" + hostileText}},
	}
	for _, cmd := range command(nil).Commands() {
		if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
			continue
		}
		calls, ok := lines[cmd.Name()]
		if !ok {
			t.Errorf("`enqueue %s` is not called with anything hostile", cmd.Name())
		}
		for _, args := range append(calls, []string{hostileText}) {
			for _, how := range []string{"--dry-run", "--json", "--batch=7"} {
				w.assertSafe(append([]string{cmd.Name(), how}, args...))
			}
		}
	}
	w.assertSafe([]string{hostileText})
	w.assertSafe([]string{"--" + hostileText})
}

func (w *world) assertSafe(args []string) {
	w.Helper()
	var stdout, stderr bytes.Buffer
	run(w.Context(), args, []string{"DATABASE_URL=" + w.pool.Config().ConnString()}, &stdout, &stderr)
	for name, text := range map[string]string{"stdout": stdout.String(), "stderr": stderr.String()} {
		obeyed := func(r rune) bool {
			return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 ||
				r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
		}
		if !utf8.ValidString(text) || strings.ContainsFunc(text, obeyed) {
			w.Errorf("enqueue %q: %s holds what a terminal obeys:\n%q", args, name, text)
		}
	}
	if slices.Contains(args, "--json") && !json.Valid(stdout.Bytes()) {
		w.Errorf("enqueue %q: no JSON: %s", args, stdout.String())
	}
	if strings.Contains(stdout.String(), "\nFORGED") {
		w.Errorf("enqueue %q: a stranger's text makes a line of its own:\n%s", args, stdout.String())
	}
}
