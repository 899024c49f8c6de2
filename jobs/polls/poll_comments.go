// Package polls reads the comments of watched posts, judges each of them, and says when a
// post is read again. It queues messages and captures addresses; it sends nothing.
package polls

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/campaigns"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// PollCommentsArgs reads the comments of one post and makes leads of them. The
// sweep enqueues it when the scrape job is due. Repeating it is safe: comments,
// leads and messages have unique keys, and the row is locked while a page is
// written.
type PollCommentsArgs struct {
	ScrapeJobID uuid.UUID `json:"scrape_job_id"`
}

// Kind names the job.
func (PollCommentsArgs) Kind() string { return "poll_comments" }

// InsertOpts makes one job a scrape job. Vendor failures are written to the row,
// which is then due again; only failures of our database are tried by River.
func (PollCommentsArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Polls, 3) }

// commentReader is what Unipile must offer to read a post.
type commentReader interface {
	Account(ctx context.Context, accountID string) (unipile.Account, error)
	Post(ctx context.Context, accountID, postID string) (unipile.Post, error)
	Comments(ctx context.Context, accountID, socialID, cursor string) (unipile.CommentPage, error)
}

// Settings is how posts are read.
type Settings struct {
	// Unit is how long one of poll_interval_minutes lasts: a minute.
	Unit time.Duration
	// ReadsPerDay is how often an account may read comments in a day, unless its row
	// says otherwise.
	ReadsPerDay int
	// FailedWait is when a poll that failed is tried again.
	FailedWait time.Duration
}

// Deps is what polls work with.
type Deps struct {
	Pool     *pgxpool.Pool
	LinkedIn *unipile.Client
	Funnel   *queue.Funnel
	Settings Settings
}

// NewPollComments returns the worker of [PollCommentsArgs].
func NewPollComments(d Deps) river.Worker[PollCommentsArgs] {
	return &pollComments{Queries: store.New(), pool: d.Pool, linkedin: d.LinkedIn, funnel: d.Funnel, settings: d.Settings}
}

type pollComments struct {
	river.WorkerDefaults[PollCommentsArgs]
	*store.Queries

	pool *pgxpool.Pool

	linkedin commentReader
	funnel   *queue.Funnel
	settings Settings
}

// Timeout bounds one poll; a longer scan goes on where it stopped.
func (w *pollComments) Timeout(*river.Job[PollCommentsArgs]) time.Duration {
	return queue.MaxJobTimeout
}

// pageReserve is the time that reading one more page may take: the client's
// timeout and our transaction.
const pageReserve = 25 * time.Second

// Work polls the post and writes the result to the row: when it is due again, and
// the error where there was one.
func (w *pollComments) Work(ctx context.Context, job *river.Job[PollCommentsArgs]) error {
	sj, err := w.ScrapeJobGetForPoll(ctx, w.pool, job.Args.ScrapeJobID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted by its producer
	}
	if err != nil {
		return fmt.Errorf("read scrape job %s: %w", job.Args.ScrapeJobID, err)
	}
	if sj.CampaignRests || sj.AccountPaused || (sj.Status != "scheduled" && sj.Status != "running") {
		return nil
	}
	if err := w.ScrapeJobStart(ctx, w.pool, sj.ID); err != nil {
		return fmt.Errorf("start scrape job %s: %w", sj.ID, err)
	}
	complete, err := w.poll(ctx, sj)
	if err != nil && ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return err // the worker stops: the next one polls
	}
	if err != nil && !isFaultOfRow(err) {
		return err // our database, say: River tries again
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if usedUp, ok := errors.AsType[*readsUsedUpError](err); ok {
		return w.postpone(ctx, sj.ID, usedUp)
	}
	rests, held := errors.Is(err, errScanRests), errors.Is(err, errHeld)
	if err != nil && !rests && !held {
		return w.recordFailure(ctx, sj, err)
	}
	next := queue.Now(ctx)
	if complete || rests {
		wait, err := w.nextWait(ctx, sj)
		if err != nil {
			return err
		}
		if held {
			wait = min(wait, w.settings.FailedWait)
		}
		next = next.Add(wait)
	}
	if err := w.ScrapeJobSucceed(ctx, w.pool, store.ScrapeJobSucceedParams{ID: sj.ID, NextCheck: next}); err != nil {
		return fmt.Errorf("record poll of scrape job %s: %w", sj.ID, err)
	}
	if held {
		return &queue.Recorded{Err: fmt.Errorf("poll scrape job %s: %w", sj.ID, err)}
	}
	if !complete && !rests {
		return &queue.NotYet{Until: next, Reason: "more pages to read"}
	}
	return nil
}

