package webhooks

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/store"
)

// CampaignSecrets are what signs a campaign's webhooks now, the current one first;
// none where the campaign has none of its own. They are read for each try, so that a
// secret that was rotated or revoked is so at once.
//
// Where one of them cannot be opened the error is an [integrations.Error] that lets the
// delivery wait and costs it no try: without it, receivers that hold that secret alone
// would refuse what was sent.
func CampaignSecrets(ctx context.Context, db store.DBTX, vault *webhook.Vault, campaignID uuid.UUID) ([]string, error) {
	rows, err := store.New().WebhookSecretListValid(ctx, db, campaignID)
	if err != nil {
		return nil, fmt.Errorf("read webhook secrets of campaign %s: %w", campaignID, err)
	}
	secrets := make([]string, len(rows))
	for i, row := range rows {
		secrets[i], err = vault.Open(campaignID, webhook.Sealed{Ciphertext: row.Ciphertext, KeyID: row.KeyID})
		if err != nil {
			return nil, closedSecret(campaignID, row, err)
		}
	}
	return secrets, nil
}

func closedSecret(campaignID uuid.UUID, row store.WebhookSecretListValidRow, cause error) error {
	detail := fmt.Sprintf("secret %s of campaign %s cannot be decrypted: ", row.ID, campaignID)
	if errors.Is(cause, webhook.ErrNoKey) {
		detail += fmt.Sprintf("set WEBHOOK_ENCRYPTION_KEY with key %s, or rotate the secret and revoke this one", row.KeyID)
	} else {
		detail += "it is damaged or of another campaign; rotate the secret and revoke this one"
	}
	return &integrations.Error{
		Service: "webhook", Operation: "deliver", Kind: integrations.Denied, Scope: integrations.ScopeService,
		Type: string(integrations.CauseSecret), Detail: detail,
	}
}

// secretsOf is [CampaignSecrets] for a row, which may belong to no campaign.
func (w *deliverWebhook) secretsOf(ctx context.Context, campaignID *uuid.UUID) ([]string, error) {
	if campaignID == nil {
		return nil, nil
	}
	return CampaignSecrets(ctx, w.pool, w.settings.Vault, *campaignID)
}
