package unipile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

type comment struct {
	Comment
	seq     int
	replies []*comment
}

// addComment stores a comment, on a thread when it has a parent. LinkedIn's threads
// are two levels deep: a reply to a reply joins the thread.
func (w *world) addComment(c Comment) *comment {
	w.mustPerson(c.AuthorID)
	p := w.mustPost(c.PostID)
	if c.ID == "" {
		c.ID = w.ids.digits(c.At)
	}
	added := &comment{Comment: c, seq: w.next()}
	if p.removed {
		return &comment{}
	}
	w.comments[c.ID] = added
	if c.ParentID == "" {
		p.comments = append(p.comments, added)
		return added
	}
	parent := w.comments[c.ParentID]
	if parent == nil {
		panic("unipile sandbox: comment " + c.ParentID + " was not added")
	}
	added.ParentID = cmp.Or(parent.ParentID, parent.ID)
	thread := w.comments[added.ParentID]
	thread.replies = append(thread.replies, added)
	return added
}

// commentQuery is what a page of comments is asked by, and the vendor's cursor.
type commentQuery struct {
	AccountID string `json:"account_id"`
	Limit     int    `json:"limit"`
	PostID    string `json:"post_id"`
	ThreadID  string `json:"thread_id,omitempty"`
	SortBy    string `json:"sort_by,omitempty"`
	Start     int    `json:"start"`
}

func (c *call) commentQuery() (q commentQuery, err error) {
	if q.AccountID, err = c.accountID(); err != nil {
		return q, err
	}
	if q.PostID = c.r.PathValue("id"); !isPostURN(q.PostID) {
		return q, violation("/post_id", "Expected the social_id of a post", q.PostID)
	}
	if q.Limit, err = c.limit(100, 100); err != nil {
		return q, err
	}
	if q.SortBy, err = c.oneOf("sort_by", "MOST_RECENT", "MOST_RELEVANT"); err != nil {
		return q, err
	}
	q.ThreadID = c.r.URL.Query().Get("comment_id")
	_, err = c.cursor(&q)
	return q, err
}

func (s *Server) listComments(c *call) (any, error) {
	q, err := c.commentQuery()
	if err != nil {
		return nil, err
	}
	if err := c.enter(q.AccountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.live(q.AccountID)
	if err != nil {
		return nil, err
	}
	p, err := s.world.findSocial(q.PostID, q.AccountID)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(p.comments)
	if q.ThreadID != "" {
		parent := s.world.comments[q.ThreadID]
		if parent == nil || s.world.mustPost(parent.PostID) != p {
			return nil, notFound("Comment not found")
		}
		all = slices.Clone(parent.replies)
	}
	slices.SortFunc(all, func(x, y *comment) int {
		newest := cmp.Or(y.At.Compare(x.At), cmp.Compare(y.seq, x.seq))
		if q.SortBy == "MOST_RELEVANT" {
			return cmp.Or(cmp.Compare(len(y.replies), len(x.replies)), -newest)
		}
		return newest
	})

	page, next := offsetPage(all, q.Start, q.Limit)
	items := []commentItem{}
	for _, found := range page {
		items = append(items, s.world.commentItem(a, p, found))
	}
	answer := commentList{
		list:       list{Object: "CommentList", Items: items},
		TotalItems: len(all),
		Paging:     paging{Start: q.Start, PageCount: len(items), TotalCount: len(all)},
	}
	if next > 0 {
		q.Start = next
		answer.Cursor = encodeCursor(q)
	}
	return answer, nil
}

func (w *world) commentItem(a *account, p *post, c *comment) commentItem {
	author := w.people[c.AuthorID]
	return commentItem{
		Object: "Comment", ID: c.ID, PostURN: p.SocialID, ThreadID: c.ParentID,
		PostID: p.SocialID[strings.LastIndexByte(p.SocialID, ':')+1:],
		Author: nullable(author.Name),
		AuthorDetails: authorDetails{
			ID: nullable(author.ProviderID), Headline: nullable(author.Headline),
			ProfileURL: new(author.profileURL()), NetworkDistance: w.degree(a, author),
		},
		Date: formatTime(c.At), Text: c.Text,
		ReplyCounter: len(c.replies),
	}
}

// commentLimit is LinkedIn's, in characters: https://developer.unipile.com/reference/postscontroller_sendcomment
const commentLimit = 1250

func (s *Server) postComment(c *call) (any, error) {
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	accountID, err := f.required("account_id")
	if err != nil {
		return nil, err
	}
	text, err := f.required("text")
	if err != nil {
		return nil, err
	}
	if length(text) > commentLimit {
		return nil, violation("/text", "Expected string length less or equal to 1250", text)
	}
	parentID, err := f.optional("comment_id")
	if err != nil {
		return nil, err
	}
	text, err = f.mention(text)
	if err != nil {
		return nil, err
	}
	socialID := c.r.PathValue("id")
	if !isPostURN(socialID) {
		return nil, violation("/post_id", "Expected the social_id of a post", socialID)
	}
	if err := c.enter(accountID, ""); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.live(accountID)
	if err != nil {
		return nil, err
	}
	p, err := s.world.findSocial(socialID, accountID)
	if err != nil {
		return nil, err
	}
	if parent := s.world.comments[parentID]; parentID != "" && (parent == nil || s.world.mustPost(parent.PostID) != p) {
		return nil, notFound("Comment not found")
	}
	added := s.world.addComment(Comment{PostID: p.ID, AuthorID: a.ProviderID, Text: s.shownAs(text), At: s.now(), ParentID: parentID})
	return commentSent{Object: "CommentSent", CommentID: added.ID}, nil
}

// mention checks the mentions and puts their names where the text has {{0}}, {{1}}, ….
func (f *form) mention(text string) (string, error) {
	for i, raw := range f.values["mentions"] {
		var m struct {
			Name      string `json:"name"`
			ProfileID string `json:"profile_id"`
		}
		if json.Unmarshal([]byte(raw), &m) != nil || m.Name == "" || (!isMemberID(m.ProfileID) && !isDigits(m.ProfileID)) {
			return "", violation(fmt.Sprintf("/mentions/%d", i), "Expected object with name and profile_id", raw)
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("{{%d}}", i), m.Name)
	}
	return text, nil
}
