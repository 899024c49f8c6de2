package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/messages"
)

func showCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "show ACCOUNT",
		Short: "What an account has spent of its limits, and what it may do next",
		Long: `show counts over sliding windows: what went out, or may have, in the last hour, day and
week. Limits that the account has no rule of its own for are the worker's defaults, as the
environment of this shell has them.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSession(cmd.Context(), environ, func(a session) error {
				if err := a.known(cmd.Context(), args[0]); err != nil {
					return err
				}
				usage, err := accounts.ReadUsage(cmd.Context(), a.pool, a.settings.Accounts(), args[0])
				if err != nil {
					return err
				}
				looks, err := a.q.FirstLookList(cmd.Context(), a.pool, args[0])
				if err != nil {
					return fmt.Errorf("list first looks of account %s: %w", args[0], err)
				}
				printFirstLooks(cmd.OutOrStdout(), looks, a.lookFirst)
				return printUsage(cmd.OutOrStdout(), usage)
			})
		},
	}
}

func printUsage(out io.Writer, u accounts.Usage) error {
	terminal.Fprintf(out, "working hours  %s (%s)\n", u.Hours, u.Zone)
	terminal.Fprintf(out, "comment reads  %s\n", spent(u.Reads))
	if !u.WarmUpFrom.IsZero() {
		terminal.Fprintf(out, "warming up     since %s: the limits below grow until two weeks later\n", u.WarmUpFrom.UTC().Format(time.RFC3339))
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tSPENT\tMAY WRITE AGAIN")
	for _, pot := range u.Pots {
		var limits []string
		for _, l := range pot.Limits {
			limits = append(limits, spent(l))
		}
		next := "when you resume it or change a limit"
		switch {
		case pot.Next.IsZero():
		case !pot.Next.After(u.At):
			next = "now"
		default:
			next = pot.Next.UTC().Format(time.RFC3339)
		}
		terminal.Fprintf(table, "%s\t%s\t%s\n", pot.Pot, strings.Join(limits, ", "), next)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return printPauses(out, u.Pauses)
}

func spent(s accounts.Spent) string {
	span := map[time.Duration]string{time.Hour: "an hour", 24 * time.Hour: "a day", 7 * 24 * time.Hour: "a week"}[s.Per]
	return fmt.Sprintf("%d of %d %s", s.Used, s.Max, span)
}

func forecastCommand(environ []string) *cobra.Command {
	var lead string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "forecast ACCOUNT",
		Short: "When each waiting person will be written to, if nothing changes",
		Long: `forecast says when each waiting message of an account will have its turn, by the plan
that the workers follow: limits, gaps, working hours, warm-up, pauses, and fair shares
for the account's posts. Answers that come meanwhile go first and move the rest back.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var only uuid.UUID
			if lead != "" {
				var err error
				if only, err = uuid.Parse(lead); err != nil {
					return wrongUsage(cmd, fmt.Errorf("--lead %q is no lead id", lead))
				}
			}
			return withSession(cmd.Context(), environ, func(a session) error {
				return a.forecast(cmd.Context(), cmd.OutOrStdout(), args[0], only, limit, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&lead, "lead", "", "only the messages to that lead (uuid)")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many to list; 0 for all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func (a session) forecast(ctx context.Context, out io.Writer, id string, lead uuid.UUID, limit int, asJSON bool) error {
	if err := a.known(ctx, id); err != nil {
		return err
	}
	all, err := messages.NewPlanner(a.pool, a.settings.Messages()).Forecast(ctx, id)
	if err != nil {
		return err
	}
	var chosen []messages.Forecast
	for _, f := range all {
		if lead == uuid.Nil || (f.LeadID != nil && *f.LeadID == lead) {
			chosen = append(chosen, f)
		}
	}
	shown := chosen
	if limit > 0 && len(shown) > limit {
		shown = shown[:limit]
	}
	if asJSON {
		lines := json.NewEncoder(out)
		for _, f := range shown {
			if err := lines.Encode(f); err != nil {
				return fmt.Errorf("write forecast: %w", err)
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(shown) > 0 {
		fmt.Fprintln(table, "MESSAGE\tKIND\tLEAD\tQUEUED\tTURN")
	}
	for _, f := range shown {
		lead, turn := "-", f.Held
		if f.LeadID != nil {
			lead = f.LeadID.String()
		}
		if !f.At.IsZero() {
			turn = f.At.UTC().Format(time.RFC3339)
		}
		terminal.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", f.MessageID, f.Purpose, lead, f.Queued.UTC().Format(time.RFC3339), turn)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	terminal.Fprintf(out, "%d of %d waiting messages\n", len(shown), len(all))
	return nil
}
