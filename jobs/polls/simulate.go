package polls

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/campaigns"
	"github.com/bravorevos/workers/store"
)

// PostToRead is a post as a scrape job names it, and the account that reads it.
type PostToRead struct {
	AccountID string `json:"account_id"`
	PostID    string `json:"post_id"`
}

// Simulation is what a campaign would do with the comments that stand under a post.
type Simulation struct {
	Post     PostToRead  `json:"post"`
	Comments []Simulated `json:"comments"` // newest first
	More     bool        `json:"more"`     // there are older ones, which were not read
}

// Simulated is what would become of one comment.
type Simulated struct {
	CommentID string `json:"comment_id"`
	Name      string `json:"name,omitempty"`
	URL       string `json:"url,omitempty"`
	Text      string `json:"text"`
	// Decision is one of the decisions about comments.
	Decision string `json:"decision"`
	// Why is the keyword that triggers, the word that vetoes or the near miss.
	Why  string        `json:"why,omitempty"`
	Gets []SimulatedDM `json:"gets,omitempty"` // in order; once for somebody who asks twice
}

// SimulatedDM is a text that somebody would get.
type SimulatedDM struct {
	Purpose string `json:"purpose"`
	Text    string `json:"text,omitempty"`
	When    string `json:"when,omitempty"` // empty: when its turn comes
}

// What a simulated message waits for.
const (
	whenConnected = "when they are a connection"
	whenCaptured  = "at once: the address stands in the comment"
)

// Preview answers what the owner of a campaign asks before and while it runs: who would be
// written to, and who was missed. It sends nothing.
type Preview struct {
	*store.Queries

	pool     *pgxpool.Pool
	settings Settings
}

// NewPreview returns the preview of campaigns of a database.
func NewPreview(pool *pgxpool.Pool, settings Settings) *Preview {
	return &Preview{Queries: store.New(), pool: pool, settings: settings}
}

// SimulatePosts lists the posts that a campaign watches, in whatever state.
func (c *Preview) SimulatePosts(ctx context.Context, campaignID uuid.UUID) ([]PostToRead, error) {
	ids, err := c.ScrapeJobListOfCampaign(ctx, c.pool, campaignID)
	if err != nil {
		return nil, fmt.Errorf("list posts of campaign %s: %w", campaignID, err)
	}
	var posts []PostToRead
	for _, id := range ids {
		sj, err := c.ScrapeJobGetForPoll(ctx, c.pool, id)
		if err != nil {
			return nil, fmt.Errorf("read scrape job %s: %w", id, err)
		}
		posts = append(posts, PostToRead{AccountID: sj.UnipileAccountID, PostID: askedFor(sj)})
	}
	return posts, nil
}

// Simulate reads up to limit comments of a post and says who would be written to, why,
// and what they would get. It decides by the rules that polls decide by, writes nothing
// but the count of its reads, and sends nothing.
func (c *Preview) Simulate(
	ctx context.Context, linkedin *unipile.Client, campaignID uuid.UUID, post PostToRead, limit int,
) (Simulation, error) {
	result := Simulation{Post: post}
	campaigns, err := c.CampaignListWordings(ctx, c.pool, []uuid.UUID{campaignID})
	if err != nil {
		return result, fmt.Errorf("read campaign %s: %w", campaignID, err)
	}
	if len(campaigns) == 0 {
		return result, fmt.Errorf("campaign %s does not exist", campaignID)
	}
	wording, problems := conversation.ReadWording(campaigns[0].Settings, campaigns[0].DmTemplate, campaigns[0].TriggerWords)
	if len(problems) > 0 {
		return result, fmt.Errorf("%s: %s; `worker campaigns check` lists all that is wrong", problems[0].Path, problems[0].Message)
	}
	s := &scan{wording: wording}
	if s.trigger, err = wording.Trigger(); err != nil {
		return result, fmt.Errorf("trigger_word: %w", err)
	}
	comments, err := c.readComments(ctx, linkedin, post, s, limit)
	if err != nil {
		return result, err
	}
	result.More, comments = len(comments) > limit, comments[:min(limit, len(comments))]
	sj := store.ScrapeJobGetForPollRow{
		CampaignID: campaignID, ClientID: campaigns[0].ClientID, UnipileAccountID: post.AccountID,
	}
	people := map[string]bool{}
	for _, comment := range comments {
		simulated, err := c.simulate(ctx, sj, s, people, storableComment(comment))
		if err != nil {
			return result, err
		}
		result.Comments = append(result.Comments, simulated)
	}
	return result, nil
}

