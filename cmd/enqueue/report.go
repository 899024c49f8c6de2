package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/bravorevos/workers/cmd/internal/terminal"
)

// report is what a command did; with --json it is what it prints.
type report struct {
	Command        string          `json:"command"`
	DryRun         bool            `json:"dry_run"`
	Statuses       []string        `json:"statuses,omitempty"`
	Matched        int             `json:"matched"` // when the command began
	Handled        int             `json:"handled"` // what follows adds up to it
	Enqueued       int             `json:"enqueued"`
	AlreadyQueued  int             `json:"already_queued"`
	BroughtForward int             `json:"brought_forward"`
	Parked         int             `json:"parked"`
	Skipped        map[outcome]int `json:"skipped"`        // by reason
	Rows           []reportRow     `json:"rows,omitempty"` // of a dry run, the first few
	Interrupted    bool            `json:"interrupted"`
	Error          string          `json:"error,omitempty"`
}

type reportRow struct {
	ID      string  `json:"id"`
	Outcome outcome `json:"outcome"`
}

// maxReportRows of a dry run are listed.
const maxReportRows = 20

func (r *report) add(id string, o outcome) {
	r.Handled++
	switch o {
	case enqueued:
		r.Enqueued++
	case alreadyQueued:
		r.AlreadyQueued++
	case broughtForward:
		r.BroughtForward++
	case parked:
		r.Parked++
	default:
		if r.Skipped == nil {
			r.Skipped = map[outcome]int{}
		}
		r.Skipped[o]++
	}
	if r.DryRun && len(r.Rows) < maxReportRows {
		r.Rows = append(r.Rows, reportRow{ID: id, Outcome: o})
	}
}

// jobs is how many were put into the queue.
func (r *report) jobs() int { return r.Enqueued + r.BroughtForward }

// print writes the report for a person, or as one line of JSON.
func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		if r.Skipped == nil {
			r.Skipped = map[outcome]int{} // {}, not null
		}
		if err := json.NewEncoder(w).Encode(r); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if r.DryRun {
		fmt.Fprintln(table, "dry run: nothing is changed; this would be done")
	}
	terminal.Fprintf(table, "matched\t%s\tin status %s\n", number(r.Matched), strings.Join(r.Statuses, ", "))
	if r.Handled != r.Matched {
		terminal.Fprintf(table, "handled\t%s\n", number(r.Handled))
	}
	terminal.Fprintf(table, "enqueued\t%s\n", number(r.Enqueued))
	terminal.Fprintf(table, "already queued\t%s\n", number(r.AlreadyQueued))
	terminal.Fprintf(table, "brought forward\t%s\n", number(r.BroughtForward))
	if r.Parked > 0 {
		terminal.Fprintf(table, "parked\t%s\ttheir receiver is disabled; `worker webhooks endpoints` says why, `enable` sends them\n", number(r.Parked))
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Skipped)) {
		terminal.Fprintf(table, "skipped\t%s\t%s\n", number(r.Skipped[reason]), reason.text())
	}
	_ = table.Flush() // the columns below are others; an error shows at the next Flush
	for _, row := range r.Rows {
		terminal.Fprintf(table, "  %s\t%s\n", row.ID, row.Outcome.text())
	}
	if more := r.Handled - len(r.Rows); r.DryRun && more > 0 {
		terminal.Fprintf(table, "  and %s more\n", number(more))
	}
	return table.Flush()
}

// text is the outcome in words.
func (o outcome) text() string { return strings.ReplaceAll(string(o), "_", " ") }

// number groups thousands: 1,200.
func number(n int) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// stoppedError ends a walk before its end. What its report counts is done.
type stoppedError struct {
	report report
	noun   string
	cause  error
}

// Error says how far it came and how to go on.
func (e *stoppedError) Error() string {
	if !e.report.Interrupted && e.report.Handled == 0 {
		return e.cause.Error()
	}
	text := fmt.Sprintf("stopped after %s of %s %s", number(e.report.Handled), number(e.report.Matched), e.noun)
	if !e.report.Interrupted {
		text += ": " + e.cause.Error()
	}
	return text + "; run again to go on"
}

// Unwrap gives the cause.
func (e *stoppedError) Unwrap() error { return e.cause }
