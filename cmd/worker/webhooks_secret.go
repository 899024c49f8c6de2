package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

const (
	defaultOverlap = 24 * time.Hour
	maxOverlap     = 7 * 24 * time.Hour
	// maxSecrets sign at the same time: as many as WebhookSecretListValid lists.
	maxSecrets = 10
)

func secretCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Make, rotate and revoke the secret that signs a campaign's webhooks",
		Long: `secret looks after the secrets of campaigns. They sign the header webhook-signature, as
Standard Webhooks has it; a campaign without one uses WEBHOOK_SECRET. The old header
X-Webhook-Signature is always signed with WEBHOOK_SECRET.

A secret is shown when it is made and never again: the database holds it encrypted under
WEBHOOK_ENCRYPTION_KEY. What changes here counts from the next try of a delivery on.`,
		Example: `  worker webhooks secret create 9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b
  worker webhooks secret rotate 9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b                # both sign for 24h
  worker webhooks secret rotate 9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b --overlap 0    # the old one leaked
  worker webhooks secret list`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(createSecretCommand(environ), rotateSecretCommand(environ), listSecretsCommand(environ),
		revokeSecretCommand(environ), reencryptSecretsCommand(environ))
	return cmd
}

// secrets is what the subcommands work with.
type secrets struct {
	cmd   *cobra.Command
	pool  *pgxpool.Pool
	q     *store.Queries
	vault *webhook.Vault
}

func withSecrets(cmd *cobra.Command, environ []string, f func(context.Context, secrets) error) error {
	cfg, err := config.LoadDatabase(environ, "WEBHOOK_ENCRYPTION_KEY")
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	return withDatabase(ctx, environ, func(pool *pgxpool.Pool) error {
		if err := migrations.Check(ctx, pool); err != nil {
			return err
		}
		return f(ctx, secrets{cmd: cmd, pool: pool, q: store.New(), vault: cfg.Vault()})
	})
}

// withKey is [withSecrets] for what must read or write secrets.
func withKey(cmd *cobra.Command, environ []string, f func(context.Context, secrets) error) error {
	return withSecrets(cmd, environ, func(ctx context.Context, s secrets) error {
		if s.vault == nil {
			return usageError{errors.New("WEBHOOK_ENCRYPTION_KEY is not set: secrets are kept encrypted under it. Make one with\n" +
				"  openssl rand -base64 32\n" +
				"and give it to this command and to every worker; keep a copy, since nothing opens the secrets without it")}
		}
		return f(ctx, s)
	})
}

func createSecretCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "create CAMPAIGN",
		Short: "Give a campaign a secret of its own, shown this once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			campaign, err := campaignArgument(cmd, args[0])
			if err != nil {
				return err
			}
			return withKey(cmd, environ, func(ctx context.Context, s secrets) error { return s.create(ctx, campaign) })
		},
	}
}

func rotateSecretCommand(environ []string) *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use:   "rotate CAMPAIGN",
		Short: "Replace a campaign's secret; both sign until the overlap is over",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			campaign, err := campaignArgument(cmd, args[0])
			if err != nil {
				return err
			}
			if overlap < 0 || overlap > maxOverlap {
				return wrongUsage(cmd, fmt.Errorf("--overlap %s is not between 0 and 168h, which is 7 days", overlap))
			}
			return withKey(cmd, environ, func(ctx context.Context, s secrets) error { return s.rotate(ctx, campaign, overlap) })
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", defaultOverlap, "how long the old secret signs beside the new one, 0 to 168h")
	return cmd
}

func campaignArgument(cmd *cobra.Command, text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		switch {
		case strings.Contains(text, "://"): // it may hold a token, so it is not repeated
			return id, wrongUsage(cmd, errors.New("CAMPAIGN is the id of one, no address"))
		case strings.HasPrefix(text, webhook.SecretPrefix):
			return id, wrongUsage(cmd, errors.New("CAMPAIGN is the id of one, no secret"))
		}
		return id, wrongUsage(cmd, fmt.Errorf("%q is no campaign id", text))
	}
	return id, nil
}

func (s secrets) create(ctx context.Context, campaign uuid.UUID) error {
	return s.change(ctx, campaign, func(_ pgx.Tx, valid int) (string, error) {
		if valid > 0 {
			return "", fmt.Errorf("campaign %s has a secret already; `worker webhooks secret rotate %s` replaces it", campaign, campaign)
		}
		return "its webhooks are signed with it from the next try on: give it to the receiver first where that refuses others", nil
	})
}

func (s secrets) rotate(ctx context.Context, campaign uuid.UUID, overlap time.Duration) error {
	return s.change(ctx, campaign, func(tx pgx.Tx, valid int) (string, error) {
		switch {
		case valid == 0:
			return "", fmt.Errorf("campaign %s has no secret; `worker webhooks secret create %s` makes one", campaign, campaign)
		case valid >= maxSecrets && overlap > 0:
			return "", fmt.Errorf("%d secrets of campaign %s sign already: revoke some, or rotate with --overlap 0", valid, campaign)
		}
		err := s.q.WebhookSecretEnd(ctx, tx, store.WebhookSecretEndParams{CampaignID: campaign, OverlapSeconds: overlap.Seconds()})
		if err != nil {
			return "", fmt.Errorf("end secrets of campaign %s: %w", campaign, err)
		}
		if overlap == 0 {
			return "it alone signs from the next try on", nil
		}
		return fmt.Sprintf("it signs beside the one before until %s, then alone: give it to the receiver before that",
			queue.Now(ctx).Add(overlap).UTC().Format(time.RFC3339)), nil
	})
}

