package jobs_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure that an answer which was passed over as a stranger's is heard, when a poll
// finds out whose it is while the inbox is still being read.
func TestInboxHearsWhoIsIdentifiedMeanwhile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		readUntil any
	}{
		{"in a first look", nil},
		{"in a later look", time.Now().Add(-30 * time.Minute)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			reading, identified := make(chan struct{}), make(chan struct{})
			var pages atomic.Int32
			b := setup(t, func(o *options) {
				o.between = func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if strings.HasSuffix(r.URL.Path, "/messages") && pages.Add(1) == 2 {
							close(reading)
							<-identified
						}
						next.ServeHTTP(w, r)
					})
				}
			})
			campaign := b.campaign(nil)
			id := b.scrapeJob(row{"campaign_id": campaign})
			// From before the workers, and looked up in vain today.
			lead := b.lead(row{
				"campaign_id": campaign, "linkedin_id": "person-1", "status": "dm_sent",
				"provider_checked_at": time.Now(), "created_at": time.Now().Add(-time.Hour),
			})
			insert[string](b, "workers.accounts", row{"id": accountID, "inbox_read_until": tc.readUntil}, nil)
			b.comment(1, "guide, please")
			b.person(2)
			receive := func(n int, text string, ago time.Duration) {
				b.linkedin.ReceiveMessage(fakeunipile.Inbound{AccountID: accountID, PersonID: member(n), Text: text, At: time.Now().Add(-ago)})
			}
			for n := range 300 { // more than a page
				receive(2, fmt.Sprintf("line %d", n), 25*time.Minute)
			}
			// On the first page, which begins with the newest, and further back than
			// the next look reads again by itself.
			receive(1, "ana@example.com", 20*time.Minute)
			receive(2, "the newest", 0)

			var inbox sync.WaitGroup
			inbox.Go(b.checkInbox)
			<-reading
			b.poll(id)
			b.want("leads", lead, row{"provider_id": member(1), "status": "dm_sent"})
			close(identified)
			inbox.Wait()

			b.checkInbox()
			b.want("leads", lead, row{"status": "email_captured", "email": "ana@example.com"})
		})
	}
}
