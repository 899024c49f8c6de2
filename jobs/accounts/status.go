package accounts

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/store"
)

// signedOut are the reasons of pauses that end when the owner logs in again. Others, such
// as a restriction, stay until a human resumes the account.
func signedOut() []string {
	return []string{
		statusReason(unipile.StatusCredentials), statusReason(unipile.StatusPermissions), statusReason(unipile.StatusStopped),
		statusReason(unipile.StatusDeleted), "errors/disconnected_account", "errors/expired_credentials",
		"errors/invalid_credentials", "errors/checkpoint_error", "errors/disconnected_feature", "status 401",
	}
}

func statusReason(s unipile.AccountStatus) string { return "account status " + string(s) }

// TakeStatus stops an account whose owner must log in again, and lets it go on when
// they did.
func TakeStatus(ctx context.Context, tx pgx.Tx, accountID string, status unipile.AccountStatus) error {
	q := store.New()
	switch status {
	case unipile.StatusCredentials, unipile.StatusPermissions, unipile.StatusStopped, unipile.StatusDeleted:
		known, err := q.AccountIsKnown(ctx, tx, accountID)
		if err != nil || !known {
			return err
		}
		return q.PauseSet(ctx, tx, store.PauseSetParams{
			AccountID: accountID, Action: store.ActionEverything, Reason: statusReason(status),
		})
	case unipile.StatusOK, unipile.StatusReconnected, unipile.StatusSynchronised, unipile.StatusCreated:
		lifted, err := q.PauseLiftOf(ctx, tx, store.PauseLiftOfParams{
			AccountID: accountID, Action: store.ActionEverything, Reasons: signedOut(),
		})
		if err != nil || lifted == 0 {
			return err
		}
		if err := q.ScrapeJobHasten(ctx, tx, accountID); err != nil {
			return fmt.Errorf("hasten posts: %w", err)
		}
		_, err = listenNow(ctx, tx, accountID)
		return err
	default:
		return nil // CONNECTING, ERROR and the like pass by themselves
	}
}
