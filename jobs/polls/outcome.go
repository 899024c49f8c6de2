package polls

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// nextWait says when a post that was read is read again.
func (w *pollComments) nextWait(ctx context.Context, sj store.ScrapeJobGetForPollRow) (time.Duration, error) {
	post, err := w.WatchedPostGet(ctx, w.pool, sj.ID)
	if err != nil {
		return 0, fmt.Errorf("read watched post: %w", err)
	}
	budget, err := readBudget(ctx, w.pool, sj.UnipileAccountID, w.settings.ReadsPerDay)
	if err != nil {
		return 0, err
	}
	used, err := w.CommentReadSum(ctx, w.pool, sj.UnipileAccountID)
	if err != nil {
		return 0, fmt.Errorf("sum reads of account %s: %w", sj.UnipileAccountID, err)
	}
	posts, err := w.ScrapeJobCountLive(ctx, w.pool, sj.UnipileAccountID)
	if err != nil {
		return 0, fmt.Errorf("count live posts of account %s: %w", sj.UnipileAccountID, err)
	}
	published := post.FirstReadAt
	if post.PublishedAt != nil {
		published = *post.PublishedAt
	}
	now := queue.Now(ctx)
	c := cadence{
		age: now.Sub(published), quiet: now.Sub(queue.Later(published, store.Value(post.MovedAt))),
		interval: time.Duration(sj.PollIntervalMinutes) * w.settings.Unit, unit: w.settings.Unit,
		reads: int(used.Calls), budget: budget, posts: int(posts),
	}
	return c.wait(rand.Float64()), nil
}

// postpone lets the row rest until the account may read again. It is no error of the
// row; the job ends with the reason, for the log and River UI.
func (w *pollComments) postpone(ctx context.Context, id uuid.UUID, cause *readsUsedUpError) error {
	next := queue.Later(cause.until, queue.Now(ctx).Add(w.settings.FailedWait))
	if err := w.ScrapeJobPostpone(ctx, w.pool, store.ScrapeJobPostponeParams{ID: id, NextCheck: next}); err != nil {
		return fmt.Errorf("postpone scrape job %s: %w", id, err)
	}
	return &queue.Recorded{Err: fmt.Errorf("poll scrape job %s: %w", id, cause)}
}

// recordFailure writes the error to the row. A limit is no fault of the row:
// it is due when the limit is over, and its errors are not counted.
func (w *pollComments) recordFailure(ctx context.Context, sj store.ScrapeJobGetForPollRow, cause error) error {
	gone, err := w.isGone(ctx, sj, cause)
	if err != nil {
		return errors.Join(cause, err)
	}
	if gone {
		cause = fmt.Errorf("the post was not found %d times in a row and is not read any more: mend unipile_post_id or"+
			" the account, then run `enqueue scrape --status failed --id %s`: %w", unipile.MissesBelieved, sj.ID, cause)
		err = w.ScrapeJobGiveUp(ctx, w.pool, store.ScrapeJobGiveUpParams{ID: sj.ID, LastError: store.Storable(cause.Error())})
	} else {
		failure := store.ScrapeJobFailParams{
			ID: sj.ID, Errors: 1, LastError: store.Storable(cause.Error()), NextCheck: queue.Now(ctx).Add(w.settings.FailedWait),
		}
		if e := integrations.As(cause); e != nil && e.Kind == integrations.Limited {
			failure.Errors = 0
			failure.NextCheck = queue.Now(ctx).Add(e.RetryAfter)
		}
		err = w.ScrapeJobFail(ctx, w.pool, failure)
	}
	cause = fmt.Errorf("poll scrape job %s: %w", sj.ID, cause)
	if err != nil {
		return errors.Join(cause, fmt.Errorf("record failure: %w", err))
	}
	return &queue.Recorded{Err: cause}
}

// isGone counts a post that was not found, and says when that is believed.
func (w *pollComments) isGone(ctx context.Context, sj store.ScrapeJobGetForPollRow, cause error) (bool, error) {
	e := integrations.As(cause)
	if e == nil || e.Scope != integrations.ScopeTarget || (e.Type != unipile.TypeInvalidPost && e.Type != unipile.TypeResourceNotFound) {
		return false, nil
	}
	misses, err := w.WatchedPostMiss(ctx, w.pool, store.WatchedPostMissParams{ScrapeJobID: sj.ID, AskedFor: askedFor(sj)})
	if err != nil {
		return false, fmt.Errorf("count miss of scrape job %s: %w", sj.ID, err)
	}
	return misses >= unipile.MissesBelieved, nil
}

// askedFor is the post as its row names it.
func askedFor(sj store.ScrapeJobGetForPollRow) string {
	return cmp.Or(strings.TrimSpace(sj.UnipilePostID), sj.PostUrl)
}
