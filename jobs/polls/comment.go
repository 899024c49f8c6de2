package polls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/campaigns"
	"github.com/bravorevos/workers/jobs/leads"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/store"
)

// seenPage is what a page says of where a scan stands.
type seenPage struct {
	known  bool // the whole page had been seen before this scan began
	joined bool // some of it had been seen, by whatever scan
	fresh  bool // some of it had not
	held   int  // comments that were left out, since their leads are locked
}

// storePage decides about each comment of a page that was not seen before, in one
// transaction with the counters. Where a row that it needs is locked, the page is done again
// without the comments that it is about, which the next scan finds.
func (w *pollComments) storePage(
	ctx context.Context, sj store.ScrapeJobGetForPollRow, s *scan, page unipile.CommentPage,
) (result seenPage, err error) {
	for i, c := range page.Comments {
		page.Comments[i] = storableComment(c)
	}
	scanned, triggered, err := w.writePage(ctx, sj, s, page, &result, w.decide)
	if store.IsLocked(err) {
		scanned, triggered, err = w.writePage(ctx, sj, s, page, &result, w.decideWithin(store.PatienceOf(pagePatience/2)))
	}
	if err == nil {
		w.funnel.Count(stepCommentScanned, scanned)
		w.funnel.Count(stepTriggerFound, triggered)
	}
	return result, err
}

// decider says what becomes of a comment.
type decider func(context.Context, pgx.Tx, store.ScrapeJobGetForPollRow, *scan, unipile.Comment) (verdict, error)

// pagePatience is how long a page waits for a lock before its comments are taken one by one.
const pagePatience = 5 * time.Second

func (w *pollComments) writePage(
	ctx context.Context, sj store.ScrapeJobGetForPollRow, s *scan, page unipile.CommentPage, result *seenPage, decide decider,
) (scanned, triggered int, err error) {
	err = store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		if err := messages.LockPage(ctx, tx, sj); err != nil {
			return err
		}
		seen, err := w.seen(ctx, tx, sj.ID, page.Comments)
		if err != nil {
			return err
		}
		if err := store.PatienceOf(pagePatience).Bound(ctx, tx); err != nil {
			return err
		}
		scanned, triggered = 0, 0
		*result = seenPage{known: len(page.Comments) > 0, joined: len(seen) > 0}
		for _, c := range page.Comments {
			at, ok := seen[c.ID]
			result.known = result.known && ok && at.Before(s.startedAt)
			if ok {
				continue
			}
			v, err := decide(ctx, tx, sj, s, c)
			if errors.Is(err, errHeld) {
				result.held++
				continue
			}
			if err != nil {
				return fmt.Errorf("decide about comment %s: %w", c.ID, err)
			}
			rows, err := w.CommentInsert(ctx, tx, v.row(sj.ID, c))
			if err != nil {
				return fmt.Errorf("store comment %s: %w", c.ID, err)
			}
			scanned += int(rows) // none when the page holds a comment twice
			if v.keyword != "" {
				triggered += int(rows)
			}
		}
		result.fresh = scanned > 0
		if result.held > 0 {
			if err := w.WatchedPostStartOver(ctx, tx, sj.ID); err != nil {
				return fmt.Errorf("let the scan start over: %w", err)
			}
		}
		if scanned == 0 {
			return nil
		}
		return w.ScrapeJobAddCounts(ctx, tx, store.ScrapeJobAddCountsParams{
			ID: sj.ID, Comments: int32(scanned), Triggers: int32(triggered),
		})
	})
	return scanned, triggered, err
}

// errHeld says that a comment's lead is locked by another transaction.
var errHeld = errors.New("the lead of a comment is locked by another transaction: it is read again by the next poll")

// decideWithin decides about a comment in a part of the transaction of its own, so that one
// which needs a locked row takes nothing else back.
func (w *pollComments) decideWithin(p *store.Patience) decider {
	return func(
		ctx context.Context, tx pgx.Tx, sj store.ScrapeJobGetForPollRow, s *scan, c unipile.Comment,
	) (v verdict, err error) {
		err = store.InSavepointWithin(ctx, tx, p, func(tx pgx.Tx) error {
			v, err = w.decide(ctx, tx, sj, s, c)
			return err
		})
		if store.IsLocked(err) {
			return v, errHeld
		}
		return v, err
	}
}

// verdict is what was decided about a comment.
type verdict struct {
	decision string
	keyword  string // of those that held one
	leadID   *uuid.UUID
}

func (v verdict) row(scrapeJobID uuid.UUID, c unipile.Comment) store.CommentInsertParams {
	row := store.CommentInsertParams{
		ScrapeJobID: scrapeJobID, CommentID: c.ID,
		AuthorID: store.Null(c.AuthorID), AuthorName: store.Null(c.AuthorName), AuthorUrl: store.Null(c.AuthorURL),
		Body: c.Text, Decision: v.decision, Keyword: store.Null(v.keyword), LeadID: v.leadID,
	}
	if !c.At.IsZero() {
		row.CommentedAt = &c.At
	}
	return row
}

