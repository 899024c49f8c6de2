package jobs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/polls"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure a post with thousands of comments is read bit by bit, as the account's reads
// allow: nothing is lost or counted twice, and what comes meanwhile is found.
func TestPollReadsALargePostWithFewReads(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.CommentReadsPerDay = 9 })
	const old = 3000
	at := time.Now().Add(-24 * time.Hour)
	for n := range old {
		b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: b.person(n % 50), Text: "nice", At: at.Add(time.Duration(n) * time.Second)})
	}
	id := b.scrapeJob(nil)
	b.poll(id)
	b.want("scrape_jobs", id, row{"comments_scanned": 500, "error_count": 0, "last_error": nil})
	const pace = 48 * time.Hour / 9 // the other half of the reads lasts for the day
	b.wantNext(id, pace)

	reads := 1
	for scalar[bool](b, "SELECT scan_started_at IS NOT NULL FROM workers.watched_posts") {
		if reads++; reads > 70 {
			t.Fatal("the scan does not end")
		}
		b.comment(60+reads, "guide") // above what was read
		b.ageReads(pace)
		b.exec("UPDATE scrape_jobs SET next_check = now()")
		work(b, polls.PollCommentsArgs{ScrapeJobID: id})
		if n := scalar[int](b, "SELECT sum(calls) FROM workers.comment_reads WHERE hour > now() - interval '24 hours'"); n > 9 {
			t.Fatalf("%d reads within a day", n)
		}
	}
	// The next poll finds what came while the long scan went on.
	b.exec("UPDATE workers.comment_reads SET hour = hour - interval '25 hours'")
	b.poll(id)
	all := len(scalar[[]string](b, "SELECT array_agg(comment_id) FROM workers.comments"))
	b.wantCounts(id, all, reads-1)
	if want := old + reads - 1; all != want {
		t.Errorf("%d comments are known, want %d", all, want)
	}
	if n := b.calls("list_comments"); n > 60 { // every other one goes to the newest page
		t.Errorf("%d calls for %d comments", n, all)
	}
	t.Logf("%d comments took %d calls in %d polls", all, b.calls("list_comments"), reads+1)
}

// ageReads lets time pass since the reads that were counted.
func (b *bench) ageReads(d time.Duration) {
	b.Helper()
	b.exec(`WITH past AS (DELETE FROM workers.comment_reads RETURNING account_id, hour, calls)
		INSERT INTO workers.comment_reads SELECT account_id, date_trunc('hour', hour - $1::interval), sum(calls) FROM past GROUP BY 1, 2`, d)
}

// wantNext makes sure that a post is read again after the interval, or up to a fifth
// of it later.
func (b *bench) wantNext(id uuid.UUID, interval time.Duration) {
	b.Helper()
	if wait := time.Until(b.nextCheck(id)); wait < interval-time.Minute || wait > interval+interval/5 {
		b.Errorf("the post is read again in %s, want in %s or up to a fifth later", wait, interval)
	}
}

// Ensure who comments while a long scan goes on is served within two polls, and that
// nobody is lost when more come between two polls than a page holds.
func TestPollServesNewCommentsDuringALongScan(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.CommentReadsPerDay = 20 })
	const old, more = 2500, 250
	for n := range old {
		b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: b.person(n % 50), Text: "nice"})
	}
	id := b.scrapeJob(nil)
	b.poll(id)
	if !scalar[bool](b, "SELECT scan_started_at IS NOT NULL FROM workers.watched_posts") {
		t.Fatal("the scan is no long one")
	}
	b.comment(60, "guide")
	b.poll(id)
	b.poll(id)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE recipient_id = $1", member(60)); n != 1 {
		t.Errorf("%d messages wait for who commented meanwhile, want 1", n)
	}
	for n := range more {
		b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: b.person(100 + n), Text: "guide"})
	}
	for reads := 0; scalar[bool](b, "SELECT scan_started_at IS NOT NULL FROM workers.watched_posts"); reads++ {
		if reads > 100 {
			t.Fatal("the scan does not end")
		}
		b.ageReads(4 * time.Hour)
		b.poll(id)
	}
	b.exec("UPDATE workers.comment_reads SET hour = hour - interval '25 hours'")
	b.poll(id)
	b.wantCounts(id, old+1+more, 1+more)
}

