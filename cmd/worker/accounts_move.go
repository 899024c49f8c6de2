package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs/accounts"
)

func moveCommand(environ []string) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "move OLD NEW",
		Short: "Go on under the id that an account has since it was linked anew at Unipile",
		Long: `move is for an account that was removed and linked anew at Unipile, which gives it another
id. All that the old id has goes to the new one, in one transaction: messages that wait, what was
sent, so that limits hold and nobody is written to twice, answers, connections that are waited
for, rules, and the scrape jobs that name the old id. Pauses move as well, except that the old
link was signed out.

Without --yes it shows what would move and changes nothing. It refuses while a message is being
sent, and accounts of two different people. Messages whose outcome is not known rest for an
hour, until Unipile has synchronised the chats. Producers must name the new id from then on; what
came under the old one meanwhile is moved by running it again.`,
		Example: `  worker accounts pause Jq3vT0m2QpyXh7KcWz9LrA --reason "linked anew"
  worker accounts move Jq3vT0m2QpyXh7KcWz9LrA Zr8bN1c4VtuPd5MfYx2GhQ         what would move
  worker accounts move Jq3vT0m2QpyXh7KcWz9LrA Zr8bN1c4VtuPd5MfYx2GhQ --yes
  worker accounts resume Zr8bN1c4VtuPd5MfYx2GhQ`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSession(cmd.Context(), environ, func(a session) error {
				moved, err := accounts.Move(cmd.Context(), a.pool, a.settings.LongestSend(), args[0], args[1], !yes)
				if err != nil {
					return err
				}
				return printMoved(cmd.OutOrStdout(), args[0], args[1], moved, yes)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "move it; without, only what would move is shown")
	return cmd
}

func printMoved(out io.Writer, from, to string, moved []accounts.MovedRows, done bool) error {
	if len(moved) == 0 {
		terminal.Fprintf(out, "nothing is left under account %s: it was moved before\n", from)
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROWS\tWHAT")
	for _, m := range moved {
		terminal.Fprintf(table, "%d\t%s\n", m.Rows, m.What)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if done {
		terminal.Fprintf(out, "account %s goes on as %s; name that in new scrape jobs\n", from, to)
	} else {
		fmt.Fprintln(out, "nothing is moved yet: run it again with --yes")
	}
	return nil
}
