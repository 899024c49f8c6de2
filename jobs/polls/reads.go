package polls

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
)

// readBudget is how often an account may read comments in a day: its own figure, else
// usual.
func readBudget(ctx context.Context, db store.DBTX, accountID string, usual int) (int, error) {
	q := store.New()
	account, err := q.AccountGet(ctx, db, accountID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("read account: %w", err)
	}
	return store.ValueOr(account.CommentReadsPerDay, usual), nil
}

// readsUsedUpError says that the account has read as often as it may in a day.
type readsUsedUpError struct {
	account string
	budget  int
	until   time.Time
}

// Error says what an operator may change.
func (e *readsUsedUpError) Error() string {
	return fmt.Sprintf("account %s has used its %d reads of comments a day; it goes on at %s"+
		" (COMMENT_READS_PER_DAY, or comment_reads_per_day of its row in workers.accounts)",
		e.account, e.budget, e.until.UTC().Format(time.RFC3339))
}

// errScanRests ends a poll whose next page is for the next one.
var errScanRests = errors.New("a long scan leaves reads to the account's other posts")

// takeRead counts a read before it is made. Half of the day's reads are kept for the
// first pages: one long scan must not keep the other posts from being read.
func takeRead(ctx context.Context, pool *pgxpool.Pool, accountID string, usual int, first bool) error {
	q := store.New()
	return store.InTx(ctx, pool, func(tx pgx.Tx) error {
		if err := q.CommentReadLock(ctx, tx, accountID); err != nil {
			return fmt.Errorf("lock reads of account %s: %w", accountID, err)
		}
		budget, err := readBudget(ctx, tx, accountID, usual)
		if err != nil {
			return err
		}
		used, err := q.CommentReadSum(ctx, tx, accountID)
		if err != nil {
			return fmt.Errorf("sum reads of account %s: %w", accountID, err)
		}
		if int(used.Calls) >= budget {
			return &readsUsedUpError{account: accountID, budget: budget, until: used.Oldest.Add(day + time.Hour)}
		}
		if !first && 2*int(used.Calls) >= budget {
			return errScanRests
		}
		if err := q.CommentReadAdd(ctx, tx, accountID); err != nil {
			return fmt.Errorf("count read of account %s: %w", accountID, err)
		}
		return nil
	})
}
