package leads

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/store"
)

// OptOut ends all contact of the clients on this account with a person.
func OptOut(ctx context.Context, tx pgx.Tx, accountID, personID string) error {
	if err := RecordOptOut(ctx, tx, accountID, personID); err != nil {
		return err
	}
	if _, err := store.New().OptOutMoveLeads(ctx, tx, personID); err != nil {
		return fmt.Errorf("opt out leads: %w", err)
	}
	return nil
}

// RecordOptOut is what keeps further messages from going out, and needs no lock on a lead.
func RecordOptOut(ctx context.Context, db store.DBTX, accountID, personID string) error {
	if _, err := store.New().OptOutRecord(ctx, db, store.OptOutRecordParams{AccountID: accountID, PersonID: personID}); err != nil {
		return fmt.Errorf("record opt-out: %w", err)
	}
	return nil
}
