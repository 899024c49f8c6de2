package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// sendMargin covers the difference between a worker's clock and the database's.
const sendMargin = 5 * time.Second

// claim takes the message for this attempt. It returns nil when there is nothing
// to do now, and a *queue.NotYet when its turn is near.
func (w *sendDM) claim(ctx context.Context, id int64) (*store.MessageLockRow, error) {
	var claimed *store.MessageLockRow
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		m, err := w.MessageLock(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lock message %d: %w", id, err)
		}
		claim := uuid.New()
		m.Claim = &claim
		if m.AccountStopped {
			return nil // not even a look-up: the planner goes on when it is resumed
		}
		switch m.State {
		case store.MessageSending:
			// Nobody else can still be sending once the time of a send is over, or the
			// process that claimed it was found dead: its lease is over, too.
			if over := m.ClaimedAt.Add(w.settings.SendTimeout + sendMargin); m.Now.Before(over) && !m.ClaimerGone {
				return &queue.NotYet{Until: over, Reason: "another attempt may be sending it"}
			}
		case store.MessageUnknown:
			if m.NotBefore != nil && m.Now.Before(*m.NotBefore) {
				return &queue.NotYet{Until: *m.NotBefore, Reason: "the provider's reads lag behind"}
			}
		case store.MessageQueued:
			ready, err := w.mayGoOut(ctx, tx, m)
			if err != nil || !ready {
				return err
			}
			if err := w.MessageClaim(ctx, tx, store.MessageClaimParams{ID: id, Claim: &claim, ClaimedBy: queue.InstanceOf(ctx)}); err != nil {
				return fmt.Errorf("claim message %d: %w", id, err)
			}
			m.ClaimedAt = &m.Now
			claimed = &m
			return nil
		default:
			return nil // sent, failed or skipped: done
		}
		if err := w.MessageTake(ctx, tx, store.MessageTakeParams{ID: id, Claim: &claim}); err != nil {
			return fmt.Errorf("take over message %d: %w", id, err)
		}
		m.State = store.MessageUnknown
		claimed = &m
		return nil
	})
	return claimed, err
}

// wait lets the job wait for a turn that is near. Beyond the stretch that is
// planned the job ends instead: the row stays, and the planner gives it another job
// in time, or earlier when the limits change.
func (w *sendDM) wait(now, until time.Time, reason string) error {
	if until.Sub(now) > w.settings.stretch() {
		return nil
	}
	return &queue.NotYet{Until: until, Reason: reason}
}

// mayGoOut checks everything that may have changed since the message was
// planned. The account's row is locked, so that two workers count the same writes.
func (w *sendDM) mayGoOut(ctx context.Context, tx pgx.Tx, m store.MessageLockRow) (bool, error) {
	if skipped, err := w.skipUnwanted(ctx, tx, m.ID, m.ID); err != nil || skipped > 0 {
		return false, err
	}
	if m.Rests {
		return false, nil // the planner gives it a job when the campaign goes on
	}
	if goes, err := w.isNobodyContacted(ctx, tx, m.ID); err != nil || !goes {
		return false, err
	}
	if err := w.AccountEnsure(ctx, tx, m.AccountID); err != nil {
		return false, fmt.Errorf("make row of account %s: %w", m.AccountID, err)
	}
	account, err := w.AccountLock(ctx, tx, m.AccountID)
	if err != nil {
		return false, fmt.Errorf("lock account %s: %w", m.AccountID, err)
	}
	pot := store.Pot(m.Purpose)
	sit, err := readSituation(ctx, tx, w.Queries, account, w.settings.Limits, m.Now, pot, store.ActionAnswer)
	if err != nil {
		return false, err
	}
	at, ok := sit.Next(pot, later(m.Now, deref(m.NotBefore)))
	if !ok {
		return false, nil // only a human or a changed limit can say, and both wake the planner
	}
	if at.After(m.Now) {
		return false, w.wait(m.Now, at, "the account's limits")
	}
	if pot != store.ActionAnswer {
		if err := w.giveWay(ctx, tx, m, sit); err != nil {
			return false, err
		}
	}
	next := m.Now.Add(sit.Gap.After(m.ID))
	if err := w.AccountSetNextWrite(ctx, tx, store.AccountSetNextWriteParams{ID: m.AccountID, NextWriteAt: &next}); err != nil {
		return false, fmt.Errorf("set next write of account %s: %w", m.AccountID, err)
	}
	return true, nil
}

// giveWay lets an answer go first that came after this message was planned.
func (w *sendDM) giveWay(ctx context.Context, tx pgx.Tx, m store.MessageLockRow, sit situation) error {
	waits, err := w.MessageAnswerWaits(ctx, tx, store.MessageAnswerWaitsParams{
		AccountID: m.AccountID, Purposes: store.Purposes(store.ActionAnswer),
	})
	if err != nil {
		return fmt.Errorf("look for answers of account %s: %w", m.AccountID, err)
	}
	if at, ok := sit.Next(store.ActionAnswer, m.Now); !waits || !ok || at.After(m.Now) {
		return nil
	}
	return &queue.NotYet{Until: m.Now.Add(sit.Gap.Min), Reason: "an answer goes first"}
}

// skipUnwanted skips the queued messages, from one id to another, that must not go out
// any more: the lead is gone, opted out or reached in another way.
func (d database) skipUnwanted(ctx context.Context, db store.DBTX, first, last int64) (int64, error) {
	skipped, err := d.MessageSkipUnwanted(ctx, db, store.MessageSkipUnwantedParams{
		FirstID: first, LastID: last, WithEmail: store.LeadsWithEmail(),
	})
	if err != nil {
		return 0, fmt.Errorf("skip messages that nobody wants: %w", err)
	}
	return skipped, nil
}
