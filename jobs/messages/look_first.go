package messages

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/store"
)

const (
	// firstLookBack is how old a message with our words may be that a first look takes
	// for the one to be sent: a database is set back by seconds, or by the age of a backup.
	firstLookBack = 7 * 24 * time.Hour
	// firstLookOthers is how long before a first message anything that the account wrote
	// to that person leaves it open whether it was that.
	firstLookOthers = 24 * time.Hour
)

// ownMessageAdvice is what support reads of a message that waits for a human.
const ownMessageAdvice = "the account wrote something else there meanwhile; read the chat, then `worker leads settle`"

// lookFirst looks, where that is switched on, whether a message that was never tried
// stands in the chat already: a database that was set back has forgotten what it sent. It
// reports whether there is nothing left to send.
func (w *sendDM) lookFirst(ctx context.Context, id int64) (settled bool, err error) {
	rows, err := w.MessageGetForLook(ctx, w.pool, store.MessageGetForLookParams{ID: id, Always: w.settings.LookFirst})
	if err != nil {
		return false, fmt.Errorf("read message %d: %w", id, err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	m := rows[0]
	s := sought{
		id: m.ID, accountID: m.AccountID, recipientID: m.RecipientID, chatID: m.ChatID,
		postSocialID: m.PostSocialID, commentID: m.CommentID, purpose: m.Purpose, body: m.Body,
		from: m.Now.Add(-firstLookBack),
	}
	if m.Purpose == store.PurposeFirstDM {
		// Messages after the first stand among others of ours.
		s.others = func(context.Context) (time.Time, bool, error) {
			now := w.linkedin.Now()
			return now.Add(-firstLookOthers), !now.IsZero(), nil
		}
	}
	found, err := w.look(ctx, s)
	switch {
	case err != nil:
		// Not to know must not mean to send, or the switch would be off when it matters.
		return true, w.recordNoSight(ctx, id, m.Now.Sub(m.CreatedAt), fmt.Errorf("look first for message %d: %w", id, err))
	case found.message != nil:
		return true, w.recordFound(ctx, id, *found.message)
	case found.other:
		_, err := w.MessageDoubt(ctx, w.pool, store.MessageDoubtParams{
			ID: id, WrittenAt: store.NullTime(found.otherAt), ErrorType: store.OwnMessageUnknown, ErrorDetail: ownMessageAdvice,
		})
		if err != nil {
			return true, fmt.Errorf("put message %d in doubt: %w", id, err)
		}
		return true, nil
	default:
		return false, nil
	}
}

// recordFound closes a message that stands in the chat, with what follows from it.
func (w *sendDM) recordFound(ctx context.Context, id int64, found unipile.Message) error {
	err := store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		m, err := w.MessageLock(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		rows, err := w.MessageRecordFound(ctx, tx, store.MessageRecordFoundParams{
			ID: id, SentAt: store.NullTime(found.At), ChatID: found.ChatID, ProviderMessageID: found.ID,
		})
		if err != nil || rows == 0 {
			return err // zero rows: another attempt has it
		}
		return afterSent(ctx, tx, m.ID, m.Purpose, m.LeadID, m.ScrapeJobID)
	})
	if err != nil {
		return fmt.Errorf("record message %d as found: %w", id, err)
	}
	return nil
}
