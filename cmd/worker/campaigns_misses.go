package main

import (
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs/polls"
)

func missesCommand(environ []string) *cobra.Command {
	var asJSON bool
	var examples int
	cmd := &cobra.Command{
		Use:   "misses CAMPAIGN",
		Short: "Comments that did not trigger, near misses first",
		Long: `misses lists the comments under a campaign's posts that did not trigger, in groups: those
that nearly say a trigger word ("4 people wrote guides"), those that a word of the exclude
list kept away, then the rest. They are kept for COMMENT_RETENTION.

Add what people write to trigger_word, or set trigger.typos in campaigns.settings: comments
that are known are not judged again, those that come are.`,
		Example: "  worker campaigns misses 9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := campaignID(cmd, args[0])
			if err != nil {
				return err
			}
			return withSession(cmd.Context(), environ, func(a session) error {
				misses, err := polls.NewPreview(a.pool, a.settings.Polls()).Misses(cmd.Context(), id)
				if err != nil {
					return err
				}
				if asJSON {
					return encodeLines(cmd.OutOrStdout(), misses)
				}
				return printMisses(cmd.OutOrStdout(), misses, examples)
			})
		},
	}
	cmd.Flags().IntVar(&examples, "examples", 3, "how many comments of each group to show; 0 for all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a group and line, with all comments")
	return cmd
}

func campaignID(cmd *cobra.Command, arg string) (uuid.UUID, error) {
	id, err := uuid.Parse(arg)
	if err != nil {
		return id, wrongUsage(cmd, fmt.Errorf("%q is no campaign id", arg))
	}
	return id, nil
}

func printMisses(out io.Writer, misses []polls.Miss, examples int) error {
	if len(misses) == 0 {
		_, err := fmt.Fprintln(out, "no comment was missed, or none is kept any more")
		return err
	}
	for _, m := range misses {
		who := "people"
		if m.People == 1 {
			who = "person"
		}
		switch {
		case m.Word != "":
			terminal.Fprintf(out, "%d %s wrote %q\n", m.People, who, m.Word)
		case m.Exclude != "":
			terminal.Fprintf(out, "%d %s wrote a trigger word, and %q of the exclude list\n", m.People, who, m.Exclude)
		default:
			terminal.Fprintf(out, "%d %s wrote something else\n", m.People, who)
		}
		for i, c := range m.Comments {
			if examples > 0 && i == examples {
				terminal.Fprintf(out, "    and %d more\n", len(m.Comments)-i)
				break
			}
			terminal.Fprintf(out, "    %s  %s: %s\n", c.Seen.UTC().Format("2006-01-02 15:04"), orUnknown(c.Name), oneLine(c.Text, 100))
		}
	}
	return nil
}
