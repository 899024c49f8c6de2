package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

func endpointsCommand(environ []string) *cobra.Command {
	var state string
	var limit int32
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "endpoints",
		Short: "List the receivers: their state, since when, what waits, and what went wrong last",
		Long: `endpoints lists the receivers of webhooks, those in trouble first. A receiver is one URL of
one client, of which the host alone is shown: paths and queries may hold tokens.

  healthy   the last delivery arrived, or nothing went wrong five times in a row
  failing   five failures in a row, or a lead whose tries ran out; deliveries go on
  disabled  it answered 410, or nothing arrived for five days, or you disabled it:
            deliveries are parked, lose no try, and go out when you enable it

RESTS UNTIL is when it is tried again: after failures in a row one delivery alone tries it,
after a 429 deliveries go one by one. What waits then goes out by itself.`,
		Example: `  worker webhooks endpoints --state disabled
  worker webhooks endpoints --json | jq .host`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if state != "" && !slices.Contains(store.EndpointStates(), state) {
				return wrongUsage(cmd, fmt.Errorf("--state %s is none of %v", state, store.EndpointStates()))
			}
			if err := checkLimit(cmd, limit); err != nil {
				return err
			}
			return withSession(cmd.Context(), environ, func(a session) error {
				return a.endpoints(cmd, store.WebhookEndpointListParams{Ids: []int64{}, State: state, MaxRows: limit}, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", fmt.Sprintf("only those in that state, one of %v", store.EndpointStates()))
	cmd.Flags().Int32Var(&limit, "limit", 100, "how many to list")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func endpointCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "show ENDPOINT",
		Short: "All that is known of one receiver, and the last tries to reach it",
		Long: `show tells all that is known of one receiver, and the last ten tries to reach it. Its whole
URL may hold a token and is in the database alone, in the row of workers.webhook_endpoints
with that id.`,
		Args: cobra.ExactArgs(1),
		RunE: withEndpoint(environ, func(cmd *cobra.Command, a session, id int64) error {
			return a.endpoint(cmd, id)
		}),
	}
}

func enableCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "enable ENDPOINT",
		Short: "Deliver to a receiver again, what waits for it first",
		Long: `enable makes a receiver healthy, whatever its state, after you or its owner mended it. What
waits for it is due at once, and so is what ran out of tries since it began to fail; older
rows are for "enqueue webhooks". A row keeps its webhook-id, so that the receiver can drop
what it has. Should the receiver fail again, it is all as before.`,
		Args: cobra.ExactArgs(1),
		RunE: withEndpoint(environ, func(cmd *cobra.Command, a session, id int64) error {
			client, err := queue.NewInserter(a.pool, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			found, err := a.findEndpoint(cmd.Context(), id) // before they go out
			if err != nil {
				return err
			}
			if err := webhooks.EnableEndpoint(cmd.Context(), a.pool, a.settings.Webhooks(), client, id); err != nil {
				return err
			}
			terminal.Fprintf(cmd.OutOrStdout(), "endpoint %d is enabled: what waits (%d) goes out now, and what ran out of tries since its trouble began\n",
				id, found.Waiting)
			return nil
		}),
	}
}

func disableCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "disable ENDPOINT",
		Short: "Stop deliveries to a receiver until you enable it; nothing is lost",
		Args:  cobra.ExactArgs(1),
		RunE: withEndpoint(environ, func(cmd *cobra.Command, a session, id int64) error {
			if err := webhooks.DisableEndpoint(cmd.Context(), a.pool, id); err != nil {
				return err
			}
			terminal.Fprintf(cmd.OutOrStdout(), "endpoint %d is disabled; what comes for it waits until `worker webhooks enable %d`\n", id, id)
			return nil
		}),
	}
}

// withEndpoint reads the id of an endpoint off the command line.
func withEndpoint(environ []string, run func(*cobra.Command, session, int64) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		switch {
		case strings.Contains(args[0], "://"): // it may hold a token, so it is not repeated
			return wrongUsage(cmd, errors.New("ENDPOINT is the number of one: `worker webhooks endpoints` lists them"))
		case err != nil || id < 1:
			return wrongUsage(cmd, fmt.Errorf("%q is no endpoint: `worker webhooks endpoints` lists their numbers", args[0]))
		}
		return withSession(cmd.Context(), environ, func(a session) error {
			err := run(cmd, a, id)
			if errors.Is(err, webhooks.ErrNoEndpoint) {
				return fmt.Errorf("%w; `worker webhooks endpoints` lists those that are known", err)
			}
			return err
		})
	}
}

// endpointLine is a receiver as it is shown.
type endpointLine struct {
	ID          int64      `json:"id"`
	State       string     `json:"state"`
	Reason      string     `json:"disabled_reason,omitempty"`
	Since       *time.Time `json:"since,omitempty"` // of its trouble
	Waiting     int64      `json:"waiting"`
	RestsUntil  *time.Time `json:"rests_until,omitempty"`
	Failures    int32      `json:"failures_in_a_row"`
	LastCause   string     `json:"last_cause,omitempty"`
	LastFailure *time.Time `json:"last_failure_at,omitempty"`
	LastSuccess *time.Time `json:"last_success_at,omitempty"`
	Client      string     `json:"client,omitempty"`
	Scope       string     `json:"scope"`
	URL         string     `json:"url"`
	Host        string     `json:"host"`
}

