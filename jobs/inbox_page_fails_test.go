package jobs_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// refuse answers the pages of an account's inbox that are chosen by their number, from
// 1, with a failure, for as long as it is on.
type refuse struct {
	from  int32 // this page and those after it
	on    atomic.Bool
	pages atomic.Int32 // that were asked for
}

func (r *refuse) between(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet && strings.HasSuffix(req.URL.Path, "/api/v1/messages") {
			n := r.pages.Add(1)
			if r.on.Load() && n >= r.from {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = w.Write([]byte(`{"status": 500, "type": "errors/unexpected_error", "title": "Unexpected error"}`))
				return
			}
		}
		next.ServeHTTP(w, req)
	})
}

// Ensure that an inbox of which one page cannot be read silences nobody who is stored
// already, by a webhook or from the pages before, and that the failure is still told.
func TestInboxHearsWhatIsStoredThoughAPageFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		from int32 // the first page that fails
	}{
		{"the first page", 1},
		{"the second page", 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := &refuse{from: tc.from}
			b := setup(t, func(o *options) { o.between = r.between })
			told, read := b.ask(1, nil), b.ask(2, nil)
			for n := range 300 { // more than a page
				b.answer(2, fmt.Sprintf("line %d", n))
			}
			b.answer(2, "please stop writing to me, unsubscribe")
			b.must(b.inbound.Take(t.Context(), messageFrom(b, 1, "ana@example.com")))

			r.on.Store(true)
			b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
			b.want("leads", told.lead, row{"status": "email_captured", "email": "ana@example.com"})
			if tc.from > 1 {
				b.want("leads", read.lead, row{"status": "opted_out"})
			}
		})
	}
}

// Ensure that an account which is signed out is asked once, not once for each message
// that waits, and that the messages wait.
func TestInboxOfARefusedAccountAsksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", NullIDs: true})
	var leads []uuid.UUID
	for n := range 5 {
		leads = append(leads, b.ask(n, nil).lead)
		b.must(b.inbound.Take(t.Context(), messageFrom(b, n, fmt.Sprintf("person%d@example.com", n))))
	}
	end := b.fault("chats_with", 401)
	b.fault("list_messages", 401)
	before := b.calls("chats_with")
	b.wantEvent(b.tryInbox(), river.EventKindJobCancelled)
	if asked := b.calls("chats_with") - before; asked != 1 {
		t.Errorf("%d look-ups of chats on a signed-out account, want 1", asked)
	}
	end()
	b.exec("DELETE FROM workers.pauses")
	b.checkInbox()
	for _, lead := range leads {
		b.want("leads", lead, row{"status": "email_captured"})
	}
}

// Ensure that a list whose next page is one that was read already ends, with an error:
// it would be read for a whole minute, over and over.
func TestInboxEndsWhereACursorNamesItself(t *testing.T) {
	t.Parallel()
	var pages atomic.Int32
	b := setup(t, func(o *options) {
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.Method == http.MethodGet && strings.HasSuffix(req.URL.Path, "/api/v1/messages") {
					pages.Add(1)
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(`{"object": "MessageList", "items": [], "cursor": "itself"}`))
					return
				}
				next.ServeHTTP(w, req)
			})
		}
	})
	b.ask(1, nil)
	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	if n := pages.Load(); n > 3 {
		t.Errorf("%d pages were read of a list that names itself", n)
	}
}

// Ensure a page that fails in the pages of a look keeps no later look from hearing what
// is new.
func TestInboxGoesOnBesideAPageThatAlwaysFails(t *testing.T) {
	t.Parallel()
	r := &refuse{from: 2}
	b := setup(t, func(o *options) { o.between = r.between })
	a := b.ask(1, nil)
	for n := range 300 {
		b.answer(1, fmt.Sprintf("line %d", n))
	}
	r.on.Store(true)
	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	r.pages.Store(0)
	b.linkedin.ReceiveMessage(fakeunipile.Inbound{AccountID: accountID, PersonID: member(1), Text: "ana@example.com", At: time.Now()})
	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	b.want("leads", a.lead, row{"status": "email_captured"})
}
