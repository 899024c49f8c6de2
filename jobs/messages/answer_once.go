package messages

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/store"
)

// An account answers a comment with one first message, whichever campaigns wait for it.
// Pages of comments are decided one after another where they could meet, and the database
// refuses a second message for a comment all the same. docs/decisions/0018 has the rule.

// LockPage lets one page at a time be decided of those that may touch the same rows: of the
// campaign, of the account, and of the scrape job, whose poll may still run after a rescue.
// They are taken in this order everywhere, so that nobody waits in a circle; pages of one
// campaign or account may hold the same people in any order.
func LockPage(ctx context.Context, tx pgx.Tx, sj store.ScrapeJobGetForPollRow) error {
	q := store.New()
	names := []string{"campaign " + sj.CampaignID.String(), "account " + sj.UnipileAccountID, sj.ID.String()}
	if err := q.PageLock(ctx, tx, names); err != nil {
		return fmt.Errorf("lock page of scrape job %s: %w", sj.ID, err)
	}
	return nil
}

// ErrOtherCampaign says that another campaign's message answers the comment.
var ErrOtherCampaign = errors.New("another campaign answers this comment")

// AnswerComment queues the first message for a comment. It returns errOtherCampaign where
// the database refuses that, which is met only by what was written without the lock.
func AnswerComment(ctx context.Context, tx pgx.Tx, m store.MessageInsertParams) error {
	q := store.New()
	_, err := q.MessageInsert(ctx, tx, m)
	if !errors.Is(err, pgx.ErrNoRows) {
		return queueError(m.Purpose, err)
	}
	same := store.MessageIsThereParams{CampaignID: m.CampaignID, RecipientID: m.RecipientID}
	there, err := q.MessageIsThere(ctx, tx, same)
	if err != nil {
		return fmt.Errorf("look for the first message: %w", err)
	}
	if there {
		return nil // queued before, for another comment perhaps
	}
	gave, err := q.MessageGiveWay(ctx, tx, store.MessageGiveWayParams{
		AccountID: m.AccountID, RecipientID: m.RecipientID, CommentID: store.Value(m.CommentID), CampaignID: m.CampaignID,
	})
	if err != nil {
		return fmt.Errorf("let a campaign that is over give way: %w", err)
	}
	if gave == 0 {
		return ErrOtherCampaign
	}
	_, err = q.MessageInsert(ctx, tx, m)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrOtherCampaign
	}
	return queueError(m.Purpose, err)
}

func queueError(purpose string, err error) error {
	if err != nil {
		return fmt.Errorf("queue %s: %w", purpose, err)
	}
	return nil
}

// TakeBackLead removes a lead that was made a moment ago for a comment that another
// campaign answers: it would wait for a message that never comes.
func TakeBackLead(ctx context.Context, tx pgx.Tx, id uuid.UUID, made bool) error {
	q := store.New()
	if !made {
		return nil
	}
	if err := q.LeadDelete(ctx, tx, id); err != nil {
		return fmt.Errorf("take back lead %s: %w", id, err)
	}
	return nil
}