// poll reads pages until one holds only comments that were known before the scan
// began. It returns false when the time was over before that; the scan is then
// continued, because a fresh one would stop at the pages read just now.
func (w *pollComments) poll(ctx context.Context, sj store.ScrapeJobGetForPollRow) (complete bool, err error) {
	scan, err := w.prepare(ctx, sj)
	if err != nil {
		return false, err
	}
	first := true
	if scan.cursor != "" {
		if first, err = w.readHead(ctx, sj, scan); err != nil {
			return false, err
		}
	}
	walk := unipile.NewWalk("list comments", sj.UnipileAccountID, scan.cursor)
	for ; ; first = false {
		page, seen, err := w.readPage(ctx, sj, scan, scan.cursor, first)
		if err != nil {
			return false, err
		}
		if page.Next == "" || seen.known {
			if err := w.WatchedPostEndScan(ctx, w.pool, sj.ID); err != nil {
				return false, fmt.Errorf("end scan: %w", err)
			}
			if scan.held {
				return true, errHeld
			}
			return true, nil
		}
		if scan.cursor, err = walk.Next(page); err != nil {
			// The same scan starts over, for what lies behind may be there then.
			return false, errors.Join(fmt.Errorf("read comments: %w", err), w.saveScan(ctx, sj.ID, "", &scan.startedAt))
		}
		if err := w.saveScan(ctx, sj.ID, scan.cursor, &scan.startedAt); err != nil {
			return false, err
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pageReserve {
			return false, nil
		}
	}
}

// readHead reads the newest page before a long scan goes on, every other time: who
// comments meanwhile must not wait for its end. It reports whether the scan's next page
// is the first of this poll.
func (w *pollComments) readHead(ctx context.Context, sj store.ScrapeJobGetForPollRow, scan *scan) (first bool, err error) {
	turn, err := w.WatchedPostTakeHead(ctx, w.pool, sj.ID)
	if err != nil {
		return false, fmt.Errorf("take turn of the newest page: %w", err)
	}
	if !turn {
		return true, nil
	}
	page, seen, err := w.readPage(ctx, sj, scan, "", true)
	if err != nil {
		return false, err
	}
	if !seen.joined && page.Next != "" {
		// More came than a page holds: the scan goes on right below it, or would miss the rest.
		scan.cursor = page.Next
		return false, w.saveScan(ctx, sj.ID, scan.cursor, &scan.startedAt)
	}
	return false, nil
}

// readPage reads one page of comments and decides about them.
func (w *pollComments) readPage(
	ctx context.Context, sj store.ScrapeJobGetForPollRow, scan *scan, cursor string, first bool,
) (page unipile.CommentPage, seen seenPage, err error) {
	if err := takeRead(ctx, w.pool, sj.UnipileAccountID, w.settings.ReadsPerDay, first); err != nil {
		return page, seen, err
	}
	page, err = w.linkedin.Comments(ctx, sj.UnipileAccountID, scan.socialID, cursor)
	if err != nil {
		if e := integrations.As(err); e != nil && e.Kind == integrations.Rejected && cursor != "" {
			// The place to go on at is no longer known there: the same scan starts over.
			err = errors.Join(err, w.saveScan(context.WithoutCancel(ctx), sj.ID, "", &scan.startedAt))
		}
		return page, seen, fmt.Errorf("read comments: %w", err)
	}
	if seen, err = w.storePage(ctx, sj, scan, page); err != nil {
		return page, seen, err
	}
	scan.held = scan.held || seen.held > 0
	read := store.WatchedPostReadParams{ScrapeJobID: sj.ID, Moved: seen.fresh}
	if err := w.WatchedPostRead(ctx, w.pool, read); err != nil {
		return page, seen, fmt.Errorf("note that the post was read: %w", err)
	}
	return page, seen, nil
}

// scan is one walk from the newest comment to the known ones.
type scan struct {
	trigger   *conversation.Trigger
	wording   conversation.Wording
	socialID  string
	authorID  string // of the post
	ownID     string // of the account
	cursor    string
	held      bool      // some comment was left out
	startedAt time.Time // by the database's clock, like the times it is compared with
}

// prepare checks what the poll needs before it costs a call, and finds the post.
func (w *pollComments) prepare(ctx context.Context, sj store.ScrapeJobGetForPollRow) (*scan, error) {
	keywords := conversation.SplitKeywords(sj.TriggerWords)
	if len(keywords) == 0 {
		return nil, campaigns.Mistake(errors.New("trigger_word is empty: set it on the scrape job or its campaign"))
	}
	wording, problems := conversation.ReadWording(sj.Settings, sj.DmTemplate, sj.TriggerWords)
	if len(problems) > 0 {
		return nil, campaigns.Mistake(fmt.Errorf("%s: %s", problems[0].Path, problems[0].Message))
	}
	trigger, err := wording.Trigger()
	if err != nil {
		return nil, campaigns.Mistake(fmt.Errorf("trigger_word: %w", err))
	}
	s := &scan{trigger: trigger, wording: wording, startedAt: sj.Now}
	if s.ownID, err = accounts.OwnID(ctx, w.pool, w.linkedin, sj.UnipileAccountID); err != nil {
		return nil, err
	}
	askFor := askedFor(sj)
	post, err := w.WatchedPostGet(ctx, w.pool, sj.ID)
	switch {
	case errors.Is(err, pgx.ErrNoRows) || (err == nil && (post.AskedFor != askFor || post.SocialID == "")):
		if err := w.findPost(ctx, sj, askFor, s); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, fmt.Errorf("read watched post: %w", err)
	default:
		s.socialID, s.authorID = post.SocialID, store.Value(post.AuthorID)
		if post.ScanStartedAt != nil {
			s.cursor, s.startedAt = store.Value(post.ScanCursor), *post.ScanStartedAt
			return s, nil
		}
	}
	// Before the first page is stored: should the scan break off after it, the next
	// one must not take that page for the end.
	return s, w.saveScan(ctx, sj.ID, "", &s.startedAt)
}

// isFaultOfRow tells what belongs on the row from faults of our own, which its
// owner could not mend and should not read.
func isFaultOfRow(err error) bool {
	_, usedUp := errors.AsType[*readsUsedUpError](err)
	return campaigns.IsMistake(err) || usedUp || errors.Is(err, errScanRests) || errors.Is(err, errHeld) || integrations.As(err) != nil
}

// findPost asks for the post's social id, the only one that comments are listed by.
func (w *pollComments) findPost(ctx context.Context, sj store.ScrapeJobGetForPollRow, askFor string, s *scan) error {
	post, err := w.linkedin.Post(ctx, sj.UnipileAccountID, askFor)
	if err != nil {
		return fmt.Errorf("find post: %w", err)
	}
	s.socialID, s.authorID = post.SocialID, post.AuthorID
	err = w.WatchedPostUpsert(ctx, w.pool, store.WatchedPostUpsertParams{
		ScrapeJobID: sj.ID, AskedFor: askFor, SocialID: post.SocialID, AuthorID: store.Null(post.AuthorID),
		PublishedAt: store.NullTime(post.PublishedAt),
	})
	if err != nil {
		return fmt.Errorf("store watched post: %w", err)
	}
	return nil
}

func (w *pollComments) saveScan(ctx context.Context, id uuid.UUID, cursor string, startedAt *time.Time) error {
	err := w.WatchedPostSetScan(ctx, w.pool, store.WatchedPostSetScanParams{
		ScrapeJobID: id, ScanCursor: store.Null(cursor), ScanStartedAt: startedAt,
	})
	if err != nil {
		return fmt.Errorf("save place of scan: %w", err)
	}
	return nil
}
