package jobs_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/polls"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// poll runs one poll that must succeed.
func (b *bench) poll(id uuid.UUID) {
	b.Helper()
	b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobCompleted)
}

// wantCounts makes sure what the row says was read and found.
func (b *bench) wantCounts(id uuid.UUID, comments, triggers int) {
	b.Helper()
	b.want("scrape_jobs", id, row{"comments_scanned": comments, "trigger_words_found": triggers})
}

// Ensure what one matching comment makes: a lead with what is known of the person,
// and one message that asks for the address.
func TestPollMakesALeadAndItsMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(row{"trigger_word": "guide"})
	id := b.scrapeJob(row{"campaign_id": campaign, "poll_interval_minutes": 7, "error_count": 3, "comments_scanned": nil, "trigger_words_found": nil})
	commentID := b.comment(1, "The GUIDE please!")
	b.comment(2, "Nice post")

	b.poll(id)

	b.wantCounts(id, 2, 1)
	b.want("scrape_jobs", id, row{"status": "running", "error_count": 0})
	b.wantNext(id, 7*time.Minute)
	b.wantNear(scalar[time.Time](b, "SELECT last_checked FROM scrape_jobs"), 0)
	lead := scalar[uuid.UUID](b, "SELECT id FROM leads")
	b.want("leads", lead, row{
		"campaign_id": campaign, "linkedin_id": member(1), "provider_id": member(1),
		"linkedin_url": "https://www.linkedin.com/in/person-1", "linkedin_profile_url": "https://www.linkedin.com/in/person-1",
		"name": "Ana Petrova", "first_name": "Ana", "last_name": "Petrova", "title": "Engineer", "email": nil,
		"status": "comment_detected", "source": "comment_trigger",
		"metadata": row{
			"comment_id": commentID, "comment_text": "The GUIDE please!", "trigger_word": "guide", "post_id": postID, "scrape_job_id": id,
		},
	})
	b.want("workers.messages", scalar[int64](b, "SELECT id FROM workers.messages"), row{
		"account_id": accountID, "campaign_id": campaign, "scrape_job_id": id, "lead_id": lead, "purpose": "first_dm",
		"recipient_id": member(1), "state": "queued", "not_before": nil, "attempts": 0,
		"body": "Hi Ana, thanks for your comment \"guide\"!\n\nWhat is the best email address to send it to? Just reply with it here and it is on its way.",
	})
}

// Ensure that every page is read, that a comment which arrives meanwhile and shifts
// the pages neither hides nor doubles another, and that counters count a comment
// once for ever.
func TestPollCountsEachCommentOnce(t *testing.T) {
	t.Parallel()
	var b *bench
	var interrupt sync.Once
	b = setup(t, func(o *options) {
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				if strings.HasSuffix(r.URL.Path, "/comments") {
					interrupt.Do(func() { b.comment(251, "guide, I am late") })
				}
			})
		}
	})
	for n := range 251 {
		text := "Nice"
		if n%10 == 0 {
			text = "guide"
		}
		b.comment(n, text)
	}
	id := b.scrapeJob(nil)

	b.poll(id)
	if n := b.calls("list_comments"); n != 3 {
		t.Errorf("first poll read %d pages, want 3", n)
	}
	b.wantCounts(id, 251, 26)

	b.poll(id)
	b.wantCounts(id, 252, 27)
	if n := b.calls("list_comments"); n != 5 {
		t.Errorf("second poll read %d pages, want 2: up to the first that was known", n-3)
	}
	b.poll(id)
	b.wantCounts(id, 252, 27)
	if n := b.calls("list_comments"); n != 6 {
		t.Errorf("third poll read %d pages, want 1", n-5)
	}
	if n := scalar[int](b, "SELECT count(*) FROM leads"); n != 27 {
		t.Errorf("%d leads, want 27", n)
	}
}