// judge says what a comment is. It writes nothing.
func judge(
	ctx context.Context, db store.DBTX, sj store.ScrapeJobGetForPollRow, s *scan, c unipile.Comment,
) (verdict, error) {
	q := store.New()
	switch {
	case c.AuthorID == "":
		return verdict{decision: store.CommentNoAuthor}, nil
	case c.AuthorID == s.authorID || c.AuthorID == s.ownID:
		return verdict{decision: store.CommentPostAuthor}, nil
	case !unipile.IsMember(c.AuthorID):
		return verdict{decision: store.CommentCompany}, nil
	}
	keyword, ok := s.trigger.Match(c.Text)
	if !ok {
		if _, vetoed := s.trigger.Vetoed(c.Text); vetoed {
			return verdict{decision: store.CommentExcluded}, nil
		}
		return verdict{decision: store.CommentNoMatch}, nil
	}
	v := verdict{decision: store.CommentLead, keyword: keyword}
	if isBlocked(s.wording.Settings.Blocklist, c) {
		v.decision = store.CommentBlocked
		return v, nil
	}
	optedOut, err := q.LeadHasOptedOut(ctx, db, store.LeadHasOptedOutParams{
		ClientID: sj.ClientID, CampaignID: sj.CampaignID, ProviderID: c.AuthorID, Names: unipile.Names(c.AuthorID, c.AuthorURL),
	})
	if err != nil {
		return v, fmt.Errorf("look for an opt-out: %w", err)
	}
	if optedOut {
		v.decision = store.CommentOptedOut
		return v, nil
	}
	elsewhere, err := q.MessageAsksAlready(ctx, db, store.MessageAsksAlreadyParams{
		AccountID: sj.UnipileAccountID, RecipientID: c.AuthorID, CommentID: c.ID, CampaignID: sj.CampaignID,
	})
	if err != nil {
		return v, fmt.Errorf("look for another campaign's message: %w", err)
	}
	if elsewhere {
		v.decision = store.CommentOtherCampaign
	}
	return v, nil
}

// decide says what becomes of a comment and, where it triggers, makes the lead
// and queues its message.
func (w *pollComments) decide(
	ctx context.Context, tx pgx.Tx, sj store.ScrapeJobGetForPollRow, s *scan, c unipile.Comment,
) (verdict, error) {
	v, err := judge(ctx, tx, sj, s, c)
	if err != nil || v.decision != store.CommentLead {
		return v, err
	}
	leadID, contacted, made, err := w.findOrMakeLead(ctx, tx, sj, c, v.keyword)
	if err != nil {
		return v, err
	}
	v.leadID = &leadID
	if contacted {
		v.decision = store.CommentKnownPerson
	}
	if captured, err := w.captureFromComment(ctx, tx, sj, c, leadID); err != nil || captured || contacted {
		return v, err
	}
	err = w.queueFirstMessage(ctx, tx, sj, s, c, leadID, v.keyword)
	if errors.Is(err, messages.ErrOtherCampaign) {
		v.decision, v.leadID = store.CommentOtherCampaign, nil
		return v, messages.TakeBackLead(ctx, tx, leadID, made)
	}
	return v, err
}

// captureFromComment takes an address that stands in the comment itself: nobody need
// be asked for it.
func (w *pollComments) captureFromComment(
	ctx context.Context, tx pgx.Tx, sj store.ScrapeJobGetForPollRow, c unipile.Comment, leadID uuid.UUID,
) (bool, error) {
	reply := conversation.ReadReply(c.Text)
	if reply.Kind != conversation.ReplyFound {
		return false, nil
	}
	captured, err := leads.Capture(ctx, tx, leads.Origin{
		LeadID: leadID, CampaignID: sj.CampaignID, AskedBy: &sj.ID,
		AccountID: sj.UnipileAccountID, PersonID: c.AuthorID, Answer: c.ID, CommentID: &c.ID,
		Distance: store.Null(string(c.Distance)),
	}, reply.Address)
	if err == nil && captured {
		w.funnel.Count(leads.StepEmailCaptured, 1)
	}
	return captured, err
}

// isBlocked reports whether a commenter is on the campaign's blocklist.
func isBlocked(blocklist []string, c unipile.Comment) bool {
	known := unipile.Names(c.AuthorID, c.AuthorURL)
	return slices.ContainsFunc(blocklist, func(entry string) bool {
		return slices.Contains(known, strings.ToLower(unipile.Slug(entry))) || slices.Contains(known, strings.ToLower(strings.TrimSpace(entry)))
	})
}

