package jobs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ensure a comment that holds an address brings one message, too, when two campaigns wait for
// its word: the link that the first one promised, and not that of the second as well.
func TestCampaignsOnOnePostWithAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.comment(1, "guide ana@example.com")
	promise := row{"lead_magnet_url": "https://kelp.example/guide.pdf", "send_backup_link": true}
	first, second := b.scrapeJob(promise), b.scrapeJob(promise)
	b.poll(first)
	b.poll(second)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 1 {
		t.Errorf("%d messages for one comment", n)
	}
	if diff := cmp.Diff(map[string]int{"other_campaign": 1}, b.decisionsOf(second)); diff != "" {
		t.Errorf("decision of the second campaign (-want +got):\n%s", diff)
	}
	if n := scalar[int](b, "SELECT count(*) FROM leads"); n != 1 {
		t.Errorf("%d leads, want that of the first campaign", n)
	}
}
