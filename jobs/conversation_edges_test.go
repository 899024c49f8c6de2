package jobs_test

import (
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/inbox"
)

// Ensure handling one person's message closes nobody else's: a "stop" of somebody whose
// address was taken waits for its own job.
func TestStopIsNotClosedUnheard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(1, nil)
	done := b.ask(2, nil)
	b.exec("UPDATE leads SET status = 'webhook_sent' WHERE id = $1", done.lead)
	for n, text := range map[int]string{1: "who is this?", 2: "stop"} {
		b.must(b.inbound.Take(t.Context(), messageFrom(b, n, text)))
	}
	for _, n := range []int{1, 2} {
		id := scalar[int64](b, "SELECT id FROM workers.inbox_messages WHERE sender_id = $1", member(n))
		b.wantEvent(work(b, inbox.HandleAnswerArgs{InboxMessageID: id}), river.EventKindJobCompleted)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE person_id = $1", member(2)); n != 1 {
		t.Error("the stop was not heard")
	}
}

// Ensure the note of an invitation, which stands in the chat as our message once it is
// accepted, however late, is no human who takes over.
func TestNoteOfAnInvitationIsNoTakeover(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _ := b.stranger(otherRoutes)
	b.send(first)
	b.send(b.messageOf("invitation"))
	b.exec("UPDATE workers.messages SET sent_at = sent_at - interval '2 days', claimed_at = claimed_at - interval '2 days' WHERE state = 'sent'")
	b.must(b.inbound.Take(t.Context(), unipile.Event{Name: "message_received", AccountID: accountID, Message: &unipile.Message{
		ID: "note", ChatID: "new chat", RecipientID: member(1), FromAccount: true, At: time.Now(),
		Text: scalar[string](b, "SELECT body FROM workers.messages WHERE purpose = 'invitation'"),
	}}))
	if n := scalar[int](b, "SELECT count(*) FROM workers.takeovers"); n != 0 {
		t.Error("our own note is taken for a human's message")
	}
}

// Ensure somebody who is given up and answers after all is asked what is doubtful about
// the answer, and that a "yes" then counts.
func TestExpiredLeadIsAskedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.exec("UPDATE leads SET status = 'expired' WHERE id = $1", a.lead)
	b.answer(1, "sorry, late: ana@gmial.com")
	b.checkInbox()
	b.sendWaiting()
	b.wantTexts(1, "Where shall I send it", "is it ana@gmail.com?")
	b.answer(1, "yes")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured", "email": "ana@gmail.com"})
}

// Ensure ids that Postgres refuses stop nothing: neither the look into an inbox nor
// the vendor's webhook, which would come again and again.
func TestMessagesWithImpossibleIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	event := messageFrom(b, 1, "ana@example.com")
	for _, change := range []func(*unipile.Message){
		func(m *unipile.Message) { m.ID = "a\x00b" },
		func(m *unipile.Message) { m.SenderID = "a\x00b" },
		func(m *unipile.Message) { m.ChatID = "a\x00b" },
		func(m *unipile.Message) { m.FromAccount, m.ID = true, "a\x00b" },
		func(m *unipile.Message) { m.FromAccount, m.ID, m.ChatID = true, "x", "a\x00b" },
		func(m *unipile.Message) { m.FromAccount, m.ID, m.RecipientID = true, "y", "a\x00b" },
	} {
		odd := *event.Message
		change(&odd)
		b.must(b.inbound.Take(t.Context(), unipile.Event{Name: "message_received", AccountID: accountID, Message: &odd}))
	}
	b.must(b.inbound.Take(t.Context(), unipile.Event{Name: "message_received", AccountID: "a\x00b", Message: event.Message}))
	b.must(b.inbound.Take(t.Context(), relation("a\x00b")))
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured"})
}
