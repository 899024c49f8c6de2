package jobs_test

import (
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/privacy"
)

// Ensure a message whose text is forgotten never goes out, however it came to wait again, and
// that nobody is reached by a connection with it.
func TestForgottenTextIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, row{"body": ""})
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.wantSent()
	b.want("workers.messages", id, row{"state": "skipped", "error_type": "text_forgotten"})
	// The note of an invitation may be empty.
	note, lead := b.message(2, row{"body": "", "purpose": "invitation"})
	b.exec("UPDATE leads SET status = 'not_connected' WHERE id = $1", lead)
	b.send(note)
	if n := b.calls("invite"); n != 1 {
		t.Errorf("%d invitations were sent, want 1", n)
	}
}

// Ensure what the owner of an account sends without words, such as a file, is not taken for
// an invitation without a note: a human has taken over.
func TestFileIsNoInvitation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.message(2, row{
		"body": "", "purpose": "invitation", "state": "sent", "claimed_at": time.Now().Add(-time.Hour), "sent_at": time.Now().Add(-time.Hour),
	})
	b.linkedin.Type(accountID, member(1), "")
	b.answer(1, "thanks")
	b.checkInbox()
	if n := scalar[int](b, "SELECT count(*) FROM workers.takeovers WHERE lead_id = $1", a.lead); n != 1 {
		t.Errorf("%d takeovers, want 1", n)
	}
}

// Ensure that with the text of an old message the public name of its recipient is forgotten:
// the person's id is all that keeps them from being written to twice.
func TestMessageRetentionForgetsPublicName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, _ := b.message(1, row{"state": "sent", "recipient_slug": "ana-petrova", "updated_at": time.Now().Add(-91 * 24 * time.Hour)})
	waits, _ := b.message(2, row{"recipient_slug": "bo-lund", "updated_at": time.Now().Add(-91 * 24 * time.Hour)})
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	b.want("workers.messages", old, row{"body": "", "recipient_slug": nil, "recipient_id": member(1)})
	b.want("workers.messages", waits, row{"recipient_slug": "bo-lund"})
}
