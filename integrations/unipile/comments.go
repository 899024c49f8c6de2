package unipile

import (
	"context"
	"net/url"
	"strings"
	"time"
)

// maxComments is the largest page: https://developer.unipile.com/reference/postscontroller_listallcomments
const maxComments = "100"

// CommentPage is one page of comments, newest first. Pages are cut by offset: new
// comments shift them, so that a comment may come twice.
type CommentPage struct {
	Comments  []Comment
	Next      string // cursor; empty on the last page
	Total     int    // -1 when the vendor does not say
	Malformed int    // items dropped for want of an id
}

// Comment is a top-level comment.
type Comment struct {
	ID              string
	AuthorID        string // provider id, what messages are sent to; may be empty
	AuthorName      string
	AuthorURL       string // display only: a slug or the provider id
	AuthorIsCompany bool   // a page, which has a number for an id and takes no message
	Headline        string
	Distance        Distance
	Text            string
	At              time.Time // zero when the vendor's date cannot be read
	Replies         int
}

type wireComment struct {
	ID      text `json:"id"`
	Author  text `json:"author"` // the display name
	Details lenient[struct {
		ID         text `json:"id"`
		Headline   text `json:"headline"`
		ProfileURL text `json:"profile_url"`
		Distance   text `json:"network_distance"`
		IsCompany  flag `json:"is_company"`
	}] `json:"author_details"`
	Date    instant `json:"date"`
	Text    text    `json:"text"`
	Replies count   `json:"reply_counter"`
}

// Comments reads a page of the comments of the post with this [Post.SocialID].
func (c *Client) Comments(ctx context.Context, accountID, socialID, cursor string) (CommentPage, error) {
	wire := struct {
		page
		Total count `json:"total_items"`
	}{Total: -1}
	err := c.do(ctx, apiCall{
		operation: "list comments",
		account:   accountID,
		path:      []string{"posts", socialID, "comments"},
		query:     list(accountID, cursor, maxComments, url.Values{"sort_by": {"MOST_RECENT"}}),
	}, &wire)
	if err != nil {
		return CommentPage{}, err
	}
	page := CommentPage{Next: string(wire.Cursor), Total: int(wire.Total)}
	page.Comments, page.Malformed = decodeItems(wire.Items.value, wireComment.comment)
	return page, nil
}

func (w wireComment) comment() (Comment, bool) {
	author := w.Details.value
	return Comment{
		ID:              string(w.ID),
		AuthorID:        string(author.ID),
		AuthorName:      string(w.Author),
		AuthorURL:       string(author.ProfileURL),
		AuthorIsCompany: bool(author.IsCompany) || isNumber(string(author.ID)),
		Headline:        string(author.Headline),
		Distance:        distance(author.Distance),
		Text:            string(w.Text),
		At:              w.Date.Time,
		Replies:         max(int(w.Replies), 0),
	}, w.ID != ""
}

func isNumber(id string) bool { return id != "" && strings.Trim(id, "0123456789") == "" }
