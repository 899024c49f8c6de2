package jobs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/bravorevos/workers/jobs/polls"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure that once the row names another post, whichever way and even in the middle
// of a scan, that one is read and nobody is written to any more for the old one.
func TestPollReadsNoPostThatWasReplaced(t *testing.T) {
	t.Parallel()
	const other = "7398114413090899999"
	byLink := func(b *bench) row {
		campaign := b.campaign(nil)
		post := insert[uuid.UUID](b, "posts", row{"campaign_id": campaign, "post_url": "https://www.linkedin.com/feed/update/urn:li:activity:" + postID}, nil)
		return row{"campaign_id": campaign, "post_id": post, "unipile_post_id": ""}
	}
	tests := []struct {
		name    string
		change  func(*options)
		job     func(*bench) row
		correct string
	}{
		{"its id", func(*options) {}, func(*bench) row { return nil }, "UPDATE scrape_jobs SET unipile_post_id = $1"},
		{"its id, in the middle of a scan", breakingAtPage(2), func(*bench) row { return nil }, "UPDATE scrape_jobs SET unipile_post_id = $1"},
		{"its link", func(*options) {}, byLink, "UPDATE posts SET post_url = 'https://www.linkedin.com/feed/update/urn:li:activity:' || $1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tc.change)
			for n := range 120 {
				b.comment(n, "nice")
			}
			id := b.scrapeJob(tc.job(b))
			work(b, polls.PollCommentsArgs{ScrapeJobID: id})                       // to its end, or until it breaks off
			b.exec("UPDATE workers.watched_posts SET author_id = $1", member(300)) // of the old post, as if a guest's
			b.exec(tc.correct, other)
			b.linkedin.AddPost(fakeunipile.Post{ID: other, AuthorID: b.person(200)})
			for _, n := range []int{200, 300} {
				b.linkedin.AddComment(fakeunipile.Comment{PostID: other, AuthorID: b.person(n), Text: "guide"})
			}
			b.comment(201, "guide")

			b.poll(id)
			b.poll(id)
			recipients := scalar[[]string](b, "SELECT array_agg(recipient_id) FROM workers.messages")
			if diff := cmp.Diff([]string{member(300)}, recipients); diff != "" {
				t.Errorf("people who get a message, without the new post's author (-want +got):\n%s", diff)
			}
		})
	}
}
