package jobs_test

import (
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/inbox"
)

// Ensure the note of our own invitation, which becomes the first message of the chat
// when it is accepted, is not taken for a human who took over: the message still goes out.
func TestOwnInvitationIsNoTakeover(t *testing.T) {
	t.Parallel()
	for name, hear := range map[string]func(b *bench, note unipile.Message){
		"by webhook": func(b *bench, note unipile.Message) {
			note.RecipientID = member(1) // only a webhook tells
			b.must(b.inbound.Take(b.Context(), unipile.Event{Name: "message_received", AccountID: accountID, Message: &note}))
		},
		"in the inbox, after they wrote": func(b *bench, _ unipile.Message) {
			b.linkedin.Receive(accountID, member(1), "hello")
			work(b, inbox.CheckInboxArgs{AccountID: accountID})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			first, lead := b.stranger(otherRoutes)
			b.send(first)
			b.send(b.messageOf("invitation"))
			b.linkedin.AcceptInvitation(accountID, member(1))
			b.must(b.inbound.Take(t.Context(), relation(member(1))))
			chats, err := b.deps.Unipile.ChatsWith(t.Context(), accountID, member(1), "")
			b.must(err)
			page, err := b.deps.Unipile.ChatMessages(t.Context(), accountID, chats.Chats[0].ID, time.Time{}, "")
			b.must(err)

			hear(b, page.Messages[0])
			b.wantEvent(b.send(first), river.EventKindJobCompleted)
			b.want("leads", lead, row{"status": "dm_sent"})
			if n := scalar[int](b, "SELECT count(*) FROM workers.own_messages"); n != 0 {
				t.Errorf("%d messages count as the owner's, want none", n)
			}
		})
	}
}
