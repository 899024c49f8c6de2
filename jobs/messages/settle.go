package messages

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
)

// Settle is a human's word on the messages to a lead that no look can settle: that they
// went out, with all that follows, or that they are to be sent. It returns how many there
// were.
func Settle(ctx context.Context, pool *pgxpool.Pool, leadID uuid.UUID, sent bool) (settled int64, err error) {
	q := store.New()
	err = store.InTx(ctx, pool, func(tx pgx.Tx) error {
		doubtful, err := q.MessageListDoubtful(ctx, tx, &leadID)
		if err != nil {
			return fmt.Errorf("list messages in doubt: %w", err)
		}
		for _, m := range doubtful {
			set := q.MessageSettleResend
			if sent {
				set = q.MessageSettleSent
			}
			rows, err := set(ctx, tx, m.ID)
			if err != nil {
				return fmt.Errorf("settle message %d: %w", m.ID, err)
			}
			settled += rows
			if sent && rows > 0 {
				if err := afterSent(ctx, tx, m.ID, m.Purpose, m.LeadID, m.ScrapeJobID); err != nil {
					return fmt.Errorf("move lead %s on: %w", leadID, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("settle messages to lead %s: %w", leadID, err)
	}
	return settled, nil
}
