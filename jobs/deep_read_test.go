package jobs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/unipile"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// late lets person n's answer appear now that was written so long ago.
func (b *bench) late(n int, ago time.Duration, text string) {
	b.linkedin.ReceiveMessage(fakeunipile.Inbound{AccountID: accountID, PersonID: member(n), Text: text, At: time.Now().Add(-ago)})
}

// Ensure that an answer which was written while everything was paused is read however late it
// is synchronised, whatever ended the pause.
func TestInboxIsReadBackAfterAPause(t *testing.T) {
	t.Parallel()
	pause := func(b *bench, until any) {
		b.exec("INSERT INTO workers.pauses (account_id, action, reason, since, until) VALUES ($1, 'everything', 'errors/disconnected_account', now() - interval '4 days', $2)", accountID, until)
	}
	tests := []struct {
		name string
		ends func(*bench)
	}{
		{"resumed by hand", func(b *bench) {
			pause(b, nil)
			b.exec("DELETE FROM workers.pauses")
		}},
		{"ran out", func(b *bench) {
			pause(b, time.Now().Add(time.Second))
			b.until("the pause is over", func(context.Context) bool {
				return scalar[bool](b, "SELECT until < now() FROM workers.pauses")
			})
		}},
		{"signed in again", func(b *bench) {
			pause(b, nil)
			status := unipile.StatusReconnected
			b.must(b.inbound.Take(b.Context(), unipile.Event{Name: "account_status", AccountID: accountID, Status: &status}))
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			other, soon, later := b.ask(1, nil), b.ask(2, nil), b.ask(3, nil)
			b.exec("UPDATE workers.messages SET claimed_at = now() - interval '5 days', sent_at = now() - interval '5 days'")
			b.answer(1, "other@example.com")
			b.checkInbox()
			tc.ends(b)
			b.late(2, 70*time.Hour, "soon@example.com") // further back than the usual deep look
			b.checkInbox()
			b.want("leads", other.lead, row{"email": "other@example.com"})
			b.want("leads", soon.lead, row{"email": "soon@example.com"})

			// The rest is synchronised a while after that.
			b.exec(`UPDATE workers.accounts SET inbox_resumed_at = inbox_resumed_at - interval '1 hour',
				inbox_deep_read_at = inbox_deep_read_at - interval '1 hour', inbox_deep_tried_at = inbox_deep_tried_at - interval '1 hour'`)
			b.late(3, 70*time.Hour, "later@example.com")
			b.checkInbox()
			b.want("leads", later.lead, row{"email": "later@example.com"})
		})
	}
}

// Ensure the inbox is read two days back a few times a day, and not at each look.
func TestInboxIsReadBackAFewTimesADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, late := b.ask(1, nil), b.ask(2, nil)
	b.exec("UPDATE workers.messages SET claimed_at = now() - interval '5 days', sent_at = now() - interval '5 days'")
	b.answer(1, "other@example.com")
	calls := func() int {
		before := b.calls("list_messages")
		b.checkInbox()
		return b.calls("list_messages") - before
	}
	calls()
	b.want("leads", other.lead, row{"email": "other@example.com"})
	if n := calls(); n != 1 {
		t.Errorf("%d reads in a look, want 1", n)
	}
	b.exec("UPDATE workers.accounts SET inbox_deep_read_at = now() - interval '6 hours 1 minute'")
	b.late(2, 40*time.Hour, "late@example.com")
	if n := calls(); n != 2 {
		t.Errorf("%d reads in a deep look, want 2", n)
	}
	b.want("leads", late.lead, row{"email": "late@example.com"})
	if n := calls(); n != 1 {
		t.Errorf("%d reads in the look after it, want 1", n)
	}
}

// Ensure a look back that breaks off stores what it read, is not begun anew at every look, and
// lets nothing wait that is new.
func TestInboxLooksBackApartFromWhatIsNew(t *testing.T) {
	t.Parallel()
	r := &refuse{from: 3}
	b := setup(t, func(o *options) { o.between = r.between })
	late, fresh, again := b.ask(1, nil), b.ask(2, nil), b.ask(3, nil)
	b.exec("UPDATE workers.messages SET claimed_at = now() - interval '5 days', sent_at = now() - interval '5 days'")
	b.answer(2, "hello")
	b.checkInbox()
	b.person(4)
	for n := range 300 { // more than a page, further back than an ordinary look
		b.late(4, time.Hour, fmt.Sprintf("line %d", n))
	}
	b.late(1, 30*time.Minute, "late@example.com")
	b.exec("UPDATE workers.accounts SET inbox_deep_read_at = now() - interval '1 day', inbox_deep_tried_at = NULL")
	b.answer(2, "fresh@example.com")
	r.pages.Store(0)
	r.on.Store(true)
	b.wantEvent(b.tryInbox(), river.EventKindJobFailed) // at the second page of the look back
	b.want("leads", fresh.lead, row{"email": "fresh@example.com"})
	b.want("leads", late.lead, row{"email": "late@example.com"})

	r.pages.Store(0)
	b.answer(3, "again@example.com")
	b.checkInbox()
	b.want("leads", again.lead, row{"email": "again@example.com"})
	if n := r.pages.Load(); n != 1 {
		t.Errorf("%d reads right after a look back that broke off, want 1", n)
	}
}
