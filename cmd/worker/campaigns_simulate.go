package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/polls"
)

func simulateCommand(environ []string) *cobra.Command {
	var post polls.PostToRead
	var limit int
	var asJSON, texts bool
	cmd := &cobra.Command{
		Use:   "simulate CAMPAIGN",
		Short: "Who would be written to under a campaign's posts, why, and what they would get",
		Long: `simulate reads the comments under the campaign's posts through Unipile and judges them by
the rules that the workers go by: trigger words, exclude words, blocklist, who opted out and
who was written to before. It sends nothing and stores nothing, so try it before a campaign is
active. Its reads count against COMMENT_READS_PER_DAY of the account.

Who is no connection is known only as far as the list of comments tells.`,
		Example: `  worker campaigns simulate 9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b --texts
  worker campaigns simulate 9b2d… --account Jq3vT0m2QpyXh7KcWz9LrA --post https://www.linkedin.com/posts/…   before it has a scrape job`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := campaignID(cmd, args[0])
			if err != nil {
				return err
			}
			if (post.PostID == "") != (post.AccountID == "") {
				return wrongUsage(cmd, errors.New("--post and --account go together"))
			}
			if limit < 1 {
				return wrongUsage(cmd, errors.New("--limit must be 1 or more"))
			}
			return simulate(cmd.Context(), environ, cmd.OutOrStdout(), id, post, limit, texts, asJSON)
		},
	}
	cmd.Flags().StringVar(&post.PostID, "post", "", "that post instead of the campaign's: its link or LinkedIn id")
	cmd.Flags().StringVar(&post.AccountID, "account", "", "Unipile account that reads --post")
	cmd.Flags().IntVar(&limit, "limit", 300, "how many comments of a post to read, newest first")
	cmd.Flags().BoolVar(&texts, "texts", false, "print every text whole")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a post and line")
	return cmd
}

func simulate(
	ctx context.Context, environ []string, out io.Writer, id uuid.UUID, post polls.PostToRead, limit int, texts, asJSON bool,
) error {
	cfg, err := config.Load(environ)
	if err != nil {
		return err
	}
	if cfg.UnipileMockMode {
		return errors.New("UNIPILE_MOCK_MODE pretends LinkedIn inside the worker's own process, where no other command can read it")
	}
	linkedin, err := unipile.New(unipile.Config{DSN: cfg.UnipileDSN, APIKey: cfg.UnipileAPIKey.Reveal(), Timeout: cfg.UnipileTimeout})
	if err != nil {
		return fmt.Errorf("UNIPILE_DSN or UNIPILE_API_KEY: %w", err)
	}
	return withSession(ctx, environ, func(a session) error {
		posts := []polls.PostToRead{post}
		if post.PostID == "" {
			if posts, err = polls.NewPreview(a.pool, a.settings.Polls()).SimulatePosts(ctx, id); err != nil {
				return err
			}
			if len(posts) == 0 {
				return fmt.Errorf("campaign %s has no scrape job: name a post by --post and --account", id)
			}
		}
		for _, p := range posts {
			s, err := polls.NewPreview(a.pool, a.settings.Polls()).Simulate(ctx, linkedin, id, p, limit)
			if err != nil {
				return fmt.Errorf("post %s: %w", p.PostID, err)
			}
			if asJSON {
				err = json.NewEncoder(out).Encode(s)
			} else {
				err = printSimulation(out, s, texts)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func printSimulation(out io.Writer, s polls.Simulation, texts bool) error {
	served, decisions := 0, map[string]int{}
	for _, c := range s.Comments {
		decisions[c.Decision]++
		if len(c.Gets) > 0 {
			served++
		}
	}
	terminal.Fprintf(out, "post %s of account %s: %d comments read", s.Post.PostID, s.Post.AccountID, len(s.Comments))
	if s.More {
		fmt.Fprint(out, ", there are older ones")
	}
	terminal.Fprintf(out, "\n%d people would be served\n\n", served)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHO\tCOMMENT\tDECISION\tWHY\tGETS")
	for _, c := range s.Comments {
		var gets []string
		for _, g := range c.Gets {
			text := g.Purpose
			if g.When != "" {
				text += " " + g.When
			}
			gets = append(gets, text)
		}
		terminal.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n",
			orUnknown(oneLine(c.Name, 30)), oneLine(c.Text, 40), c.Decision, c.Why, strings.Join(gets, ", "))
		for _, g := range c.Gets {
			if texts && g.Text != "" {
				// Not in a cell: a long text would widen the column of all the others.
				if err := table.Flush(); err != nil {
					return err
				}
				terminal.Fprintf(out, "    %s: %s\n", g.Purpose, terminal.Block(strings.ReplaceAll(g.Text, "\n", "\n        ")))
			}
		}
	}
	return table.Flush()
}
