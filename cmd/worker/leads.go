package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/store"
)

// leadsCommand answers "why did this lead not arrive?" and lets a human take one over.
func leadsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "leads",
		Short: "What happened with one person, and who writes to them: the bot or a human",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(leadShowCommand(environ), leadHoldCommand(environ), leadReleaseCommand(environ), leadSettleCommand(environ))
	return cmd
}

func leadShowCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "show LEAD",
		Short: "Everything that happened with a lead, in order",
		Long: `show tells a lead's story: the comment and what was decided about it, every message and
its state, every answer and how it was read, the webhook and its status. What still waits says
so, and below stands how each webhook can be looked into and sent again. LEAD is a lead id, a LinkedIn profile (its address, public name or member id) or an email
address; where several match, they are listed.

It prints what people wrote. Mind who looks over your shoulder.`,
		Example: `  worker leads show https://www.linkedin.com/in/ana-sousa
  worker leads show d1c7a9f0-2b64-4f7d-a1e3-5b6c7d8e9f01`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSession(cmd.Context(), environ, func(a session) error {
				return a.showLead(cmd.Context(), cmd.OutOrStdout(), args[0])
			})
		},
	}
}

func (a session) findLeads(ctx context.Context, wanted string) ([]store.LeadSearchRow, error) {
	wanted = strings.TrimSpace(wanted)
	found, err := a.q.LeadSearch(ctx, a.pool, store.LeadSearchParams{Wanted: wanted, Slug: strings.ToLower(unipile.Slug(wanted))})
	if err != nil {
		return nil, fmt.Errorf("look for the lead: %w", err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no lead is known by %q: did the person comment, and with a trigger word? "+
			"`worker campaigns misses CAMPAIGN` lists those who did not", wanted)
	}
	return found, nil
}

func (a session) showLead(ctx context.Context, out io.Writer, wanted string) error {
	found, err := a.findLeads(ctx, wanted)
	if err != nil {
		return err
	}
	for i, lead := range found {
		if i > 0 {
			fmt.Fprintln(out)
		}
		terminal.Fprintf(out, "%s  %s  %s  campaign %q\n", lead.ID, orUnknown(lead.Name), lead.Status, lead.Campaign)
		story, err := a.q.LeadStory(ctx, a.pool, &lead.ID)
		if err != nil {
			return fmt.Errorf("read the story of lead %s: %w", lead.ID, err)
		}
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, s := range story {
			why, words := s.Why, s.Words
			if s.What == "webhook" {
				why, words = withoutSteps(why), hostOf(words) // paths and queries of receivers hold tokens
			}
			terminal.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n",
				s.At.UTC().Format(time.RFC3339), s.What, s.State, oneLine(why, 60), oneLine(words, 80))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		if err := a.showDoubt(ctx, out, lead.ID); err != nil {
			return err
		}
		if err := a.showWebhooks(ctx, out, lead); err != nil {
			return err
		}
	}
	return nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)"
	}
	return u.Host
}

func leadHoldCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "hold LEAD",
		Short: "Keep the bot silent towards a lead; answers are read all the same",
		Long: `hold is what happens by itself when the account's owner writes to somebody in LinkedIn: a
human has the conversation, and the bot sends that lead nothing until it is released. Addresses
that they write are taken and delivered as ever. LEAD is a lead id.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLead(cmd, environ, args[0], func(a session, id uuid.UUID) error {
				rows, err := a.q.TakeoverSetLead(cmd.Context(), a.pool, store.TakeoverSetLeadParams{LeadID: id, Reason: "held by hand"})
				if err != nil {
					return fmt.Errorf("hold lead %s: %w", id, err)
				}
				if rows == 0 {
					return fmt.Errorf("lead %s is held already, or does not exist", id)
				}
				terminal.Fprintf(cmd.OutOrStdout(), "lead %s is held: the bot sends nothing until `worker leads release %s`\n", id, id)
				return nil
			})
		},
	}
}

func leadReleaseCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "release LEAD",
		Short: "Let the bot go on with a lead that a human took over",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLead(cmd, environ, args[0], func(a session, id uuid.UUID) error {
				rows, err := a.q.TakeoverLift(cmd.Context(), a.pool, id)
				if err != nil {
					return fmt.Errorf("release lead %s: %w", id, err)
				}
				if rows == 0 {
					return fmt.Errorf("nobody holds lead %s; `worker leads show %s` tells its story", id, id)
				}
				terminal.Fprintf(cmd.OutOrStdout(), "lead %s is released: what waits goes out when its turn comes\n", id)
				return nil
			})
		},
	}
}

func withLead(cmd *cobra.Command, environ []string, arg string, f func(session, uuid.UUID) error) error {
	id, err := uuid.Parse(arg)
	if err != nil {
		return wrongUsage(cmd, fmt.Errorf("%q is no lead id; `worker leads show` finds it", arg))
	}
	return withSession(cmd.Context(), environ, func(a session) error { return f(a, id) })
}
