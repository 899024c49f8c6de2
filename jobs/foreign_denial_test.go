package jobs_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/inbox"
)

// Ensure that a gateway which refuses us in the vendor's place stops no account,
// fails nothing and costs only the time until it is gone.
func TestDenialOfAGatewayPausesNoAccount(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"a page": "<html>401 Authorization Required</html>", "nothing": "", "other JSON": `{"message": "Unauthorized"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) {
				o.between = func(http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						w.WriteHeader(http.StatusUnauthorized)
						_, _ = w.Write([]byte(body))
					})
				}
			})
			campaign := b.campaign(nil)
			id := b.scrapeJob(row{"campaign_id": campaign})
			message, lead := b.message(1, row{"campaign_id": campaign})

			if said := b.failPoll(id); !strings.Contains(said, "401") {
				t.Errorf("last_error is %q, want it to hold the status", said)
			}
			result := b.send(message)
			b.wantEvent(result, river.EventKindJobSnoozed)
			b.wantNear(result.Job.ScheduledAt, time.Minute)
			b.wantEvent(work(b, inbox.CheckInboxArgs{AccountID: accountID}), river.EventKindJobSnoozed)
			b.want("workers.messages", message, row{"state": "queued"})
			b.want("leads", lead, row{"status": "comment_detected"})
			if len(b.pauses()) != 0 {
				t.Errorf("the account is paused: %v", b.pauses())
			}
		})
	}
}
