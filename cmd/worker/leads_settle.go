package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs/messages"
)

// leadSettleCommand lets a human say what became of a message that no look can settle.
func leadSettleCommand(environ []string) *cobra.Command {
	var sent, resend bool
	cmd := &cobra.Command{
		Use:   "settle [LEAD]",
		Short: "Say whether a message in doubt went out; without a lead, list those that wait for you",
		Long: `settle is for messages of which it cannot be known whether they went out: the answer to the
send was lost, and since then the account wrote something in that chat which may be what
LinkedIn made of the message, or what its owner typed. Nothing is sent to that person until
you say.

Read the chat in LinkedIn. --sent when the message stands there: the lead goes on, and
answers that came meanwhile are read. --resend when it does not: it is sent when its turn
comes. LEAD is a lead id.`,
		Example: `  worker leads settle
  worker leads settle d1c7a9f0-2b64-4f7d-a1e3-5b6c7d8e9f01 --sent`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if sent || resend {
					return wrongUsage(cmd, errors.New("name the lead; without one, those that wait are listed"))
				}
				return withSession(cmd.Context(), environ, func(a session) error {
					return a.listDoubtful(cmd.Context(), cmd.OutOrStdout())
				})
			}
			if sent == resend {
				return wrongUsage(cmd, errors.New("say what became of it: --sent or --resend"))
			}
			return withLead(cmd, environ, args[0], func(a session, id uuid.UUID) error {
				n, err := messages.Settle(cmd.Context(), a.pool, id, sent)
				if err != nil {
					return err
				}
				if n == 0 {
					return fmt.Errorf("no message to lead %s is in doubt; `worker leads settle` lists those that are", id)
				}
				said := "is queued again, and goes out when its turn comes"
				if sent {
					said = "counts as sent; answers are read at the next look into the inbox"
				}
				terminal.Fprintf(cmd.OutOrStdout(), "the message to lead %s %s\n", id, said)
				now, err := a.q.ConversationGet(cmd.Context(), a.pool, id)
				if err != nil {
					return fmt.Errorf("look who has the conversation with lead %s: %w", id, err)
				}
				if now.IsHeld {
					terminal.Fprintf(cmd.OutOrStdout(), "what the account wrote there is taken for a human's: nothing more is sent until "+
						"`worker leads release %s`\n", id)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&sent, "sent", false, "it stands in the chat")
	cmd.Flags().BoolVar(&resend, "resend", false, "it does not: send it")
	return cmd
}

func (a session) listDoubtful(ctx context.Context, out io.Writer) error {
	rows, err := a.q.MessageListDoubtful(ctx, a.pool, nil)
	if err != nil {
		return fmt.Errorf("list messages in doubt: %w", err)
	}
	if len(rows) == 0 {
		fmt.Fprintln(out, "no message waits for you")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LEAD\tACCOUNT\tMESSAGE\tSINCE")
	for _, m := range rows {
		terminal.Fprintf(table, "%s\t%s\t%s\t%s\n", orNone(m.LeadID), m.AccountID, m.Purpose, orEver(m.ClaimedAt))
	}
	return table.Flush()
}

// showDoubt tells what to do about messages of a lead that wait for a human.
func (a session) showDoubt(ctx context.Context, out io.Writer, leadID uuid.UUID) error {
	rows, err := a.q.MessageListDoubtful(ctx, a.pool, &leadID)
	if err != nil {
		return fmt.Errorf("list messages in doubt of lead %s: %w", leadID, err)
	}
	for _, m := range rows {
		terminal.Fprintf(out, "  %s: it is not known whether it went out, since the account wrote something else in that chat. "+
			"Read it, then `worker leads settle %s --sent` or `--resend`\n", m.Purpose, leadID)
	}
	return nil
}

func orNone(id *uuid.UUID) string {
	if id == nil {
		return "-"
	}
	return id.String()
}

func orEver(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