// readComments reads pages until there are more comments than limit, or no more.
func (c *Preview) readComments(
	ctx context.Context, linkedin *unipile.Client, post PostToRead, s *scan, limit int,
) ([]unipile.Comment, error) {
	account, err := linkedin.Account(ctx, post.AccountID)
	if err != nil {
		return nil, fmt.Errorf("read account: %w", err)
	}
	found, err := linkedin.Post(ctx, post.AccountID, post.PostID)
	if err != nil {
		return nil, fmt.Errorf("find post: %w", err)
	}
	s.ownID, s.authorID, s.socialID = account.OwnID, found.AuthorID, found.SocialID
	var comments []unipile.Comment
	known := map[string]bool{}
	walk := unipile.NewWalk("list comments", post.AccountID, "")
	for cursor := ""; ; {
		if err := takeRead(ctx, c.pool, post.AccountID, c.settings.ReadsPerDay, cursor == ""); errors.Is(err, errScanRests) {
			return comments, nil
		} else if err != nil {
			return nil, err
		}
		page, err := linkedin.Comments(ctx, post.AccountID, s.socialID, cursor)
		if err != nil {
			return nil, fmt.Errorf("read comments: %w", err)
		}
		for _, comment := range page.Comments {
			if !known[comment.ID] { // pages shift while comments arrive
				known[comment.ID] = true
				comments = append(comments, comment)
			}
		}
		if len(comments) > limit {
			return comments, nil
		}
		if cursor, err = walk.Next(page); err != nil {
			return nil, fmt.Errorf("read comments: %w", err)
		}
		if cursor == "" {
			return comments, nil
		}
	}
}

func (c *Preview) simulate(
	ctx context.Context, sj store.ScrapeJobGetForPollRow, s *scan, people map[string]bool, comment unipile.Comment,
) (Simulated, error) {
	result := Simulated{CommentID: comment.ID, Name: comment.AuthorName, URL: comment.AuthorURL, Text: comment.Text}
	v, err := judge(ctx, c.pool, sj, s, comment)
	if err != nil {
		return result, fmt.Errorf("judge comment %s: %w", comment.ID, err)
	}
	result.Decision, result.Why = v.decision, v.keyword
	switch v.decision {
	case store.CommentExcluded:
		result.Why, _ = s.trigger.Vetoed(comment.Text)
	case store.CommentNoMatch:
		result.Why, _ = s.trigger.NearMiss(comment.Text)
	case store.CommentLead:
		known, err := c.isContacted(ctx, sj, comment)
		if err != nil {
			return result, err
		}
		if known {
			result.Decision = store.CommentKnownPerson
			return result, nil
		}
		if people[comment.AuthorID] {
			return result, nil // their other comment brings it
		}
		people[comment.AuthorID] = true
		result.Gets, err = s.wouldGet(sj, comment, v.keyword)
		return result, err
	}
	return result, nil
}

func (c *Preview) isContacted(ctx context.Context, sj store.ScrapeJobGetForPollRow, comment unipile.Comment) (bool, error) {
	lead, err := c.LeadFindPerson(ctx, c.pool, store.LeadFindPersonParams{
		CampaignID: &sj.CampaignID, ProviderID: comment.AuthorID, Names: unipile.Names(comment.AuthorID, comment.AuthorURL),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find lead: %w", err)
	}
	return lead.Status != store.LeadCommentDetected, nil
}

// wouldGet lists the texts for somebody who asks, by what is known of them now.
func (s *scan) wouldGet(sj store.ScrapeJobGetForPollRow, c unipile.Comment, keyword string) ([]SimulatedDM, error) {
	if conversation.ReadReply(c.Text).Kind == conversation.ReplyFound {
		return []SimulatedDM{{Purpose: "lead", When: whenCaptured}}, nil
	}
	to, key := conversation.Recipient{FullName: c.AuthorName}, campaigns.Key(sj.CampaignID, c.AuthorID)
	var gets []SimulatedDM
	var failed error
	add := func(purpose, when string) func(text string, err error) {
		return func(text string, err error) {
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("word %s: %w", purpose, err))
			}
			gets = append(gets, SimulatedDM{Purpose: purpose, Text: text, When: when})
		}
	}
	when := ""
	if isStranger(c.Distance) {
		when = whenConnected
		if s.wording.RepliesInPublic() {
			add(store.PurposePublicReply, "")(s.wording.PublicReply(to, key))
		}
		if s.wording.Invites() {
			add(store.PurposeInvitation, "")(s.wording.InvitationNote(to, keyword, key))
		}
	}
	add(store.PurposeFirstDM, when)(s.wording.FirstMessage(to, keyword, key))
	return gets, failed
}

// isStranger reports whether somebody is known to be no connection.
func isStranger(d unipile.Distance) bool {
	return d == unipile.Second || d == unipile.Third || d == unipile.OutOfNetwork
}