// Ensure that two polls of one row at once, as after a rescue, count nothing twice.
func TestPollTwiceAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 120 {
		b.comment(n, "guide")
	}
	id := b.scrapeJob(nil)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { b.poll(id) })
	}
	wg.Wait()
	b.wantCounts(id, 120, 120)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 120 {
		t.Errorf("%d messages, want 120", n)
	}
}

// Ensure that a scan which breaks off is taken up where it was, so that the pages
// behind the break are read although those before it are known by then.
func TestPollContinuesAnInterruptedScan(t *testing.T) {
	t.Parallel()
	var b *bench
	pages := 0
	b = setup(t, func(o *options) {
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/comments") {
					if pages++; pages == 2 {
						http.Error(w, "bad gateway", http.StatusBadGateway)
						return
					}
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	for n := range 230 {
		b.comment(n, "guide")
	}
	id := b.scrapeJob(nil)

	b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobCancelled)
	b.wantCounts(id, 100, 100)
	// These move the page that was read behind the newest one: that it is known, from this
	// very scan, must not end it.
	for n := range 100 {
		b.comment(230+n, "guide")
	}
	b.poll(id)
	b.wantCounts(id, 330, 330)
	if n := b.calls("list_comments"); n != 5 {
		t.Errorf("%d pages were read, want 5: one before the break, the newest, and the three behind it", n)
	}
}

// Ensure that a place to go on at which the vendor has forgotten starts the scan
// over instead of failing for ever.
func TestPollStartsOverWhenItsPlaceIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 150 {
		b.comment(n, "guide")
	}
	id := b.scrapeJob(nil)
	b.exec("INSERT INTO workers.watched_posts (scrape_job_id, asked_for, social_id, scan_cursor, scan_started_at, head_next) VALUES ($1, $2, $3, 'forgotten', now(), false)", id, postID, socialID)

	b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobCancelled)
	b.poll(id)
	b.wantCounts(id, 150, 150)
}

// Ensure that a person gets one message, however often and in however many words
// they comment, and whichever row of the campaign sees it.
func TestPollWritesToAPersonOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	for n := range 50 {
		b.comment(1, fmt.Sprintf("guide %d", n))
	}
	first := b.scrapeJob(row{"campaign_id": campaign})
	second := b.scrapeJob(row{"campaign_id": campaign, "unipile_post_id": socialID})
	var wg sync.WaitGroup
	for _, id := range []uuid.UUID{first, second} {
		wg.Go(func() { b.poll(id) })
	}
	wg.Wait()

	b.wantCounts(first, 50, 50)
	b.wantCounts(second, 50, 50)
	got := []int{scalar[int](b, "SELECT count(*) FROM leads"), scalar[int](b, "SELECT count(*) FROM workers.messages")}
	if diff := cmp.Diff([]int{1, 1}, got); diff != "" {
		t.Errorf("leads and messages (-want +got):\n%s", diff)
	}
	// The same person in another campaign is another lead.
	b.poll(b.scrapeJob(nil))
	if n := scalar[int](b, "SELECT count(*) FROM leads"); n != 2 {
		t.Errorf("%d leads after a poll for another campaign, want 2", n)
	}
}

// Ensure that each of several trigger words triggers, and that the one of the
// campaign is used where the row has none.
func TestPollTriggerWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, job, campaign string
		triggers            map[string]string // comment to the trigger word in the lead's metadata
		ignored             []string
	}{
		{"several", " checklist, template ,", "guide", map[string]string{"Template!": "template", "CHECKLIST": "checklist"}, []string{"guide"}},
		{"of the campaign", " ", "checklist,guide", map[string]string{"a guide": "guide"}, []string{"template"}},
		{"look-alikes", "guide", "", map[string]string{"𝗚𝗨𝗜𝗗𝗘": "guide", "#guide": "guide"}, []string{"misguided", "guidelines"}},
		{"two words", "send it", "", map[string]string{"please SEND  it.": "send it"}, []string{"send this", "it send"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.scrapeJob(row{"trigger_word": tc.job, "campaign_id": b.campaign(row{"trigger_word": tc.campaign})})
			n := 0
			for text := range tc.triggers {
				n++
				b.comment(n, text)
			}
			for _, text := range tc.ignored {
				n++
				b.comment(n, text)
			}
			b.poll(id)
			b.wantCounts(id, n, len(tc.triggers))
			for text, word := range tc.triggers {
				if got := scalar[string](b, "SELECT metadata ->> 'trigger_word' FROM leads WHERE metadata ->> 'comment_text' = $1", text); got != word {
					t.Errorf("lead of comment %q has trigger word %q, want %q", text, got, word)
				}
			}
		})
	}
}

