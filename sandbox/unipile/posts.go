package unipile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

type post struct {
	Post
	removed  bool
	comments []*comment // top level, as they came
}

// findPost finds a post by digits or URN; nil when there is none to see.
func (w *world) findPost(id, accountID string) *post {
	id = strings.TrimPrefix(id, "urn:li:activity:")
	i := slices.IndexFunc(w.posts, func(p *post) bool {
		return p.ID == id || strings.TrimPrefix(p.SocialID, "urn:li:activity:") == id
	})
	if i < 0 || w.posts[i].removed || (w.posts[i].AccountID != "" && w.posts[i].AccountID != accountID) {
		return nil
	}
	return w.posts[i]
}

// findSocial finds a post by its social id, the only one that comments go by.
func (w *world) findSocial(socialID, accountID string) (*post, error) {
	if p := w.findPost(socialID, accountID); p != nil && p.SocialID == socialID {
		return p, nil
	}
	return nil, notFound("Post not found")
}

// mustPost serves the world's builders.
func (w *world) mustPost(id string) *post {
	i := slices.IndexFunc(w.posts, func(p *post) bool { return p.ID == id || p.SocialID == id })
	if i < 0 {
		panic("unipile sandbox: post " + id + " was not added")
	}
	return w.posts[i]
}

func (s *Server) getPost(c *call) (any, error) {
	accountID, err := c.accountID()
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	if !isDigits(id) && !isPostURN(id) {
		return nil, violation("/post_id", "Expected a post id or URN", id)
	}
	if err := c.enter(accountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.world.live(accountID); err != nil {
		return nil, err
	}
	p := s.world.findPost(id, accountID)
	if p == nil {
		return nil, notFound("Post not found")
	}
	return s.world.postItem(p, s.now()), nil
}

func (w *world) postItem(p *post, now time.Time) postItem {
	author := w.people[p.AuthorID]
	comments := len(p.comments)
	for _, c := range p.comments {
		comments += len(c.replies)
	}
	return postItem{
		Object: "Post", Provider: "LINKEDIN", ID: p.ID, SocialID: p.SocialID,
		ShareURL: "https://www.linkedin.com/posts/" + cmp.Or(author.Slug, author.ProviderID) + "_activity-" + p.ID + "-Qx3f",
		Text:     p.Text, Date: ago(now.Sub(p.PublishedAt)), ParsedDatetime: formatTime(p.PublishedAt),
		ReactionCounter: 3 * comments, CommentCounter: comments, ImpressionsCounter: 130 * comments,
		Author: postAuthor{
			PublicIdentifier: nullable(author.Slug), ID: author.ProviderID, Name: author.Name,
			IsCompany: author.Company, Headline: nullable(author.Headline),
		},
		Permissions: postPermissions{true, true, true},
		Attachments: []any{},
	}
}

// ago is LinkedIn's relative date label.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dm", max(d/time.Minute, 0))
	case d < day:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d < 7*day:
		return fmt.Sprintf("%dd", d/day)
	case d < 30*day:
		return fmt.Sprintf("%dw", d/(7*day))
	case d < 365*day:
		return fmt.Sprintf("%dmo", d/(30*day))
	default:
		return fmt.Sprintf("%dy", d/(365*day))
	}
}

// nullable turns what is not known into null.
func nullable(v string) *string {
	if v == "" {
		return nil
	}
	return &v
}
