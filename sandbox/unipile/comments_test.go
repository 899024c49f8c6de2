package unipile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const commentsPath = "/posts/" + socialID + "/comments"

// Ensure that a comment has LinkedIn's shape: the author a name, the details apart.
func TestCommentShape(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newServer(t, Options{Now: c.now})
	s.SetDistance(accountID, tomasID, 2)
	id := s.AddComment(Comment{PostID: socialID, AuthorID: tomasID, Text: "PRICING please!"})
	if len(id) != 19 || !isDigits(id) {
		t.Errorf("comment id %q is not 19 digits", id)
	}
	want := body{
		"object": "CommentList", "cursor": nil, "total_items": 1.0,
		"paging": body{"start": 0.0, "page_count": 1.0, "total_count": 1.0},
		"items": []any{body{
			"object": "Comment", "id": id, "post_id": "7398114411123456789", "post_urn": socialID,
			"author": "Tomás Arrieta",
			"author_details": body{
				"id": tomasID, "headline": "Head of RevOps",
				"profile_url": "https://www.linkedin.com/in/tomas-arrieta-91b", "network_distance": "SECOND_DEGREE",
			},
			"date": "2026-11-23T09:00:00.000Z", "text": "PRICING please!", "reaction_counter": 0.0, "reply_counter": 0.0,
		}},
	}
	got := newAPI(t, s).get(200, commentsPath+"?account_id="+accountID)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Ensure that each degree has its word, and that null is not a stranger's alone.
func TestNetworkDistance(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{DefaultDistance: 3})
	for i, d := range []int{0, 1, 2, 3} {
		id := fmt.Sprintf("ACoAA%d", i)
		s.AddPerson(Person{ProviderID: id})
		s.SetDistance(accountID, id, d)
		s.AddComment(Comment{PostID: postID, AuthorID: id})
	}
	for _, id := range []string{linaID, companyID, ownerID} { // unset, a page, the author himself
		s.AddComment(Comment{PostID: postID, AuthorID: id})
	}
	answer := newAPI(t, s).get(200, commentsPath+"?account_id="+accountID)
	got := map[string]any{}
	for _, item := range answer["items"].([]any) {
		details := item.(body)["author_details"].(body)
		got[details["id"].(string)] = details["network_distance"]
	}
	want := map[string]any{
		"ACoAA0": nil, "ACoAA1": "FIRST_DEGREE", "ACoAA2": "SECOND_DEGREE", "ACoAA3": "THIRD_DEGREE",
		linaID: "THIRD_DEGREE", companyID: nil, ownerID: nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Ensure that the cursor is an offset: a comment that arrives between two pages
// shifts them, and the last of the first page comes again.
func TestCommentsShiftBetweenPages(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i := range 5 {
		s.AddComment(Comment{ID: fmt.Sprint(i), PostID: postID, AuthorID: tomasID, At: at.Add(time.Duration(i) * time.Minute)})
	}
	a := newAPI(t, s)
	query := commentsPath + "?limit=2&account_id=" + accountID
	first := a.get(200, query)
	s.AddComment(Comment{ID: "new", PostID: postID, AuthorID: linaID, At: at.Add(time.Hour)})
	second := a.get(200, query+nextPage(t, first))
	third := a.get(200, query+nextPage(t, second))

	got := [][]string{column(first, "id"), column(second, "id"), column(third, "id")}
	want := [][]string{{"4", "3"}, {"3", "2"}, {"1", "0"}}
	if diff := cmp.Diff(want, got); diff != "" || third["cursor"] != nil {
		t.Errorf("pages, last cursor %v (-want +got):\n%s", third["cursor"], diff)
	}
	if start := second["paging"].(body)["start"]; start != 2.0 {
		t.Errorf("second page starts at %v", start)
	}
}

// Ensure the two orders, and that replies come only when their thread is asked for.
func TestCommentOrderAndReplies(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{Now: newClock().now}) // one instant: order must not depend on the clock alone
	for _, id := range []string{"old", "mid", "new"} {
		s.AddComment(Comment{ID: id, PostID: postID, AuthorID: tomasID})
	}
	s.AddComment(Comment{ID: "reply", PostID: postID, AuthorID: ownerID, ParentID: "mid"})
	s.AddComment(Comment{ID: "reply2", PostID: postID, AuthorID: tomasID, ParentID: "reply"}) // joins the thread
	a := newAPI(t, s)
	for query, want := range map[string][]string{
		"":                              {"new", "mid", "old"},
		"&sort_by=MOST_RECENT":          {"new", "mid", "old"},
		"&sort_by=MOST_RELEVANT":        {"mid", "old", "new"},
		"&comment_id=mid":               {"reply2", "reply"},
		"&comment_id=new&limit=1":       {},
		"&comment_id=reply&limit=1":     {},
		"&limit=1&sort_by=MOST_RECENT":  {"new"},
		"&limit=2&sort_by=MOST_RECENT":  {"new", "mid"},
		"&sort_by=MOST_RELEVANT&limit=": {"mid", "old", "new"},
	} {
		if diff := cmp.Diff(want, column(a.get(200, commentsPath+"?account_id="+accountID+query), "id")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	thread := a.get(200, commentsPath+"?comment_id=mid&account_id="+accountID)
	if diff := cmp.Diff([]string{"mid", "mid"}, column(thread, "thread_id")); diff != "" {
		t.Errorf("thread_id (-want +got):\n%s", diff)
	}
	a.get(404, commentsPath+"?comment_id=none&account_id="+accountID)
	a.get(400, commentsPath+"?sort_by=OLDEST&account_id="+accountID)
}

// Ensure that comments go by the social id only, escaped or not.
func TestCommentsRefuseOtherPostIDs(t *testing.T) {
	t.Parallel()
	a := newAPI(t, newServer(t, Options{}))
	comment := body{"account_id": accountID, "text": "hi"}
	a.get(200, "/posts/urn%3Ali%3AugcPost%3A7398114411123456789/comments?account_id="+accountID)
	if detail := a.get(400, "/posts/"+postID+"/comments?account_id="+accountID)["detail"]; !strings.Contains(detail.(string), "post_id") {
		t.Errorf("detail %v does not name post_id", detail)
	}
	a.post(400, "/posts/"+postID+"/comments", comment)
	a.get(404, "/posts/urn:li:activity:"+postID+"/comments?account_id="+accountID)
	a.post(404, "/posts/urn:li:activity:"+postID+"/comments", comment)
	a.get(400, commentsPath)
}

// Ensure that a comment posted as JSON or as multipart appears where it belongs, with
// mentions resolved, and that an unknown field is dropped in silence.
func TestPostComment(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	parent := s.AddComment(Comment{PostID: postID, AuthorID: tomasID, Text: "PRICING"})
	a := newAPI(t, s)
	mention := body{"name": "Tomás", "profile_id": tomasID}
	sent := a.post(201, commentsPath, body{
		"account_id": accountID, "text": "Sent, {{0}}.", "comment_id": parent, "mentions": []any{mention},
	})
	if sent["object"] != "CommentSent" {
		t.Errorf("answer %v", sent)
	}
	a.multipart(201, commentsPath, "account_id", accountID, "text", "And {{0}} too.", "comment_id", parent, "mentions", toJSON(t, mention))
	a.post(201, commentsPath, body{"account_id": accountID, "text": "oops", "parent_comment_id": parent})

	replies := a.get(200, commentsPath+"?comment_id="+parent+"&account_id="+accountID)
	if diff := cmp.Diff([]string{"And Tomás too.", "Sent, Tomás."}, column(replies, "text")); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
	if got := column(replies, "id")[1]; got != sent["comment_id"] {
		t.Errorf("reply is %s, the answer said %v", got, sent["comment_id"])
	}
	top := a.get(200, commentsPath+"?account_id="+accountID)
	if diff := cmp.Diff([]string{"oops", "PRICING"}, column(top, "text")); diff != "" {
		t.Errorf("top level (-want +got):\n%s", diff)
	}
}

// Ensure that malformed comments are refused and stored nowhere.
func TestPostCommentRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{})
	a := newAPI(t, s)
	for name, comment := range map[string]body{
		"no account":     {"text": "hi"},
		"no text":        {"account_id": accountID},
		"empty text":     {"account_id": accountID, "text": ""},
		"number as text": {"account_id": accountID, "text": 5},
		"1251 units":     {"account_id": accountID, "text": strings.Repeat("x", 1249) + "😀"},
		"bad mention":    {"account_id": accountID, "text": "{{0}}", "mentions": []any{body{"name": "T", "profile_id": "tomas-arrieta"}}},
	} {
		if got := a.post(400, commentsPath, comment)["type"]; got != "errors/invalid_parameters" {
			t.Errorf("%s: type %v", name, got)
		}
	}
	a.post(404, commentsPath, body{"account_id": "nobody", "text": "hi"})
	a.post(404, commentsPath, body{"account_id": accountID, "text": "hi", "comment_id": "1"})
	s.RemovePost(postID)
	a.post(404, commentsPath, body{"account_id": accountID, "text": "hi"})
	if id := s.AddComment(Comment{PostID: postID, AuthorID: tomasID}); id != "" {
		t.Errorf("a removed post took comment %s", id)
	}
	if n := s.state()["comments"]; n != 0 {
		t.Errorf("%d comments stored", n)
	}
}
