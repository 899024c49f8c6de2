package polls

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/jobs/campaigns"
	"github.com/bravorevos/workers/store"
)

// Miss is a group of comments that did not trigger.
type Miss struct {
	// Word is what they say in place of a trigger word; empty: nothing near one.
	Word string `json:"word,omitempty"`
	// Exclude is the word of the campaign's exclude list that kept them from triggering.
	Exclude  string          `json:"exclude,omitempty"`
	People   int             `json:"people"`
	Comments []MissedComment `json:"comments"` // newest first
}

// MissedComment is one of them.
type MissedComment struct {
	CommentID string    `json:"comment_id"`
	Name      string    `json:"name,omitempty"`
	URL       string    `json:"url,omitempty"`
	Text      string    `json:"text"`
	Seen      time.Time `json:"seen_at"`
}

// mostMissed comments are looked at: more would not be read by anybody.
const mostMissed = 20_000

// Misses lists the comments of a campaign that did not trigger, in groups: near misses
// first, then what exclude words kept away, then the rest. Comments that are older than
// their retention are forgotten.
func (c *Preview) Misses(ctx context.Context, campaignID uuid.UUID) ([]Miss, error) {
	posts, err := c.ScrapeJobListOfCampaign(ctx, c.pool, campaignID)
	if err != nil {
		return nil, fmt.Errorf("list posts of campaign %s: %w", campaignID, err)
	}
	triggers := map[uuid.UUID]*conversation.Trigger{}
	for _, id := range posts {
		sj, err := c.ScrapeJobGetForPoll(ctx, c.pool, id)
		if err != nil {
			return nil, fmt.Errorf("read scrape job %s: %w", id, err)
		}
		wording, err := campaigns.Wording(sj.Settings, sj.DmTemplate, sj.TriggerWords)
		if err == nil {
			triggers[id], err = wording.Trigger()
		}
		if err != nil {
			return nil, fmt.Errorf("scrape job %s: %w", id, err)
		}
	}
	comments, err := c.CommentListMissed(ctx, c.pool, store.CommentListMissedParams{CampaignID: campaignID, MaxRows: mostMissed})
	if err != nil {
		return nil, fmt.Errorf("list missed comments of campaign %s: %w", campaignID, err)
	}
	return group(comments, triggers), nil
}

func group(comments []store.CommentListMissedRow, triggers map[uuid.UUID]*conversation.Trigger) []Miss {
	var misses []Miss
	people := map[string]bool{}
	groups := map[[2]string]int{} // where each is: strangers' words may make as many as there are comments
	for _, c := range comments {
		var m Miss
		if exclude, vetoed := triggers[c.ScrapeJobID].Vetoed(c.Body); vetoed {
			m.Exclude = exclude
		} else if word, near := triggers[c.ScrapeJobID].NearMiss(c.Body); near {
			m.Word = word
		}
		at, known := groups[[2]string{m.Word, m.Exclude}]
		if !known {
			at, misses = len(misses), append(misses, m)
			groups[[2]string{m.Word, m.Exclude}] = at
		}
		group := &misses[at]
		if key := fmt.Sprint(at, " ", cmp.Or(c.AuthorID, c.CommentID)); !people[key] {
			people[key] = true
			group.People++
		}
		group.Comments = append(group.Comments, MissedComment{
			CommentID: c.CommentID, Name: c.AuthorName, URL: c.AuthorUrl, Text: c.Body, Seen: c.SeenAt,
		})
	}
	kind := func(m Miss) int {
		switch {
		case m.Word != "":
			return 0
		case m.Exclude != "":
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(misses, func(a, b Miss) int {
		return cmp.Or(cmp.Compare(kind(a), kind(b)), cmp.Compare(b.People, a.People))
	})
	return misses
}