func newEndpointLine(row store.WebhookEndpointListRow, now time.Time) endpointLine {
	e := row.WebhookEndpoint
	line := endpointLine{
		ID: e.ID, State: e.State, Since: inUTC(e.FailingSince), Waiting: row.Waiting, RestsUntil: inUTC(e.BlockedUntil), Failures: e.Failures,
		LastFailure: inUTC(e.LastFailureAt), LastSuccess: inUTC(e.LastSuccessAt), Client: row.Client, Scope: e.Scope.String(), URL: shownURL(e.Url),
	}
	if e.DisabledAt != nil && line.Since == nil {
		line.Since = inUTC(e.DisabledAt)
	}
	if e.DisabledReason != nil {
		line.Reason = *e.DisabledReason
	}
	if e.LastCause != nil {
		line.LastCause = *e.LastCause
	}
	if u, err := url.Parse(e.Url); err == nil {
		line.Host = u.Host
	}
	if line.RestsUntil != nil && line.RestsUntil.Before(now) {
		line.RestsUntil = nil
	}
	return line
}

// shownURL is a URL without what may be a token: its user, path and query.
func shownURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "(an address that cannot be read)"
	}
	shown := u.Scheme + "://" + u.Host
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		shown += "/…"
	}
	return shown
}

func (a session) endpoints(cmd *cobra.Command, which store.WebhookEndpointListParams, asJSON bool) error {
	out, limit := cmd.OutOrStdout(), int(which.MaxRows)
	which.MaxRows++ // to know whether that is all
	rows, err := a.q.WebhookEndpointList(cmd.Context(), a.pool, which)
	if err != nil {
		return fmt.Errorf("list endpoints: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		defer terminal.Fprintf(cmd.ErrOrStderr(), "there are more than these %d: see --limit\n", limit)
	}
	if asJSON {
		lines := json.NewEncoder(out)
		for _, row := range rows {
			if err := lines.Encode(newEndpointLine(row, queue.Now(cmd.Context()))); err != nil {
				return fmt.Errorf("write endpoints: %w", err)
			}
		}
		return nil
	}
	if len(rows) == 0 {
		fmt.Fprintln(out, "no such endpoint yet: the first delivery to a URL makes one")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ENDPOINT\tSTATE\tSINCE\tWAITING\tRESTS UNTIL\tLAST CAUSE\tCLIENT\tURL")
	for _, row := range rows {
		l := newEndpointLine(row, queue.Now(cmd.Context()))
		state := l.State
		if l.Reason != "" {
			state += " (" + l.Reason + ")"
		}
		terminal.Fprintf(table, "%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", l.ID, state, moment(l.Since), l.Waiting, moment(l.RestsUntil),
			cmp.Or(l.LastCause, "-"), cmp.Or(oneLine(l.Client, 40), "-"), oneLine(l.URL, 120))
	}
	return table.Flush()
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}

func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func (a session) findEndpoint(ctx context.Context, id int64) (store.WebhookEndpointListRow, error) {
	rows, err := a.q.WebhookEndpointList(ctx, a.pool, store.WebhookEndpointListParams{Ids: []int64{id}, MaxRows: 1})
	if err != nil {
		return store.WebhookEndpointListRow{}, fmt.Errorf("read endpoint %d: %w", id, err)
	}
	if len(rows) == 0 {
		return store.WebhookEndpointListRow{}, fmt.Errorf("%w: %d", webhooks.ErrNoEndpoint, id)
	}
	return rows[0], nil
}

func (a session) endpoint(cmd *cobra.Command, id int64) error {
	out := cmd.OutOrStdout()
	row, err := a.findEndpoint(cmd.Context(), id)
	if err != nil {
		return err
	}
	l := newEndpointLine(row, queue.Now(cmd.Context()))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, field := range [][2]string{
		{"endpoint", strconv.FormatInt(l.ID, 10)},
		{"url", oneLine(l.URL, 120)},
		{"client", cmp.Or(oneLine(l.Client, 40), "-")},
		{"state", l.State},
		{"disabled because", cmp.Or(l.Reason, "-")},
		{"in trouble since", moment(l.Since)},
		{"failures in a row", strconv.Itoa(int(l.Failures))},
		{"last failure", moment(l.LastFailure) + " " + l.LastCause},
		{"last success", moment(l.LastSuccess)},
		{"rests until", moment(l.RestsUntil)},
		{"waiting", strconv.FormatInt(l.Waiting, 10)},
	} {
		terminal.Fprintf(table, "%s\t%s\n", field[0], field[1])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return a.attempts(cmd, attemptsOf{endpoint: id, limit: 10})
}
