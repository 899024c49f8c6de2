package messages

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
)

// UsualProfileReads is how often an account should look people up in a day:
// https://developer.unipile.com/docs/provider-limits-and-restrictions
const UsualProfileReads = 100

// ProfilesUsedUpError says that the account has looked up as many people as it may in a day.
type ProfilesUsedUpError struct {
	account string
	budget  int
	wait    time.Duration
}

// Error says what is waited for.
func (e *ProfilesUsedUpError) Error() string {
	return fmt.Sprintf("account %s has used its %d reads of profiles a day; it goes on in %s",
		e.account, e.budget, e.wait.Round(time.Minute))
}

// TakeProfileRead counts a read of a profile before it is made. Below the whole day's
// budget it leaves the rest to others.
func TakeProfileRead(ctx context.Context, pool *pgxpool.Pool, accountID string, budget int) error {
	q := store.New()
	return store.InTx(ctx, pool, func(tx pgx.Tx) error {
		if err := q.ProfileReadLock(ctx, tx, accountID); err != nil {
			return fmt.Errorf("lock profile reads of account %s: %w", accountID, err)
		}
		used, err := q.ProfileReadSum(ctx, tx, accountID)
		if err != nil {
			return fmt.Errorf("sum profile reads of account %s: %w", accountID, err)
		}
		if int(used.Calls) >= budget {
			wait := time.Duration(used.WaitSeconds * float64(time.Second))
			return &ProfilesUsedUpError{account: accountID, budget: budget, wait: wait}
		}
		if err := q.ProfileReadAdd(ctx, tx, accountID); err != nil {
			return fmt.Errorf("count profile read of account %s: %w", accountID, err)
		}
		return nil
	})
}
