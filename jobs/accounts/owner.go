package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/store"
)

// accountReader is what Unipile must offer to tell who an account's owner is.
type accountReader interface {
	Account(ctx context.Context, accountID string) (unipile.Account, error)
}

// OwnID is the LinkedIn member id of the account's owner; empty when the provider
// does not tell.
func OwnID(ctx context.Context, pool *pgxpool.Pool, linkedin accountReader, accountID string) (string, error) {
	q := store.New()
	account, err := q.AccountGet(ctx, pool, accountID)
	if err == nil && account.ProviderID != nil {
		return *account.ProviderID, nil
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read account: %w", err)
	}
	at, err := linkedin.Account(ctx, accountID)
	if err != nil {
		return "", fmt.Errorf("find account: %w", err)
	}
	err = q.AccountSetProvider(ctx, pool, store.AccountSetProviderParams{ID: accountID, ProviderID: store.Null(at.OwnID)})
	if err != nil {
		return "", fmt.Errorf("store account: %w", err)
	}
	return at.OwnID, nil
}
