package unipile

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
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
	return c.comments(ctx, "list comments", accountID, socialID, cursor, url.Values{"sort_by": {"MOST_RECENT"}})
}

// Replies reads a page of the replies to a comment.
func (c *Client) Replies(ctx context.Context, accountID, socialID, commentID, cursor string) (CommentPage, error) {
	return c.comments(ctx, "list replies", accountID, socialID, cursor, url.Values{"comment_id": {commentID}})
}

func (c *Client) comments(
	ctx context.Context, operation, accountID, socialID, cursor string, filters url.Values,
) (CommentPage, error) {
	wire := struct {
		page
		Total count `json:"total_items"`
	}{Total: -1}
	err := c.do(ctx, apiCall{
		operation: operation,
		account:   accountID,
		path:      []string{"posts", socialID, "comments"},
		query:     list(accountID, cursor, maxComments, filters),
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

// Commented is a reply that was accepted. The id may be empty: older servers tell none.
type Commented struct{ CommentID string }

// maxReply is the longest comment: https://developer.unipile.com/reference/postscontroller_sendcomment
const maxReply = 1250

// ReplyToComment writes a public reply under a comment. There is no idempotency key:
// when the error has OutcomeUnknown, look with [Client.Replies] before replying again.
func (c *Client) ReplyToComment(ctx context.Context, accountID, socialID, commentID, reply string) (Commented, error) {
	call := apiCall{
		operation: "reply to comment",
		account:   accountID,
		path:      []string{"posts", socialID, "comments"},
		body:      map[string]string{"account_id": accountID, "comment_id": commentID, "text": reply},
		secret:    reply,
	}
	if commentID == "" { // it would become a comment of its own
		return Commented{}, call.invalid("the comment id is missing")
	}
	if n := utf8.RuneCountInString(reply); n == 0 || n > maxReply {
		return Commented{}, call.invalid("a reply must have 1 to 1250 characters")
	}
	var wire struct {
		CommentID text `json:"comment_id"`
	}
	if err := c.do(ctx, call, &wire); err != nil {
		return Commented{}, err
	}
	return Commented{CommentID: string(wire.CommentID)}, nil
}

func isNumber(id string) bool { return id != "" && strings.Trim(id, "0123456789") == "" }
