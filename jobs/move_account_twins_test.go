package jobs_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// Ensure an account moves although both of its ids answered the same comment, for a campaign
// each: the message that went the furthest stays, one that waits does not go out as well, and
// what went out twice is kept.
func TestMoveAccountOntoTwins(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ old, new, wantOld, wantNew string }{
		"both wait":                  {"queued", "queued", "skipped", "queued"},
		"the old one was sent":       {"sent", "queued", "sent", "skipped"},
		"the old one is in doubt":    {"unknown", "queued", "unknown", "skipped"},
		"the old one was abandoned":  {"sending", "queued", "unknown", "skipped"},
		"both were sent":             {"sent", "sent", "sent", "sent"},
		"sent and in doubt":          {"sent", "unknown", "sent", "unknown"},
		"in doubt and sent":          {"unknown", "sent", "unknown", "sent"},
		"the new one is under way":   {"queued", "sending", "skipped", "sending"},
		"the old one was refused":    {"failed", "queued", "failed", "queued"},
		"the new one was skipped":    {"sent", "skipped", "sent", "skipped"},
		"both are in doubt for ever": {"unknown", "unknown", "unknown", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			of := func(account, state string) int64 {
				given := row{"account_id": account, "comment_id": "c1", "state": state, "claim": uuid.New()}
				if state != "queued" && state != "skipped" {
					given["claimed_at"] = time.Now().Add(-time.Hour)
				}
				id, _ := b.message(1, given)
				return id
			}
			from, to := of(accountID, tc.old), of(relinkedID, tc.new)
			b.move(false)
			b.want("workers.messages", from, row{"account_id": relinkedID, "state": tc.wantOld})
			b.want("workers.messages", to, row{"account_id": relinkedID, "state": tc.wantNew})
			if n := scalar[int](b, `SELECT count(*) FROM workers.messages
				WHERE duplicate_of IS NULL AND state IN ('queued', 'sending', 'sent', 'unknown')`); n != 1 {
				t.Errorf("%d messages answer the comment, want 1 and what it cannot take back marked", n)
			}
		})
	}
}