// Ensure that the campaign's own template is used.
func TestPollUsesTheCampaignsTemplate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(row{"dm_template_step1": "Hi {{first_name}} {{last_name}}{{company}}, your {{trigger_word}}?"})
	b.comment(1, "Guide")
	b.poll(b.scrapeJob(row{"campaign_id": campaign}))
	if got := scalar[string](b, "SELECT body FROM workers.messages"); got != "Hi Ana Petrova, your guide?" {
		t.Errorf("message is %q", got)
	}
}

// Ensure that the post is found by a link too, and asked for only once.
func TestPollFindsThePostOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.comment(1, "guide")
	campaign := b.campaign(nil)
	post := insert[uuid.UUID](b, "posts", row{"campaign_id": campaign, "post_url": "https://www.linkedin.com/feed/update/urn:li:activity:" + postID + "/"}, nil)
	id := b.scrapeJob(row{"campaign_id": campaign, "post_id": post, "unipile_post_id": " "})
	b.poll(id)
	b.poll(id)
	b.wantCounts(id, 1, 1)
	if n := b.calls("get_post"); n != 1 {
		t.Errorf("the post was asked for %d times, want once", n)
	}
	if n := b.calls("get_account"); n != 1 {
		t.Errorf("the account was asked for %d times, want once", n)
	}
}

// Ensure that a row whose post id is corrected is read from the right post.
func TestPollFollowsACorrectedPost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.comment(1, "guide")
	b.linkedin.AddPost(fakeunipile.Post{ID: "7398114413090816222", AuthorID: ownerID})
	id := b.scrapeJob(row{"unipile_post_id": "7398114413090816222"})
	b.poll(id)
	b.wantCounts(id, 0, 0)
	b.exec("UPDATE scrape_jobs SET unipile_post_id = $1", postID)
	b.poll(id)
	b.wantCounts(id, 1, 1)
}

// Ensure that a poll of a row or campaign that came to rest meanwhile does nothing.
func TestPollOfARestingRowReadsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.comment(1, "guide")
	for _, id := range []uuid.UUID{
		b.scrapeJob(row{"status": "paused"}),
		b.scrapeJob(row{"campaign_id": b.campaign(row{"status": "completed"})}),
		uuid.New(), // deleted
	} {
		b.poll(id)
	}
	if n := b.calls(""); n != 0 {
		t.Errorf("%d calls were made, want none", n)
	}
}

// Ensure that a row is polled at most every minute and at least once a year, however
// odd its interval.
func TestPollInterval(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for given, want := range map[any]time.Duration{
		nil: 5 * time.Minute, 0: time.Minute, -3: time.Minute, 60: time.Hour, 2147483647: 365 * 24 * time.Hour,
	} {
		id := b.scrapeJob(row{"poll_interval_minutes": given})
		b.poll(id)
		b.wantNext(id, want)
	}
}

// Ensure that comments of several ages, replies among them, are taken as they come.
func TestPollReadsTopLevelComments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	parent := b.comment(1, "guide")
	b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: b.person(2), Text: "guide", ParentID: parent})
	b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: b.person(3), Text: "guide", At: time.Now().AddDate(0, -2, 0)})
	id := b.scrapeJob(nil)
	b.poll(id)
	b.wantCounts(id, 2, 2)
}
