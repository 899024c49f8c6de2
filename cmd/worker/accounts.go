package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// accountsCommand lets a human see what LinkedIn accounts may do and do, and change it.
func accountsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "accounts",
		Short: "See what LinkedIn accounts may write, who is served when, and pause or resume them",
		Long: `accounts lists every LinkedIn account: what waits, what went out, and what is paused,
why, since and until when. Changes take effect at once, on all workers.

A pause with an end was made because LinkedIn or Unipile asked for patience: it lifts
itself. One without an end waits for you, since going on would make it worse: sign the
account in again or clear its restriction on LinkedIn first, then resume it.`,
		Example: `  worker accounts
  worker accounts show Jq3vT0m2QpyXh7KcWz9LrA
  worker accounts set Jq3vT0m2QpyXh7KcWz9LrA --first-dms-per-day 40 --time-zone Europe/Berlin --working-hours "mon-fri 08:00-19:00"
  worker accounts forecast Jq3vT0m2QpyXh7KcWz9LrA --lead 2f6c…`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSession(cmd.Context(), environ, func(a session) error { return a.list(cmd.Context(), cmd.OutOrStdout()) })
		},
	}
	cmd.AddCommand(showCommand(environ), setCommand(environ), forecastCommand(environ), pauseCommand(environ), resumeCommand(environ),
		moveCommand(environ), lookFirstCommand(environ))
	return cmd
}

// session is what the subcommands work with.
type session struct {
	pool      *pgxpool.Pool
	q         *store.Queries
	settings  jobs.Settings
	lookFirst bool // always, by the environment of this shell
}

func withSession(ctx context.Context, environ []string, f func(session) error) error {
	cfg, err := config.LoadDatabase(environ)
	if err != nil {
		return err
	}
	return withDatabase(ctx, environ, func(pool *pgxpool.Pool) error {
		if err := migrations.Check(ctx, pool); err != nil {
			return err
		}
		settings := jobSettings(cfg)
		return f(session{
			pool: pool, q: store.New(),
			settings:  settings,
			lookFirst: settings.LookFirst,
		})
	})
}

// known refuses a name that nothing here belongs to: it was mistyped.
func (a session) known(ctx context.Context, id string) error {
	known, err := a.q.AccountIsKnown(ctx, a.pool, id)
	if err != nil {
		return fmt.Errorf("look for account %s: %w", id, err)
	}
	if !known {
		return fmt.Errorf("no scrape job or message belongs to account %s; `worker accounts` lists those that are known", id)
	}
	return nil
}

func (a session) list(ctx context.Context, out io.Writer) error {
	rows, err := a.q.AccountListOverview(ctx, a.pool)
	if err != nil {
		return fmt.Errorf("list accounts: %w", err)
	}
	pauses, err := a.q.PauseListActive(ctx, a.pool, nil)
	if err != nil {
		return fmt.Errorf("list pauses: %w", err)
	}
	if len(rows) == 0 {
		fmt.Fprintln(out, "no account yet: the first scrape job names one")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tWAITING\tIN DOUBT\tSENT IN 24H")
	for _, r := range rows {
		terminal.Fprintf(table, "%s\t%d\t%d\t%d\n", r.ID, r.Queued, r.InDoubt, r.SentToday)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return printPauses(out, pauses)
}

func printPauses(out io.Writer, pauses []store.Pause) error {
	if len(pauses) == 0 {
		fmt.Fprintln(out, "no account is paused")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tPAUSED\tREASON\tSINCE\tUNTIL")
	for _, p := range pauses {
		until := "you resume it"
		if p.Until != nil {
			until = p.Until.UTC().Format(time.RFC3339)
		}
		terminal.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.AccountID, p.Action, p.Reason, p.Since.UTC().Format(time.RFC3339), until)
	}
	return table.Flush()
}

func pauseCommand(environ []string) *cobra.Command {
	var action, reason string
	var until time.Duration
	cmd := &cobra.Command{
		Use:   "pause ACCOUNT",
		Short: "Stop an account, or one thing that it does, until you resume it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSession(cmd.Context(), environ, func(a session) error {
				if err := a.known(cmd.Context(), args[0]); err != nil {
					return err
				}
				if !isAction(action) {
					return wrongUsage(cmd, fmt.Errorf("--only %s is none of %v", action, actions()))
				}
				var end time.Time
				if until > 0 {
					end = queue.Now(cmd.Context()).Add(until)
				}
				if err := (store.Pauses{Pool: a.pool}).Pause(cmd.Context(), args[0], action, reason, end); err != nil {
					return err
				}
				terminal.Fprintf(cmd.OutOrStdout(), "account %s is paused; what waits keeps its place\n", args[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&action, "only", store.ActionEverything, fmt.Sprintf("what to stop, one of %v", actions()))
	cmd.Flags().StringVar(&reason, "reason", "paused by hand", "what others read in the list; no names of people")
	cmd.Flags().DurationVar(&until, "for", 0, "lift it by itself after that time, such as 4h")
	return cmd
}

func resumeCommand(environ []string) *cobra.Command {
	var action string
	cmd := &cobra.Command{
		Use:   "resume ACCOUNT",
		Short: "Lift the pauses of an account, after you mended the cause",
		Long: `resume lifts the pauses of an account. A look into its inbox that Unipile asked to
come back later, by up to an hour, is made now as well, whether or not anything is paused.
Answers that were written while everything was paused are synchronised late: the inbox is read
48 hours back and more at once, and again and again in the hours after.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSession(cmd.Context(), environ, func(a session) error {
				if action != "" && !isAction(action) {
					return wrongUsage(cmd, fmt.Errorf("--only %s is none of %v", action, actions()))
				}
				done, err := accounts.Resume(cmd.Context(), a.pool, args[0], action)
				switch {
				case err != nil:
					return err
				case done == accounts.Resumed{}:
					return fmt.Errorf("account %s is not paused; `worker accounts` lists those that are", args[0])
				case done.Pauses == 0:
					terminal.Fprintf(cmd.OutOrStdout(), "account %s was not paused; its looks into the inbox, which waited, go on at once\n", args[0])
				default:
					terminal.Fprintf(cmd.OutOrStdout(), "account %s is resumed: it goes on at once\n", args[0])
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&action, "only", "", fmt.Sprintf("lift that pause alone, one of %v", actions()))
	return cmd
}

// actions are what can be paused.
func actions() []string {
	return append([]string{store.ActionEverything, store.ActionPolls}, store.Pots()...)
}

func isAction(name string) bool { return slices.Contains(actions(), name) }
