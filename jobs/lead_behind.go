package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/store"
)

// moveLeadOrLater moves the lead of a sent first message on. Where somebody holds its row, or that of
// the scrape job, the message is recorded all the same and its lead follows: a message
// that went out and is not recorded would be looked up, and one day sent again.
func (d database) moveLeadOrLater(ctx context.Context, tx pgx.Tx, id int64, lead, scrapeJob *uuid.UUID) error {
	err := d.inSavepointWithin(ctx, tx, newPatience(), func(tx pgx.Tx) error {
		return d.moveLeadOn(ctx, tx, lead, scrapeJob)
	})
	if isLocked(err) {
		err = d.MessageSetLeadBehind(ctx, tx, store.MessageSetLeadBehindParams{ID: id, LeadBehind: true})
	}
	return err
}

func (d database) moveLeadOn(ctx context.Context, tx pgx.Tx, lead, scrapeJob *uuid.UUID) error {
	if lead != nil {
		move := store.LeadMoveParams{ID: *lead, FromStatus: store.LeadCommentDetected, ToStatus: store.LeadDMSent}
		if _, err := d.LeadMove(ctx, tx, move); err != nil {
			return fmt.Errorf("move lead %s: %w", *lead, err)
		}
	}
	if scrapeJob != nil {
		if err := d.ScrapeJobAddCounts(ctx, tx, store.ScrapeJobAddCountsParams{ID: *scrapeJob, Dms: 1}); err != nil {
			return fmt.Errorf("count message on scrape job %s: %w", *scrapeJob, err)
		}
	}
	return nil
}

// moveLeadsBehind moves on the leads that were locked when their message was recorded.
func (d database) moveLeadsBehind(ctx context.Context) error {
	behind, err := d.MessageListLeadsBehind(ctx, d.Pool, sweepBatch)
	if err != nil {
		return fmt.Errorf("list leads that are behind: %w", err)
	}
	var failed error
	patience := newPatience()
	for _, m := range behind {
		err := d.inTxWithin(ctx, patience, func(tx pgx.Tx) error {
			if err := d.moveLeadOn(ctx, tx, m.LeadID, m.ScrapeJobID); err != nil {
				return err
			}
			return d.MessageSetLeadBehind(ctx, tx, store.MessageSetLeadBehindParams{ID: m.ID})
		})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("lead of message %d: %w", m.ID, err))
		}
	}
	return failed
}