// findOrMakeLead returns the lead that the commenter is in this campaign.
// contacted is true for one that was written to, or must not be; made, that it is new.
func (w *pollComments) findOrMakeLead(
	ctx context.Context, tx pgx.Tx, sj store.ScrapeJobGetForPollRow, c unipile.Comment, keyword string,
) (id uuid.UUID, contacted, made bool, err error) {
	lead, err := w.LeadFindPerson(ctx, tx, store.LeadFindPersonParams{
		CampaignID: &sj.CampaignID, ProviderID: c.AuthorID, Names: unipile.Names(c.AuthorID, c.AuthorURL),
	})
	if err == nil {
		if lead.ProviderID == nil {
			err = messages.Identify(ctx, tx, sj.UnipileAccountID, lead.ID, c.AuthorID)
		}
		return lead.ID, lead.Status != store.LeadCommentDetected, false, err
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return id, false, false, fmt.Errorf("find lead: %w", err)
	}
	metadata, err := json.Marshal(map[string]string{
		"comment_id": c.ID, "comment_text": c.Text, "trigger_word": keyword, "post_id": sj.UnipilePostID,
		"scrape_job_id": sj.ID.String(),
	})
	if err != nil {
		return id, false, false, fmt.Errorf("encode metadata: %w", err)
	}
	first, last := splitName(c.AuthorName)
	id, err = w.LeadInsert(ctx, tx, store.LeadInsertParams{
		CampaignID: &sj.CampaignID, ProviderID: c.AuthorID, ProfileUrl: store.Null(c.AuthorURL),
		Name: store.Null(c.AuthorName), FirstName: store.Null(first), LastName: store.Null(last),
		Title: store.Null(c.Headline), Metadata: metadata,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		// Another scrape job of the campaign made it this instant, and queued its message.
		return w.findOrMakeLead(ctx, tx, sj, c, keyword)
	}
	if err != nil {
		return id, false, false, fmt.Errorf("insert lead: %w", err)
	}
	return id, false, true, nil
}

func (w *pollComments) queueFirstMessage(
	ctx context.Context, tx pgx.Tx, sj store.ScrapeJobGetForPollRow, s *scan, c unipile.Comment, leadID uuid.UUID, keyword string,
) error {
	body, err := s.wording.FirstMessage(
		conversation.Recipient{FullName: c.AuthorName}, keyword, campaigns.Key(sj.CampaignID, c.AuthorID))
	if err != nil {
		return campaigns.Mistake(fmt.Errorf("write message: %w", err))
	}
	return messages.AnswerComment(ctx, tx, store.MessageInsertParams{
		AccountID: sj.UnipileAccountID, CampaignID: sj.CampaignID, ScrapeJobID: &sj.ID, LeadID: &leadID,
		Purpose: store.PurposeFirstDM, RecipientID: c.AuthorID, RecipientSlug: store.Null(unipile.PublicName(c.AuthorURL)), Body: body,
		PostSocialID: &s.socialID, CommentID: &c.ID, Distance: store.Null(string(c.Distance)),
	})
}

// seen returns when each known comment of a page was first seen.
func (w *pollComments) seen(
	ctx context.Context, tx pgx.Tx, scrapeJobID uuid.UUID, comments []unipile.Comment,
) (map[string]time.Time, error) {
	ids := make([]string, len(comments))
	for i, c := range comments {
		ids[i] = c.ID
	}
	rows, err := w.CommentListKnown(ctx, tx, store.CommentListKnownParams{ScrapeJobID: scrapeJobID, CommentIds: ids})
	if err != nil {
		return nil, fmt.Errorf("list known comments: %w", err)
	}
	seen := make(map[string]time.Time, len(rows))
	for _, row := range rows {
		seen[row.CommentID] = row.SeenAt
	}
	return seen, nil
}

// storableComment is a comment that Postgres takes: one that it refused would
// stop the poll at its page for ever.
func storableComment(c unipile.Comment) unipile.Comment {
	if store.Storable(c.AuthorID) != c.AuthorID {
		c.AuthorID = "" // a mended id would be somebody else's
	}
	for _, field := range []*string{&c.ID, &c.AuthorName, &c.AuthorURL, &c.Headline, &c.Text} {
		*field = store.Storable(*field)
	}
	return c
}

// splitName takes a display name apart as well as can be.
func splitName(name string) (first, last string) {
	name = strings.TrimSpace(name)
	i := strings.IndexFunc(name, unicode.IsSpace) // people paste names with other blanks too
	if i < 0 {
		return name, ""
	}
	return name[:i], strings.TrimSpace(name[i:])
}

// Steps of the funnel that are counted here.
const (
	stepCommentScanned = "comment_scanned"
	stepTriggerFound   = "trigger_found"
)

// Steps lists them.
func Steps() []string { return []string{stepCommentScanned, stepTriggerFound} }
