package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure that a wrong command line is told apart from a failure, and says how it
// would be right. No database is needed to find out.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string
	}{
		"nothing":            {nil, "say what to enqueue: notifications, replies, scrape, webhooks"},
		"unknown command":    {[]string{"emails"}, `unknown command "emails"; known are notifications, replies, scrape, webhooks`},
		"mistyped command":   {[]string{"webhoks"}, `unknown command "webhoks"; did you mean webhooks?`},
		"unknown flag":       {[]string{"scrape", "--bogus"}, "unknown flag: --bogus"},
		"argument":           {[]string{"scrape", "abc"}, `unexpected argument "abc"; a row is named with --id`},
		"bad uuid":           {[]string{"scrape", "--campaign", "abc"}, `"--campaign" flag: not a uuid`},
		"empty uuid":         {[]string{"scrape", "--client", ""}, `"--client" flag: not a uuid`},
		"bad id in a list":   {[]string{"scrape", "--id", id(1).String() + ",x"}, `"--id" flag: not a uuid`},
		"bad date":           {[]string{"scrape", "--since", "yesterday"}, `"--since" flag: not a time; write 24h or 7d`},
		"future duration":    {[]string{"scrape", "--until", "-1h"}, `"--until" flag: not a time`},
		"since after until":  {[]string{"scrape", "--since", "2026-11-02", "--until", "2026-11-01"}, "--since 2026-11-02T00:00:00Z is not before --until 2026-11-01T00:00:00Z"},
		"unknown status":     {[]string{"webhooks", "--status", "lost"}, `"--status" flag: unknown status, known are pending, failed`},
		"resend all":         {[]string{"webhooks", "--resend-sent", "--yes"}, "--resend-sent wants --id, or --since together with --sent-before"},
		"resend half":        {[]string{"webhooks", "--resend-sent", "--yes", "--since", "7d"}, "--resend-sent wants --id"},
		"resend unsure":      {[]string{"webhooks", "--resend-sent", "--id", id(1).String()}, "look with --dry-run, then say --yes"},
		"resend tomorrow":    {[]string{"webhooks", "--resend-sent", "--yes", "--since", "7d", "--sent-before", "2999-01-01"}, "is yet to come"},
		"resend relative":    {[]string{"webhooks", "--resend-sent", "--sent-before", "2h"}, `"--sent-before" flag: not a time; write 2026-11-23 or`},
		"sent before alone":  {[]string{"webhooks", "--sent-before", "2026-11-01"}, "--sent-before and --yes go with --resend-sent"},
		"yes alone":          {[]string{"webhooks", "--yes"}, "--sent-before and --yes go with --resend-sent"},
		"host as a URL":      {[]string{"webhooks", "--endpoint-host", "https://crm.example/t0ken"}, `--endpoint-host: not a host; write crm.example.com`},
		"host with a port":   {[]string{"webhooks", "--endpoint-host", "crm.example:8443"}, `--endpoint-host: not a host`},
		"empty host":         {[]string{"webhooks", "--endpoint-host", ""}, `--endpoint-host: not a host`},
		"negative pace":      {[]string{"webhooks", "--per-second", "-1"}, "--per-second -1 is below 0"},
		"pace of a poll":     {[]string{"scrape", "--per-second", "5"}, "unknown flag: --per-second"},
		"webhooks sent":      {[]string{"webhooks", "--status", "sent"}, "the receiver has these, and would get them twice"},
		"notifications sent": {[]string{"notifications", "--status", "sent"}, "these people have the email, and would get it twice"},
		"scrape paused":      {[]string{"scrape", "--status", "paused"}, "whoever paused it must set it to scheduled first"},
		"empty account":      {[]string{"replies", "--account", ""}, `"--account" flag: empty`},
		"negative limit":     {[]string{"scrape", "--limit", "-1"}, "--limit -1 is below 0"},
		"limit no number":    {[]string{"scrape", "--limit", "ten"}, `invalid argument "ten" for "--limit" flag`},
		"batch too large":    {[]string{"scrape", "--batch", "5001"}, "--batch 5001 is not between 1 and 5000"},
		"batch too small":    {[]string{"scrape", "--batch", "0"}, "--batch 0 is not between 1 and 5000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), tt.args, nil, &stdout, &stderr); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if !strings.Contains(stderr.String(), tt.want) || !strings.Contains(stderr.String(), "--help`") {
				t.Errorf("stderr lacks %q or the way to the help:\n%s", tt.want, &stderr)
			}
			if strings.Contains(stderr.String(), "t0ken") {
				t.Errorf("the path of a receiver, which may hold a token, is repeated:\n%s", &stderr)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout is not empty: %s", &stdout)
			}

			stdout.Reset()
			stderr.Reset()
			code := run(t.Context(), append(tt.args, "--json"), nil, &stdout, &stderr)
			if len(tt.args) == 0 || tt.args[0] == "emails" || tt.args[0] == "webhoks" {
				return // --json belongs to the subcommands
			}
			got := decode(t, output{stdout: stdout.String()})
			if code != 2 || stderr.Len() > 0 || got.Command != tt.args[0] || !strings.Contains(got.Error, tt.want) {
				t.Errorf("with --json: exit code %d, stdout %s, stderr %s", code, &stdout, &stderr)
			}
		})
	}
}

// Ensure that what is wrong with the world is a failure, said plainly.
func TestFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	empty := storetest.Empty(t).Config().ConnString()
	tests := map[string]struct {
		environ []string
		args    []string
		want    string
	}{
		"no database":      {nil, []string{"scrape"}, "DATABASE_URL is not set"},
		"not migrated":     {[]string{"DATABASE_URL=" + empty}, []string{"scrape"}, "run `worker migrate up`"},
		"does not answer":  {[]string{"DATABASE_URL=postgres://u:pass@127.0.0.1:1/x"}, []string{"scrape"}, "cannot connect to the database at 127.0.0.1:1"},
		"unknown campaign": {[]string{"DATABASE_URL=" + w.pool.Config().ConnString()}, []string{"scrape", "--campaign", id(1).String()}, "there is no campaign " + id(1).String()},
		"unknown client":   {[]string{"DATABASE_URL=" + w.pool.Config().ConnString()}, []string{"scrape", "--client", id(1).String()}, "there is no client " + id(1).String()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), tt.args, tt.environ, &stdout, &stderr); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			if !strings.Contains(stderr.String(), tt.want) || strings.Contains(stderr.String(), "pass") || stdout.Len() > 0 {
				t.Errorf("stdout %q, stderr %q, want %q", &stdout, &stderr, tt.want)
			}
		})
	}
}

// Ensure that each command's help shows how it is used.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "scrape", "webhooks", "notifications", "replies"} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append(strings.Fields(name), "--help"), nil, &stdout, &stderr)
		if code != 0 || stderr.Len() > 0 || !strings.Contains(stdout.String(), "Examples:\n  enqueue "+name) {
			t.Errorf("%s --help: exit code %d, stderr %q, stdout:\n%s", name, code, &stderr, &stdout)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600))
	tests := map[string]string{
		"24h":                       "2026-11-22T11:00:00Z",
		"1h30m":                     "2026-11-23T09:30:00Z",
		"7d":                        "2026-11-16T11:00:00Z",
		"2026-11-20":                "2026-11-20T00:00:00Z",
		"2026-11-20T08:00:00+02:00": "2026-11-20T06:00:00Z",
		"":                          "",
		"-2d":                       "",
		"d":                         "",
		"2026-02-30":                "",
		"20.11.2026":                "",
	}
	for value, want := range tests {
		got, err := parseTime(value, now)
		text := ""
		if err == nil {
			text = got.Format(time.RFC3339)
		}
		if d := cmp.Diff(want, text); d != "" {
			t.Errorf("parseTime(%q), error %v (-want +got):\n%s", value, err, d)
		}
	}
}

// Ensure that the bar shows how far it is, and that nothing is drawn where no
// person looks.
func TestProgress(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	draw, erase := drawProgress(&screen, "webhooks", 5)
	draw(5)
	if !strings.Contains(screen.String(), "webhooks") || !strings.Contains(screen.String(), "5/5") {
		t.Errorf("the bar is %q", &screen)
	}
	erase()
	var pipe bytes.Buffer
	draw, erase = newProgress(&pipe, "webhooks", 5)
	draw(5)
	erase()
	if pipe.Len() > 0 {
		t.Errorf("drawn without a terminal: %q", &pipe)
	}
}
