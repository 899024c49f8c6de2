package messages

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// moveLeadOrLater moves the lead of a sent first message on. Where somebody holds its row, or that of
// the scrape job, the message is recorded all the same and its lead follows: a message
// that went out and is not recorded would be looked up, and one day sent again.
func moveLeadOrLater(ctx context.Context, tx pgx.Tx, id int64, lead, scrapeJob *uuid.UUID) error {
	q := store.New()
	err := store.InSavepointWithin(ctx, tx, store.NewPatience(), func(tx pgx.Tx) error {
		return moveLeadOn(ctx, tx, lead, scrapeJob)
	})
	if store.IsLocked(err) {
		err = q.MessageSetLeadBehind(ctx, tx, store.MessageSetLeadBehindParams{ID: id, LeadBehind: true})
	}
	return err
}

func moveLeadOn(ctx context.Context, tx pgx.Tx, lead, scrapeJob *uuid.UUID) error {
	q := store.New()
	if lead != nil {
		move := store.LeadMoveParams{ID: *lead, FromStatus: store.LeadCommentDetected, ToStatus: store.LeadDMSent}
		if _, err := q.LeadMove(ctx, tx, move); err != nil {
			return fmt.Errorf("move lead %s: %w", *lead, err)
		}
	}
	if scrapeJob != nil {
		if err := q.ScrapeJobAddCounts(ctx, tx, store.ScrapeJobAddCountsParams{ID: *scrapeJob, Dms: 1}); err != nil {
			return fmt.Errorf("count message on scrape job %s: %w", *scrapeJob, err)
		}
	}
	return nil
}

// moveLeadsBehind moves on the leads that were locked when their message was recorded.
func moveLeadsBehind(ctx context.Context, pool *pgxpool.Pool) error {
	q := store.New()
	behind, err := q.MessageListLeadsBehind(ctx, pool, queue.SweepBatch)
	if err != nil {
		return fmt.Errorf("list leads that are behind: %w", err)
	}
	var failed error
	patience := store.NewPatience()
	for _, m := range behind {
		err := store.InTxWithin(ctx, pool, patience, func(tx pgx.Tx) error {
			if err := moveLeadOn(ctx, tx, m.LeadID, m.ScrapeJobID); err != nil {
				return err
			}
			return q.MessageSetLeadBehind(ctx, tx, store.MessageSetLeadBehindParams{ID: m.ID})
		})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("lead of message %d: %w", m.ID, err))
		}
	}
	return failed
}
