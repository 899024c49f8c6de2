package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/store"
)

func revokeSecretCommand(environ []string) *cobra.Command {
	var global bool
	cmd := &cobra.Command{
		Use:   "revoke CAMPAIGN SECRET",
		Short: "End a secret now, without waiting for the end of its overlap",
		Long: `revoke deletes a secret that signs beside the current one. The current one is replaced
with rotate --overlap 0; with --use-global it is deleted with all others of the campaign,
whose webhooks WEBHOOK_SECRET signs from then on.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			campaign, err := campaignArgument(cmd, args[0])
			if err != nil {
				return err
			}
			id, err := uuid.Parse(args[1])
			if err != nil {
				// It may be the secret itself, so it is not repeated.
				return wrongUsage(cmd, errors.New("SECRET is not the id of one; `worker webhooks secret list` shows them"))
			}
			return withSecrets(cmd, environ, func(ctx context.Context, s secrets) error { return s.revoke(ctx, campaign, id, global) })
		},
	}
	cmd.Flags().BoolVar(&global, "use-global", false, "delete the current secret too, and sign with WEBHOOK_SECRET again")
	return cmd
}

func (s secrets) revoke(ctx context.Context, campaign, id uuid.UUID, global bool) error {
	var ended int64
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		valid, err := s.lock(ctx, tx, campaign)
		if err != nil {
			return err
		}
		current := len(valid) > 0 && valid[0].ID == id && valid[0].ExpiresAt == nil
		switch {
		case current && !global:
			return fmt.Errorf("secret %s is the current one: replace it with `worker webhooks secret rotate %s --overlap 0`, "+
				"or say --use-global for signing with WEBHOOK_SECRET", id, campaign)
		case current:
			ended, err = s.q.WebhookSecretDeleteAll(ctx, tx, campaign)
		default:
			ended, err = s.q.WebhookSecretDelete(ctx, tx, store.WebhookSecretDeleteParams{ID: id, CampaignID: campaign})
		}
		if err != nil {
			return fmt.Errorf("delete secret %s: %w", id, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if ended == 0 {
		return fmt.Errorf("campaign %s has no secret %s; `worker webhooks secret list` shows those there are", campaign, id)
	}
	terminal.Fprintf(s.cmd.OutOrStdout(), "%d secret(s) of campaign %s are revoked, from the next try on\n", ended, campaign)
	return nil
}

func reencryptSecretsCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "reencrypt",
		Short: "Encrypt all secrets under the first key, so that the others can be dropped",
		Long: `reencrypt is the last step of changing WEBHOOK_ENCRYPTION_KEY: put the new key in front of
the old one with a comma between, restart the workers, run reencrypt, drop the old key.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKey(cmd, environ, func(ctx context.Context, s secrets) error { return s.reencrypt(ctx) })
		},
	}
}

// reencryptPage secrets are encrypted anew in one transaction.
const reencryptPage = 500

func (s secrets) reencrypt(ctx context.Context) error {
	first := s.vault.KeyIDs()[0]
	done, closed := 0, 0
	for after, more := uuid.Nil, true; more; {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			rows, err := s.q.WebhookSecretListOfOtherKeys(ctx, tx, store.WebhookSecretListOfOtherKeysParams{
				KeyID: first, AfterID: after, MaxRows: reencryptPage,
			})
			if err != nil {
				return fmt.Errorf("list secrets: %w", err)
			}
			more = len(rows) == reencryptPage
			for _, r := range rows {
				after = r.ID
				secret, err := s.vault.Open(r.CampaignID, webhook.Sealed{Ciphertext: r.Ciphertext, KeyID: r.KeyID})
				if err != nil {
					closed++
					terminal.Fprintf(s.cmd.ErrOrStderr(), "secret %s of campaign %s: %v (key %s)\n", r.ID, r.CampaignID, err, r.KeyID)
					continue
				}
				sealed, err := s.vault.Seal(r.CampaignID, secret)
				if err != nil {
					return fmt.Errorf("encrypt secret %s: %w", r.ID, err)
				}
				err = s.q.WebhookSecretReseal(ctx, tx, store.WebhookSecretResealParams{ID: r.ID, Ciphertext: sealed.Ciphertext, KeyID: sealed.KeyID})
				if err != nil {
					return fmt.Errorf("update secret %s: %w", r.ID, err)
				}
				done++
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	terminal.Fprintf(s.cmd.OutOrStdout(), "%d secret(s) are encrypted anew, under key %s\n", done, first)
	if closed > 0 {
		return fmt.Errorf("%d secret(s) could not be opened: see above", closed)
	}
	return nil
}
