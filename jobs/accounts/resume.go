package accounts

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
)

// Resumed is what the end of an account's pauses set going.
type Resumed struct {
	Pauses int64 // that were lifted
	Looks  int64 // that waited for a time: into the inbox, at new connections, at one answer
}

// Resume lifts the pauses of an account, or that of one action alone, and lets go on at once
// what waited beside them. Where nothing was paused or waits, it changes nothing.
func Resume(ctx context.Context, pool *pgxpool.Pool, accountID, action string) (Resumed, error) {
	q := store.New()
	var done Resumed
	err := store.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
		if done.Pauses, err = q.PauseLift(ctx, tx, store.PauseLiftParams{AccountID: accountID, Action: action}); err != nil {
			return fmt.Errorf("lift pauses: %w", err)
		}
		if done.Pauses > 0 {
			if err := q.ScrapeJobHasten(ctx, tx, accountID); err != nil {
				return fmt.Errorf("hasten posts: %w", err)
			}
		}
		if action != "" && action != store.ActionEverything {
			return nil
		}
		done.Looks, err = listenNow(ctx, tx, accountID)
		return err
	})
	if err != nil {
		return Resumed{}, fmt.Errorf("resume account %s: %w", accountID, err)
	}
	return done, nil
}

// listenNow brings forward what listens for an account: a limit of its inbox, say, lets the
// next look wait for an hour.
func listenNow(ctx context.Context, db store.DBTX, accountID string) (int64, error) {
	q := store.New()
	looks, err := q.JobHastenInbox(ctx, db, accountID)
	if err != nil {
		return 0, fmt.Errorf("hasten looks into the inbox: %w", err)
	}
	return looks, nil
}
