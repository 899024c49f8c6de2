package jobs_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// decisions maps comment ids to what was decided about them.
func (b *bench) decisions() map[string]string {
	b.Helper()
	return scalar[map[string]string](b, "SELECT coalesce(jsonb_object_agg(comment_id, decision), '{}') FROM workers.comments")
}

// Ensure that the author, the account's owner and company pages never trigger, and
// that what has no author is counted and left alone.
func TestPollIgnoresWhoCannotBeALead(t *testing.T) {
	t.Parallel()
	const author, company = "ACoAAAuthorOfThePost", "1441"
	b := setup(t)
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: author, Name: "Guest Author"})
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: company, Name: "Kelp Inc.", Company: true})
	b.linkedin.AddPost(fakeunipile.Post{ID: "7398114413090816111", AuthorID: author})
	say := func(person string) string {
		return b.linkedin.AddComment(fakeunipile.Comment{PostID: "7398114413090816111", AuthorID: person, Text: "guide"})
	}
	want := map[string]string{
		say(author): "post_author", say(ownerID): "post_author", say(company): "company", say(b.person(1)): "lead",
	}
	id := b.scrapeJob(row{"unipile_post_id": "7398114413090816111"})

	b.poll(id)
	if diff := cmp.Diff(want, b.decisions()); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	b.wantCounts(id, 4, 1)
}

// rewriteComments changes the vendor's comments on their way to us.
func rewriteComments(change func(n int, comment map[string]any)) func(*options) {
	return func(o *options) {
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/comments") {
					next.ServeHTTP(w, r)
					return
				}
				answer := httptest.NewRecorder()
				next.ServeHTTP(answer, r)
				var page map[string]any
				_ = json.Unmarshal(answer.Body.Bytes(), &page)
				items, _ := page["items"].([]any)
				for n, item := range items {
					change(n, item.(map[string]any))
				}
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(page)
			})
		}
	}
}

