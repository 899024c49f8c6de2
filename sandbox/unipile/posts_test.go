package unipile

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Ensure that a post is found by its number and URNs, escaped or not, and always
// tells the social id that comments go by.
func TestGetPost(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	s.AddComment(Comment{PostID: postID, AuthorID: tomasID, Text: "PRICING"})
	a := newAPI(t, s)
	c.advance(3 * time.Hour)
	activity := "urn:li:activity:" + postID
	for _, id := range []string{postID, activity, socialID, url.QueryEscape(activity), url.QueryEscape(socialID)} {
		got := a.get(200, "/posts/"+id+"?account_id="+accountID)
		want := body{
			"object": "Post", "provider": "LINKEDIN", "id": postID, "social_id": socialID, "title": "", "text": "Comment PRICING",
			"share_url": "https://www.linkedin.com/posts/mara-lindqvist_activity-" + postID + "-Qx3f",
			"date":      "3h", "parsed_datetime": "2026-11-23T09:00:00.000Z",
			"reaction_counter": 3.0, "comment_counter": 1.0, "repost_counter": 0.0, "impressions_counter": 130.0,
			"author": body{
				"public_identifier": "mara-lindqvist", "id": ownerID, "name": "Mara Lindqvist", "is_company": false, "headline": nil,
			},
			"permissions": body{"can_react": true, "can_share": true, "can_post_comments": true},
			"is_repost":   false, "attachments": []any{},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}

// Ensure that posts which cannot be seen are refused in the vendor's ways.
func TestGetPostRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	s.AddAccount(Account{ID: "other", ProviderID: "ACoAA2"})
	s.AddPost(Post{ID: "71", AccountID: "other", AuthorID: ownerID})
	s.AddPost(Post{ID: "72", AuthorID: ownerID})
	s.RemovePost("72")
	a := newAPI(t, s)
	a.get(200, "/posts/71?account_id=other")
	for _, tt := range []struct {
		path   string
		status int
		detail string
	}{
		{"/posts/71?account_id=" + accountID, 404, "Post not found"},
		{"/posts/72?account_id=" + accountID, 404, "Post not found"},
		{"/posts/urn:li:share:" + postID + "?account_id=" + accountID, 404, "Post not found"},
		{"/posts/" + postID + "?account_id=nobody", 404, "Account not found"},
		{"/posts/" + postID, 400, `{"message":"Expected required property","path":"/account_id","value":null}`},
		{"/posts/some-slug?account_id=" + accountID, 400, `{"message":"Expected a post id or URN","path":"/post_id","value":"some-slug"}`},
	} {
		if got := a.get(tt.status, tt.path)["detail"]; got != tt.detail {
			t.Errorf("%s: detail %v, want %s", tt.path, got, tt.detail)
		}
	}
}

// Ensure that the relative label moves on with time.
func TestAgo(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Second: "0m", 5 * time.Minute: "5m", 3 * time.Hour: "3h", 2 * day: "2d", 8 * day: "1w", 40 * day: "1mo", 800 * day: "2y",
	} {
		if got := ago(d); got != want {
			t.Errorf("ago(%v) = %s, want %s", d, got, want)
		}
	}
}