// change makes a new secret after prepare has made place for it; prepare is told how
// many sign now, and says what follows. Two changes of one campaign wait for each other.
func (s secrets) change(ctx context.Context, campaign uuid.UUID, prepare func(tx pgx.Tx, valid int) (string, error)) error {
	secret, follows := webhook.NewSecret(), ""
	sealed, err := s.vault.Seal(campaign, secret)
	if err != nil {
		return fmt.Errorf("encrypt secret: %w", err)
	}
	var id uuid.UUID
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.known(ctx, tx, campaign); err != nil {
			return err
		}
		valid, err := s.lock(ctx, tx, campaign)
		if err != nil {
			return err
		}
		if follows, err = prepare(tx, len(valid)); err != nil {
			return err
		}
		id, err = s.q.WebhookSecretInsert(ctx, tx, store.WebhookSecretInsertParams{
			CampaignID: campaign, Ciphertext: sealed.Ciphertext, KeyID: sealed.KeyID, Fingerprint: webhook.Fingerprint(secret),
		})
		if err != nil {
			return fmt.Errorf("insert secret of campaign %s: %w", campaign, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Alone on standard output, so that a script can take it.
	fmt.Fprintln(s.cmd.OutOrStdout(), secret)
	terminal.Fprintf(s.cmd.ErrOrStderr(), "this is secret %s of campaign %s; it is not shown again\n%s\n", id, campaign, follows)
	return nil
}

func (s secrets) known(ctx context.Context, db store.DBTX, campaign uuid.UUID) error {
	exists, err := s.q.CampaignExists(ctx, db, campaign)
	if err != nil {
		return fmt.Errorf("look for campaign %s: %w", campaign, err)
	}
	if !exists {
		return fmt.Errorf("there is no campaign %s", campaign)
	}
	return nil
}

// lock lets nobody else change the campaign's secrets and lists those that sign now.
func (s secrets) lock(ctx context.Context, tx pgx.Tx, campaign uuid.UUID) ([]*store.WebhookSecretListValidRow, error) {
	if err := s.q.WebhookSecretLock(ctx, tx, campaign.String()); err != nil {
		return nil, fmt.Errorf("lock secrets of campaign %s: %w", campaign, err)
	}
	rows, err := s.q.WebhookSecretListValid(ctx, tx, campaign)
	if err != nil {
		return nil, fmt.Errorf("list secrets of campaign %s: %w", campaign, err)
	}
	list := make([]*store.WebhookSecretListValidRow, len(rows))
	for i := range rows {
		list[i] = &rows[i]
	}
	return list, nil
}

func listSecretsCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "list [CAMPAIGN]",
		Short: "List secrets of one campaign or of all, never their values",
		Long: `list shows which secrets there are. FINGERPRINT is the end of a secret's SHA-256, for
comparing with what a receiver holds: printf %s "$SECRET" | sha256sum | cut -c61-64.
KEY tells which key of WEBHOOK_ENCRYPTION_KEY opens it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var campaign *uuid.UUID
			for _, arg := range args {
				id, err := campaignArgument(cmd, arg)
				if err != nil {
					return err
				}
				campaign = &id
			}
			return withSecrets(cmd, environ, func(ctx context.Context, s secrets) error { return s.list(ctx, cmd.OutOrStdout(), campaign) })
		},
	}
}

func (s secrets) list(ctx context.Context, out io.Writer, campaign *uuid.UUID) error {
	if campaign != nil {
		if err := s.known(ctx, s.pool, *campaign); err != nil {
			return err
		}
	}
	rows, err := s.q.WebhookSecretList(ctx, s.pool, campaign)
	if err != nil {
		return fmt.Errorf("list secrets: %w", err)
	}
	if len(rows) == 0 {
		fmt.Fprintln(out, "no secret: webhooks are signed with WEBHOOK_SECRET")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CAMPAIGN\tSECRET\tCREATED\tEXPIRES\tFINGERPRINT\tKEY\tNAME")
	for _, r := range rows {
		expires := "current"
		switch {
		case r.Expired:
			expires = "expired"
		case r.ExpiresAt != nil:
			expires = r.ExpiresAt.UTC().Format(time.RFC3339)
		}
		terminal.Fprintf(table, "%s\t%s\t%s\t%s\t…%s\t%s\t%s\n",
			r.CampaignID, r.ID, r.CreatedAt.UTC().Format(time.RFC3339), expires, r.Fingerprint, r.KeyID, oneLine(r.Campaign, 60))
	}
	return table.Flush()
}
