package jobs_test

import (
	"strings"
	"testing"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/polls"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure that no fault of our own, at whichever step, is booked on the row: its
// owner could not mend it, and River tries again.
func TestPollBooksNoFaultOfOurOwn(t *testing.T) {
	t.Parallel()
	for table, fault := range map[string]struct{ broken, mended string }{
		// Not even an error of Postgres: it is read, and no time of ours holds it.
		"accounts":      {"INSERT INTO workers.accounts (id, next_write_at) VALUES ('" + accountID + "', 'infinity')", "DELETE FROM workers.accounts"},
		"watched posts": {"ALTER TABLE workers.watched_posts ADD CONSTRAINT broken CHECK (social_id = '')", "ALTER TABLE workers.watched_posts DROP CONSTRAINT broken"},
		"scans":         {"ALTER TABLE workers.watched_posts ADD CONSTRAINT broken CHECK (scan_started_at IS NULL)", "ALTER TABLE workers.watched_posts DROP CONSTRAINT broken"},
		"messages":      {"ALTER TABLE workers.messages ADD CONSTRAINT broken CHECK (body = '')", "ALTER TABLE workers.messages DROP CONSTRAINT broken"},
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.comment(1, "guide")
			id := b.scrapeJob(nil)
			b.exec(fault.broken)
			b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobFailed)
			b.want("scrape_jobs", id, row{"error_count": 0, "last_error": nil, "last_error_at": nil, "next_check": nil, "comments_scanned": 0})
			b.exec(fault.mended)
			b.poll(id)
			b.wantCounts(id, 1, 1)
		})
	}
}

// Ensure that a message which a person's name makes too long goes out without it,
// and that a long name stops nobody else.
func TestPollLeavesOutANameThatDoesNotFit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(row{"dm_template_step1": strings.Repeat("y", 7950) + " {{last_name}}"})
	id := b.scrapeJob(row{"campaign_id": campaign})
	b.comment(1, "guide")
	b.linkedin.AddPerson(fakeunipile.Person{ProviderID: member(1), Name: "Ana " + strings.Repeat("x", 100)})
	b.comment(2, "guide")
	b.poll(id)
	b.wantCounts(id, 2, 2)
	for person, want := range map[string]int{member(1): 7950, member(2): 7958} {
		if n := scalar[int](b, "SELECT length(body) FROM workers.messages WHERE recipient_id = $1", person); n != want {
			t.Errorf("message to %s has %d characters, want %d", person, n, want)
		}
	}
}
