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

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/jobs/campaigns"
)

// campaignsCommand lets an owner see what people will get before they get it.
func campaignsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "campaigns", Short: "Check campaigns, simulate them, and see whom they missed", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var preview, asJSON bool
	check := &cobra.Command{
		Use:   "check [CAMPAIGN...]",
		Short: "Say what is wrong with the texts of campaigns; without ids, of all that are not completed",
		Long: `check reads the trigger words and all texts of campaigns and says what is wrong with them,
and where. While something is, the campaign's posts are not
read: nobody is lost, and nobody gets half a text. The same check is at
POST /api/templates/check, for a web app to call before it saves a campaign.

Texts stand in campaigns.dm_template_step1, or with variants in campaigns.settings:

  {"workers": {
    "first_dm": {"variants": ["Hi {{first_name}}, where shall I send the {{guide_name}}?"]},
    "variables": {"guide_name": "Pricing guide"},
    "not_connected": {
      "public_reply": {"variants": ["{{first_name}}, I sent you an invitation"]},
      "invitation": {"variants": ["Hi {{first_name}}, you asked for my guide"]}}}}

It warns of live campaigns that wait for the same word under the same post. A comment brings the
message of one of them only, however many workers read it: that of the campaign which reads it
first. The exit code is 1 when anything is wrong; warnings are not.`,
		Example: "  worker campaigns check --preview",
		RunE: func(cmd *cobra.Command, args []string) error {
			ids := make([]uuid.UUID, len(args))
			for i, arg := range args {
				var err error
				if ids[i], err = campaignID(cmd, arg); err != nil {
					return err
				}
			}
			return withSession(cmd.Context(), environ, func(a session) error {
				return a.checkCampaigns(cmd.Context(), cmd.OutOrStdout(), ids, preview, asJSON)
			})
		},
	}
	check.Flags().BoolVar(&preview, "preview", false, "show what three people would get")
	check.Flags().BoolVar(&asJSON, "json", false, "one JSON object a campaign and line")
	cmd.AddCommand(check, simulateCommand(environ), missesCommand(environ))
	return cmd
}

// checked is what was found of a campaign.
type checked struct {
	ID       uuid.UUID              `json:"campaign_id"`
	Name     string                 `json:"name"`
	Problems []conversation.Problem `json:"problems"`
	Warnings []string               `json:"warnings,omitempty"`
	Preview  []conversation.Sample  `json:"preview,omitempty"`
}

var errTexts = errors.New("the texts of a campaign must be mended: see above")

func (a session) checkCampaigns(ctx context.Context, out io.Writer, ids []uuid.UUID, preview, asJSON bool) error {
	rows, err := a.q.CampaignListWordings(ctx, a.pool, ids)
	if err != nil {
		return fmt.Errorf("list campaigns: %w", err)
	}
	if len(rows) < len(ids) {
		return fmt.Errorf("%d of %d campaigns do not exist", len(ids)-len(rows), len(ids))
	}
	clashes, err := campaigns.Clashes(ctx, a.pool, ids)
	if err != nil {
		return err
	}
	wrong := 0
	for _, row := range rows {
		c := checked{ID: row.ID, Name: row.Name}
		wording, problems := conversation.ReadWording(row.Settings, row.DmTemplate, row.TriggerWords)
		c.Problems, c.Warnings = problems, warnings(row.ID, clashes)
		if preview {
			c.Preview = wording.Preview()
		}
		if len(problems) > 0 {
			wrong++
		}
		if err := c.print(out, asJSON); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	if !asJSON {
		terminal.Fprintf(out, "%d campaigns checked, %d to mend\n", len(rows), wrong)
	}
	if wrong > 0 {
		return errTexts
	}
	return nil
}

// warnings tells a campaign of those that wait for the same words.
func warnings(id uuid.UUID, clashes []campaigns.Clash) (texts []string) {
	for _, c := range clashes {
		if c.OtherID == id {
			c.CampaignID, c.OtherID, c.OtherName, c.Word, c.OtherWord = c.OtherID, c.CampaignID, c.Name, c.OtherWord, c.Word
		}
		if c.CampaignID == id {
			texts = append(texts, fmt.Sprintf("clashes with campaign %q (%s) under post %s: %q means %q there, too; "+
				"a person gets the message of the one that reads the comment first", c.OtherName, c.OtherID, c.PostID, c.Word, c.OtherWord))
		}
	}
	return texts
}

func (c checked) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(c)
	}
	if len(c.Problems)+len(c.Warnings)+len(c.Preview) == 0 {
		return nil
	}
	terminal.Fprintf(out, "%s (%s)\n", c.Name, c.ID)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range c.Problems {
		terminal.Fprintf(table, "  %s\t%s\n", p.Path, p.Message)
	}
	for _, w := range c.Warnings {
		terminal.Fprintf(table, "  warning\t%s\n", w)
	}
	for _, s := range c.Preview {
		terminal.Fprintf(table, "  %s\tto %q: %s\n", s.Path, s.Name, strings.ReplaceAll(s.Text, "\n", " ⏎ "))
	}
	return table.Flush()
}
