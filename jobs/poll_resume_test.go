package jobs_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/polls"
)

// breakingAtPage answers the nth page of comments that is asked for with a failure.
func breakingAtPage(n int32) func(*options) {
	return func(o *options) {
		var pages atomic.Int32
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/comments") && pages.Add(1) == n {
					http.Error(w, "bad gateway", http.StatusBadGateway)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
}

// Ensure that a scan which broke off after its first page, wherever and however, is
// not taken for complete because that page is known now: every comment is read in
// the end, and counted once.
func TestPollReadsTheRestOfABrokenScan(t *testing.T) {
	t.Parallel()
	crash := func(b *bench, id uuid.UUID) {
		// The page is stored, the place to go on at is not.
		b.exec("CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'crash'; END $$")
		b.exec(`CREATE TRIGGER crash BEFORE UPDATE ON workers.watched_posts FOR EACH ROW
			WHEN (NEW.scan_cursor IS NOT NULL) EXECUTE FUNCTION crash()`)
		b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobFailed)
		b.exec("DROP TRIGGER crash ON workers.watched_posts")
	}
	forget := func(b *bench, id uuid.UUID) {
		b.failPoll(id)
		b.exec("UPDATE workers.watched_posts SET scan_cursor = 'forgotten'")
		b.failPoll(id) // the vendor refuses it
	}
	tests := []struct {
		name   string
		known  int // comments, from a complete scan before
		change func(*options)
		broken func(*bench, uuid.UUID)
	}{
		{"crash in the first scan", 0, func(*options) {}, crash},
		{"crash in a later scan", 30, func(*options) {}, crash},
		{"place forgotten in the first scan", 0, breakingAtPage(2), forget},
		{"place forgotten in a later scan", 30, breakingAtPage(3), forget},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tc.change)
			id := b.scrapeJob(nil)
			for n := range tc.known {
				b.comment(n, "guide")
			}
			if tc.known > 0 {
				b.poll(id)
			}
			for n := tc.known; n < 230; n++ {
				b.comment(n, "guide")
			}
			tc.broken(b, id)
			b.wantCounts(id, tc.known+100, tc.known+100)

			b.poll(id)
			b.wantCounts(id, 230, 230)
			if n := scalar[int](b, "SELECT count(DISTINCT recipient_id) FROM workers.messages"); n != 230 {
				t.Errorf("%d people get a message, want 230", n)
			}
		})
	}
}
