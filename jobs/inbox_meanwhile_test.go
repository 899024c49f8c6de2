package jobs_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure that a "stop" is heard although the lead moves on between the moment it is read
// and the moment it is locked: the look into the chat, which lies between the two, is
// where the test lets an address be taken from a comment.
func TestInboxHearsAStopOfALeadThatMovesMeanwhile(t *testing.T) {
	t.Parallel()
	var b *bench
	var move sync.Once
	b = setup(t, func(o *options) {
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/chat_attendees/") {
					move.Do(func() {
						b.exec("UPDATE leads SET status = 'webhook_sent', email = 'ana@example.com' WHERE status = 'dm_sent'")
					})
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", NullIDs: true})
	b.ask(1, nil)
	b.answer(1, "please stop writing to me, unsubscribe")

	b.checkInbox()
	b.checkInbox()
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE person_id = $1", member(1)); n != 1 {
		result := scalar[*string](b, "SELECT result FROM workers.inbox_messages")
		t.Errorf("the stop is not recorded; the message ended as %v", *result)
	}
}
