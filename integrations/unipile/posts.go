package unipile

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// Post is a LinkedIn post.
type Post struct {
	SocialID        string // what comments are listed by; it differs from the id in links
	AuthorID        string // provider id; digits for a company
	AuthorIsCompany bool
	PublishedAt     time.Time // approximate; zero when unknown
	ShareURL        string
}

// Post looks a post up. It accepts whatever [PostID] does.
func (c *Client) Post(ctx context.Context, accountID, postID string) (Post, error) {
	call := apiCall{operation: "get post", account: accountID}
	id, err := PostID(postID)
	if err != nil {
		failure := call.fault(integrations.CauseInvalidRequest)
		failure.Kind, failure.Err = integrations.Rejected, err
		return Post{}, failure
	}
	call.path = []string{"posts", id}
	call.query = url.Values{"account_id": {accountID}}

	var wire struct {
		SocialID text    `json:"social_id"`
		ShareURL text    `json:"share_url"`
		Parsed   instant `json:"parsed_datetime"`
		Author   lenient[struct {
			ID        text `json:"id"`
			IsCompany flag `json:"is_company"`
		}] `json:"author"`
	}
	if err := c.do(ctx, call, &wire); err != nil {
		return Post{}, err
	}
	if wire.SocialID == "" {
		// It must never be built from the other ids: their numbers differ.
		failure := call.fault(integrations.CauseBadAnswer)
		failure.Detail = "the answer has no social_id"
		return Post{}, failure
	}
	return Post{
		SocialID:        string(wire.SocialID),
		AuthorID:        string(wire.Author.value.ID),
		AuthorIsCompany: bool(wire.Author.value.IsCompany),
		PublishedAt:     wire.Parsed.Time,
		ShareURL:        string(wire.ShareURL),
	}, nil
}

var (
	bareID = regexp.MustCompile(`^[0-9]{10,25}$`)
	postIn = regexp.MustCompile(`(?i)(activity|ugcPost|share)[:-]([0-9]{10,25})(?:$|[^0-9])`)
)

// PostID finds in digits, a URN or a link the id that the API wants: digits for an
// activity, the URN for a ugcPost or a share.
//
// https://developer.unipile.com/docs/posts-and-comments
func PostID(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if bareID.MatchString(raw) {
		return raw, nil
	}
	place := raw
	if !strings.HasPrefix(strings.ToLower(raw), "urn:li:") {
		if !strings.Contains(raw, "://") {
			raw = "https://" + raw
		}
		u, err := url.Parse(raw)
		if err != nil {
			return "", errNoPost
		}
		switch host := strings.ToLower(u.Hostname()); {
		case host == "lnkd.in":
			return "", errors.New("post id: a short link does not name the post; open it and copy the address it leads to")
		case host != "linkedin.com" && !strings.HasSuffix(host, ".linkedin.com"):
			return "", errNoPost
		}
		// Only the path: a query may name a comment, and with it another post.
		place = u.Path
	}
	found := postIn.FindAllStringSubmatch(place, -1)
	if len(found) == 0 {
		return "", errNoPost
	}
	// The words of a post stand in its link before the id.
	last := found[len(found)-1]
	switch strings.ToLower(last[1]) {
	case "ugcpost":
		return "urn:li:ugcPost:" + last[2], nil
	case "share":
		return "urn:li:share:" + last[2], nil
	default:
		return last[2], nil
	}
}

var errNoPost = errors.New("post id: not a LinkedIn post: want its digits, its urn:li:… or a linkedin.com link that holds activity, ugcPost or share with a number")
