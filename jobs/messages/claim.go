package messages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SendMargin covers the difference between a worker's clock and the database's.
const SendMargin = 5 * time.Second

// busyWait is how soon to look again whether the write that is under way is over, where
// the gap between two writes is shorter.
const busyWait = 200 * time.Millisecond

// claim takes the message for this attempt. It returns nil when there is nothing
// to do now, and a *queue.NotYet when its turn is near. For a message that may be sent it
// tells until when it closed the account to other writes.
func (w *sendDM) claim(ctx context.Context, id int64) (*store.MessageLockRow, *time.Time, error) {
	var claimed *store.MessageLockRow
	var writingUntil *time.Time
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
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
			if over := m.ClaimedAt.Add(w.settings.SendTimeout + SendMargin); m.Now.Before(over) && !m.ClaimerGone {
				return &queue.NotYet{Until: over, Reason: "another attempt may be sending it"}
			}
		case store.MessageUnknown:
			if store.Value(m.Doubt) == store.DoubtOwnMessage {
				return nil // a human says what became of it
			}
			if m.NotBefore != nil && m.Now.Before(*m.NotBefore) {
				return &queue.NotYet{Until: *m.NotBefore, Reason: "the provider's reads lag behind"}
			}
		case store.MessageQueued:
			writingUntil, err = w.mayGoOut(ctx, tx, m)
			if err != nil || writingUntil == nil {
				return err
			}
			take := store.MessageClaimParams{ID: id, Claim: &claim, ClaimedBy: queue.InstanceOf(ctx)}
			if now := w.linkedin.Now(); !now.IsZero() {
				take.ProviderNow = &now
			}
			if err := w.MessageClaim(ctx, tx, take); err != nil {
				return fmt.Errorf("claim message %d: %w", id, err)
			}
			m.ClaimedAt, m.ProviderClaimedAt = &m.Now, take.ProviderNow
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
	return claimed, writingUntil, err
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
// planned, and closes the account while the write is under way. The account's row is
// locked, so that two workers count the same writes. It returns until when the account is
// closed; nil: the message may not go out now.
func (w *sendDM) mayGoOut(ctx context.Context, tx pgx.Tx, m store.MessageLockRow) (*time.Time, error) {
	if skipped, err := skipUnwanted(ctx, tx, m.ID, m.ID); err != nil || skipped > 0 {
		return nil, err
	}
	if m.Rests {
		return nil, nil // the planner gives it a job when the campaign goes on
	}
	if goes, err := isNobodyContacted(ctx, tx, m.ID); err != nil || !goes {
		return nil, err
	}
	if err := w.AccountEnsure(ctx, tx, m.AccountID); err != nil {
		return nil, fmt.Errorf("make row of account %s: %w", m.AccountID, err)
	}
	account, err := w.AccountLock(ctx, tx, m.AccountID)
	if err != nil {
		return nil, fmt.Errorf("lock account %s: %w", m.AccountID, err)
	}
	pot := store.Pot(m.Purpose)
	sit, err := accounts.ReadSituation(ctx, tx, account, w.settings.Limits, m.Now, pot, store.ActionAnswer)
	if err != nil {
		return nil, err
	}
	at, ok := sit.Next(pot, queue.Later(m.Now, store.Value(m.NotBefore)))
	if !ok {
		return nil, nil // only a human or a changed limit can say, and both wake the planner
	}
	if at.After(m.Now) {
		return nil, w.wait(m.Now, at, "the account's limits")
	}
	if busy := store.Value(account.WritingUntil); busy.After(m.Now) {
		// Mostly over long before. When its worker died, nobody else says so.
		return nil, w.wait(m.Now, queue.Earlier(busy, m.Now.Add(max(sit.Gap.Min, busyWait))), "another write of the account is under way")
	}
	if pot != store.ActionAnswer {
		if err := w.giveWay(ctx, tx, m, sit); err != nil {
			return nil, err
		}
	}
	gap := sit.Gap.After(m.ID)
	writingUntil, err := w.AccountCloseWrites(ctx, tx, store.AccountCloseWritesParams{
		ID: m.AccountID, GapSeconds: gap.Seconds(), ClosedSeconds: (w.settings.SendTimeout + gap).Seconds(),
	})
	if err != nil {
		return nil, fmt.Errorf("close account %s while it writes: %w", m.AccountID, err)
	}
	return writingUntil, nil
}

// giveWay lets an answer go first that came after this message was planned.
func (w *sendDM) giveWay(ctx context.Context, tx pgx.Tx, m store.MessageLockRow, sit accounts.Situation) error {
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
func skipUnwanted(ctx context.Context, db store.DBTX, first, last int64) (int64, error) {
	q := store.New()
	skipped, err := q.MessageSkipUnwanted(ctx, db, store.MessageSkipUnwantedParams{
		FirstID: first, LastID: last, WithEmail: store.LeadsWithEmail(),
	})
	if err != nil {
		return 0, fmt.Errorf("skip messages that nobody wants: %w", err)
	}
	return skipped, nil
}