// Ensure an account's own number of reads wins, and a full day costs no call.
func TestPollOfAnAccountWithoutReads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	insert[string](b, "workers.accounts", row{"id": accountID, "comment_reads_per_day": 0, "provider_id": ownerID}, nil)
	b.comment(1, "guide")
	id := b.scrapeJob(nil)
	b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobCancelled)
	if n := b.calls("list_comments"); n != 0 {
		t.Errorf("%d reads, want none", n)
	}
	b.exec("UPDATE workers.accounts SET comment_reads_per_day = 1")
	b.poll(id)
	b.wantCounts(id, 1, 1)
}

// Ensure a quiet post is read less often as it ages, and one that moves at its
// owner's pace again.
func TestPollSlowsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.scrapeJob(row{"poll_interval_minutes": 3})
	b.poll(id)
	b.wantNext(id, 3*time.Minute)
	for age, want := range map[string]time.Duration{"5 hours": 15 * time.Minute, "3 days": 45 * time.Minute, "30 days": 6 * time.Hour} {
		b.exec("UPDATE workers.watched_posts SET published_at = now() - $1::interval, moved_at = NULL", age)
		b.poll(id)
		b.wantNext(id, want)
	}
	b.comment(1, "hello")
	b.poll(id)
	b.wantNext(id, 3*time.Minute)
}

// Ensure a post that is gone is given up after some reads, not after one, and goes on
// when it is opened again.
func TestPollGivesUpAPostThatIsGone(t *testing.T) {
	t.Parallel()
	for _, tc := range []fakeunipile.Fault{
		{Operation: "list_comments", Status: 404, Type: "resource_not_found", Detail: "Post not found"},
		{Operation: "get_post", Status: 422, Type: "invalid_post"},
	} {
		t.Run(fmt.Sprintf("%s %d", tc.Operation, tc.Status), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.comment(1, "guide")
			id := b.scrapeJob(nil)
			b.linkedin.AddFault(tc)
			for range 2 {
				b.failPoll(id)
				b.want("scrape_jobs", id, row{"status": "running"})
			}
			if tc.Operation == "list_comments" { // found once more: the count starts anew
				b.linkedin.ClearFaults()
				b.poll(id)
				b.linkedin.AddFault(tc)
				b.failPoll(id)
				b.failPoll(id)
				b.want("scrape_jobs", id, row{"status": "running"})
			}
			if got := b.failPoll(id); !strings.Contains(got, "enqueue scrape --status failed --id "+id.String()) {
				t.Errorf("last_error %q does not say what to do", got)
			}
			b.want("scrape_jobs", id, row{"status": "failed"})
			if got := b.run(b.sweeps.ScrapeJobs); len(got) != 0 {
				t.Errorf("the sweep gives a job to %v", got)
			}
			b.linkedin.ClearFaults()
			b.exec("UPDATE scrape_jobs SET status = 'scheduled'")
			b.poll(id)
			b.wantCounts(id, 1, 1)
			if n := scalar[int](b, "SELECT not_found FROM workers.watched_posts"); n != 0 {
				t.Errorf("%d misses are counted after a success", n)
			}
		})
	}
}

// Ensure the long scan of one post does not keep the account's others from being read.
func TestLongScanLeavesReadsToOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.CommentReadsPerDay = 10 })
	for n := range 1500 {
		b.linkedin.AddComment(fakeunipile.Comment{PostID: postID, AuthorID: b.person(n % 50), Text: "nice"})
	}
	const otherPost = "7398114413090816999"
	b.linkedin.AddPost(fakeunipile.Post{ID: otherPost, SocialID: "urn:li:ugcPost:7398114411123456999", AuthorID: ownerID})
	long, other := b.scrapeJob(nil), b.scrapeJob(row{"unipile_post_id": otherPost})
	b.poll(long)
	b.poll(other)
	b.want("scrape_jobs", other, row{"last_error": nil})
	if n := b.calls("list_comments"); n != 6 {
		t.Errorf("%d reads, want half of the day's for the scan and one for the other post", n)
	}
}
