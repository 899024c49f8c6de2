package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

func migrateCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Change the shape of the database",
		Long: `migrate brings the database to the shape that this version needs. It may run on
an empty Postgres or next to a Supabase project, any number of times, and while
other workers run: one migrates, the others wait. It needs a direct connection,
not a transaction pooler.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wrongUsage(cmd, errors.New("say what to do: up, down or status"))
		},
	}
	with := func(f func(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadDatabase(environ)
			if err != nil {
				return err
			}
			options := poolOptions(cfg, "bravorevos-worker")
			options.Patient = true // it waits for other migrations, and for tables that are in use
			pool, err := store.Open(cmd.Context(), options)
			if err != nil {
				return err
			}
			defer pool.Close()
			return f(cmd.Context(), pool, cmd.OutOrStdout())
		}
	}
	up := &cobra.Command{
		Use: "up", Short: "Apply what is missing", Args: cobra.NoArgs,
		RunE: with(func(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error {
			steps, err := migrations.Up(ctx, pool)
			printSteps(out, "applied", steps)
			if err == nil && len(steps) == 0 {
				fmt.Fprintln(out, "nothing to do: the database is up to date")
			}
			return err
		}),
	}
	var all bool
	down := &cobra.Command{
		Use: "down", Short: "Take back the newest migration, or with --all every one", Args: cobra.NoArgs,
		Long: `down takes back the newest migration, or with --all every one of them and River's
tables. Rows of the producers and the record of who was written to are kept, so
that a later "migrate up" sends nobody a second message. Stop the workers first.`,
		RunE: with(func(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error {
			steps, err := migrations.Down(ctx, pool, all)
			printSteps(out, "taken back", steps)
			if err == nil && len(steps) == 0 {
				fmt.Fprintln(out, "nothing to do: no migration is applied")
			}
			return err
		}),
	}
	down.Flags().BoolVar(&all, "all", false, "every migration, River's too")
	status := &cobra.Command{
		Use: "status", Short: "List the migrations", Args: cobra.NoArgs,
		RunE: with(func(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error {
			steps, err := migrations.Status(ctx, pool)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			for _, step := range steps {
				state := "pending"
				if !step.AppliedAt.IsZero() {
					state = "applied"
				}
				terminal.Fprintf(table, "%s\t%s\n", state, step.Name)
			}
			return table.Flush()
		}),
	}
	cmd.AddCommand(up, down, status)
	return cmd
}

func printSteps(out io.Writer, verb string, steps []migrations.Step) {
	for _, step := range steps {
		terminal.Fprintf(out, "%s %s in %s\n", verb, step.Name, step.Took.Round(time.Millisecond))
	}
}

// withDatabase runs f on the database of the environment.
func withDatabase(ctx context.Context, environ []string, f func(pool *pgxpool.Pool) error) error {
	cfg, err := config.LoadDatabase(environ)
	if err != nil {
		return err
	}
	pool, err := openPool(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := queue.SetClock(ctx, pool); err != nil {
		return err
	}
	return f(pool)
}
