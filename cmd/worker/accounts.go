package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/store"
)

// accountsCommand lets a human see and lift what stopped a LinkedIn account.
func accountsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "accounts",
		Short: "See which LinkedIn accounts are paused, and resume them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), environ, func(pool *pgxpool.Pool) error {
				if err := migrations.Check(cmd.Context(), pool); err != nil {
					return err
				}
				pauses, err := store.New().PauseListActive(cmd.Context(), pool, nil)
				if err != nil {
					return fmt.Errorf("list pauses: %w", err)
				}
				if len(pauses) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "no account is paused")
					return nil
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "ACCOUNT\tPAUSED\tREASON\tSINCE\tUNTIL")
				for _, p := range pauses {
					until := "you resume it"
					if p.Until != nil {
						until = p.Until.UTC().Format(time.RFC3339)
					}
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.AccountID, p.Action, p.Reason, p.Since.UTC().Format(time.RFC3339), until)
				}
				return table.Flush()
			})
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "resume ACCOUNT",
		Short: "Lift every pause of an account, after you mended the cause",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDatabase(cmd.Context(), environ, func(pool *pgxpool.Pool) error {
				if err := migrations.Check(cmd.Context(), pool); err != nil {
					return err
				}
				lifted, err := store.New().PauseLift(cmd.Context(), pool, args[0])
				if err != nil {
					return fmt.Errorf("resume account %s: %w", args[0], err)
				}
				if lifted == 0 {
					return fmt.Errorf("account %s is not paused; `worker accounts` lists those that are", args[0])
				}
				fmt.Fprintf(cmd.OutOrStdout(), "account %s is resumed: it goes on with the next sweep\n", args[0])
				return nil
			})
		},
	})
	return cmd
}