// Ensure that no text that a vendor can send stops a poll: Postgres refuses NUL,
// and the others are seen in the wild.
func TestPollSurvivesOddText(t *testing.T) {
	t.Parallel()
	b := setup(t, rewriteComments(func(_ int, comment map[string]any) {
		author := comment["author_details"].(map[string]any)
		comment["text"] = "gu\x00ide \U0001F680\u202E guide \u200bguide\ufffd"
		comment["author"] = "An\x00a \u202EPetrova \U0001F468\u200D\U0001F4BB"
		author["headline"] = strings.Repeat("Ω\x00", 3000)
		author["profile_url"] = "https://www.linkedin.com/in/j%C3%B6rg-\x00"
	}))
	b.comment(1, "rewritten")
	id := b.scrapeJob(nil)
	b.poll(id)
	b.wantCounts(id, 1, 1)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

// Ensure that ids which no store could hold cost one comment, not the whole page.
func TestPollSurvivesOddIDs(t *testing.T) {
	t.Parallel()
	b := setup(t, rewriteComments(func(n int, comment map[string]any) {
		author := comment["author_details"].(map[string]any)
		switch n {
		case 0:
			author["id"] = "ACoAA\x00Person"
		case 1:
			author["id"] = "A" + strings.Repeat("x", 10_000)
		case 2:
			comment["id"] = "1\x002"
		case 3:
			author["id"] = nil
		}
	}))
	for n := range 5 {
		b.comment(n, "guide")
	}
	id := b.scrapeJob(nil)
	b.poll(id)
	// Newest first: the last of five is the ordinary one, the third has a good author.
	got := scalar[[]string](b, "SELECT array_agg(decision ORDER BY id) FROM workers.comments")
	if diff := cmp.Diff([]string{"no_author", "company", "lead", "no_author", "lead"}, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	recipients := scalar[[]string](b, "SELECT array_agg(recipient_id ORDER BY id) FROM workers.messages")
	if diff := cmp.Diff([]string{member(2), member(0)}, recipients); diff != "" {
		t.Errorf("people who get a message (-want +got):\n%s", diff)
	}
}

// Ensure that people who were written to before the workers existed are known in
// every form in which such rows name them, and get no second message.
func TestPollKnowsLeadsFromBefore(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		lead     row
		messages int
	}{
		{"provider id", row{"linkedin_id": member(1), "status": "dm_sent"}, 0},
		{"slug", row{"linkedin_id": "person-1", "status": "dm_sent"}, 0},
		{"profile URL for an id", row{"linkedin_id": "https://www.linkedin.com/in/person-1/", "status": "email_captured"}, 0},
		{"profile URL", row{"linkedin_id": "x1", "linkedin_url": "http://linkedin.com/in/person-1", "status": "dm_sent"}, 0},
		{"the other profile URL", row{"linkedin_id": "x1", "linkedin_profile_url": "https://www.linkedin.com/in/" + member(1), "status": "webhook_sent"}, 0},
		{"completed by others", row{"linkedin_id": "person-1", "status": "completed"}, 0},
		{"found but never contacted", row{"linkedin_id": "person-1", "status": "comment_detected"}, 1},
		{"without a status", row{"linkedin_id": member(1), "status": nil, "source": nil, "metadata": nil}, 1},
		{"somebody else", row{"linkedin_id": "person-11", "status": "dm_sent"}, 1},
	}
	b := setup(t)
	b.comment(1, "guide")
	for _, tc := range tests {
		lead := maps.Clone(tc.lead)
		lead["campaign_id"] = b.campaign(nil)
		id := b.lead(lead)
		b.poll(b.scrapeJob(row{"campaign_id": lead["campaign_id"]}))
		got := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE campaign_id = $1", lead["campaign_id"])
		if got != tc.messages {
			t.Errorf("%s: %d messages queued, want %d", tc.name, got, tc.messages)
		}
		if tc.name != "somebody else" {
			// Now that the person behind a slug is known, their answers can be heard.
			b.want("leads", id, row{"provider_id": member(1), "status": tc.lead["status"]})
		}
		b.exec("DELETE FROM workers.messages") // the comment has no message of another campaign
	}
}

// Ensure that who opted out is left alone by every campaign of that client, however
// the row names them, and by no other client.
func TestPollHonoursAnOptOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	campaign := func() any { return b.campaign(row{"client_id": client}) }
	b.lead(row{"campaign_id": campaign(), "linkedin_id": member(1), "status": "opted_out"})
	b.lead(row{"campaign_id": campaign(), "linkedin_id": "x2", "provider_id": member(2), "status": "opted_out"})
	b.lead(row{"campaign_id": campaign(), "linkedin_id": "person-3", "status": "opted_out"})
	want := map[string]string{b.comment(1, "guide"): "opted_out", b.comment(2, "guide"): "opted_out", b.comment(3, "guide"): "opted_out"}

	b.poll(b.scrapeJob(row{"campaign_id": campaign()}))
	if diff := cmp.Diff(want, b.decisions()); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	b.poll(b.scrapeJob(nil))
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 3 {
		t.Errorf("%d messages queued by another client, want 3", n)
	}
}

// Ensure that the database as producers left it is served as it is.
func TestPollOnAProducersDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t, onProducersDatabase)
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: "ACoAADf2kQkBz1uWm9YtRr0aXeVb5CcPnLh7oJs", Name: "Tomás Arrieta"})
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: "ACoAAInesMoreau", Slug: "ines-moreau", Name: "Inès Moreau"})
	for _, person := range []string{"ACoAADf2kQkBz1uWm9YtRr0aXeVb5CcPnLh7oJs", "ACoAAInesMoreau", b.person(1)} {
		b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: person, Text: "guide"})
	}
	ids := b.run(b.sweeps.ScrapeJobs)
	if len(ids) != 2 {
		t.Fatalf("%d rows due, want both", len(ids))
	}
	id := scalar[uuid.UUID](b, "SELECT id FROM scrape_jobs WHERE trigger_word = 'guide'")
	b.poll(id)
	b.want("scrape_jobs", id, row{"comments_scanned": 44, "trigger_words_found": 3, "dms_sent": 2})
	recipient := scalar[string](b, "SELECT string_agg(recipient_id, ' ') FROM workers.messages")
	if recipient != member(1) {
		t.Errorf("messages queued to %s, want one to %s: the other two were contacted before", recipient, member(1))
	}
}
