package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/bravorevos/workers/sandbox/process"
)

// line puts beside each other what the script leads to, the rows of the database,
// the worker's own counter and what the fakes received. A side may be unknown, the
// script too, where any figure is right.
type line struct {
	what                             string
	script, database, counter, fakes int
}

// agrees reports whether every side that is known has the script's figure.
func (l line) agrees() bool {
	for _, n := range []int{l.database, l.counter, l.fakes} {
		if n != unknown && l.script != unknown && n != l.script {
			return false
		}
	}
	return true
}

// report is the verdict on a demo.
type report struct {
	lines    []line
	problems []string // who or what is concerned, in words
}

// ok reports whether every pair agrees and nobody has a complaint.
func (r report) ok() bool {
	for _, l := range r.lines {
		if !l.agrees() {
			return false
		}
	}
	return len(r.problems) == 0
}

// compare asks all sides. After a crash some figures of the fakes may be higher
// than the rows, because an exchange happened that could not be written down.
func (s *stage) compare(ctx context.Context, want figures, crashed bool) (report, error) {
	db, err := readFigures(ctx, s.pool)
	if err != nil {
		return report{}, err
	}
	own, err := readCounters(ctx, s.pool)
	if err != nil {
		return report{}, err
	}
	fakes, err := s.outside.figures(ctx)
	if err != nil {
		return report{}, err
	}
	leads, err := readLeads(ctx, s.pool)
	if err != nil {
		return report{}, err
	}
	if crashed {
		db.Failures = unknown
	}
	c := checkPeople(s.world, leads, s.outside.unipile.Sent(), s.outside.deliveries())
	c.checkDeliveries(s.outside.receiver.Deliveries())
	repeats := line{"  again, same webhook-id", 0, unknown, unknown, c.repeats}
	if crashed {
		repeats.script = unknown // at least once is what webhooks promise
	}
	if own.LastError != "" {
		c.complainf("the scrape job holds an error: %s", own.LastError)
	}
	for _, p := range s.pages() {
		if !process.Answers(ctx, p.url, p.user, p.password) {
			c.complainf("%s does not answer: %s", p.name, p.url)
		}
	}
	return report{problems: c.problems, lines: []line{
		{"comments under the post", want.Comments, db.Comments, own.CommentsScanned, fakes.Comments},
		{"  that ask for the guide", want.Asks, db.Asks, own.TriggerWordsFound, unknown},
		{"leads", want.Leads, db.Leads, unknown, unknown},
		{"first DMs", want.FirstDMs, db.FirstDMs, own.DmsSent, fakes.FirstDMs},
		{"  duplicates", 0, unknown, unknown, c.duplicates},
		{"  to anyone else", 0, unknown, unknown, c.strangers},
		{"  never connected", want.NotConnected, db.NotConnected, unknown, fakes.NotConnected},
		{"  waiting or in doubt", 0, db.Open, unknown, unknown},
		{"public replies", unknown, db.PublicReplies, unknown, fakes.PublicReplies},
		{"invitations", want.Invitations, db.Invitations, unknown, fakes.Invitations},
		{"answers", want.Answers, db.Answers, unknown, fakes.Answers},
		{"  doubtful, asked again", want.Questions, db.Questions, unknown, fakes.Questions},
		{"  opted out", want.OptedOut, db.OptedOut, unknown, unknown},
		{"email addresses", want.Addresses, db.Addresses, own.EmailsCaptured, fakes.Addresses},
		{"  unlike the script", 0, c.wrongStored, unknown, c.wrongDelivered},
		{"backup links", want.BackupLinks, db.BackupLinks, unknown, fakes.BackupLinks},
		{"webhooks, signature valid", want.Webhooks, db.Webhooks, unknown, fakes.Webhooks},
		{"  failed, then tried again", want.Failures, db.Failures, unknown, fakes.Failures},
		repeats,
		{"pod emails", want.EmailsSent, db.EmailsSent, unknown, fakes.EmailsSent},
		{"  user without address", want.EmailsFailed, db.EmailsFailed, unknown, unknown},
		{"  foreign HTML as text", want.Escaped, unknown, unknown, fakes.Escaped},
	}}, nil
}

// print writes the table.
func (r report) print(out io.Writer, terminal bool) {
	yes, no := "ok", "DIFFERS"
	if terminal {
		yes, no = "✓", "✗"
	}
	cell := func(n int) string {
		if n == unknown {
			return "-"
		}
		return strconv.Itoa(n)
	}
	const format = "  %-26s%9s%11s%11s%8s   %s\n"
	fmt.Fprintf(out, format, "", "script", "database", "counters", "fakes", "")
	for _, l := range r.lines {
		verdict := yes
		if !l.agrees() {
			verdict = no
		}
		fmt.Fprintf(out, format, l.what, cell(l.script), cell(l.database), cell(l.counter), cell(l.fakes), verdict)
	}
	if len(r.problems) > 0 {
		fmt.Fprintln(out)
	}
	for _, p := range r.problems[:min(len(r.problems), shownProblems)] {
		fmt.Fprintf(out, "  %s %s\n", no, p)
	}
	if more := len(r.problems) - shownProblems; more > 0 {
		fmt.Fprintf(out, "  and %d more\n", more)
	}
}

// shownProblems is how many are spelled out: beyond that, the totals say it all.
const shownProblems = 20
