package jobs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	fakeresend "github.com/bravorevos/workers/sandbox/resend"
)

// accepted lets Resend take the next email, of which we do not hear.
func (b *bench) accepted() {
	b.mail.AddFault(fakeresend.Fault{Reset: true, AfterStore: true, Times: 1})
}

// wantInDoubt makes sure that a notification ended as one of which nobody knows whether
// it arrived, and that this can be read in its row.
func (b *bench) wantInDoubt(id uuid.UUID) {
	b.Helper()
	b.want("notifications", id, row{"status": "failed"})
	if message, _ := b.read("notifications", id)["error_message"].(string); !strings.HasPrefix(message, "Outcome unknown: ") {
		b.Errorf("error_message is %q, want it to say that the outcome is unknown", message)
	}
}

// Ensure an email that was accepted without our hearing of it, and could not be repeated
// while Resend remembered its key, is shown instead of sent once more.
func TestEmailInDoubtIsNotSentAfterItsKeyIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.notification(row{"created_at": nil}) // of unknown age: nothing but the doubt speaks against it
	b.accepted()
	b.wantEvent(b.email(id), river.EventKindJobFailed)
	b.mail.AddFault(fakeresend.Fault{Status: 429, Name: "daily_quota_exceeded", Times: 1})
	b.wantEvent(b.email(id), river.EventKindJobSnoozed)
	b.later(25 * time.Hour)

	result := b.email(id)
	if n := len(b.mail.Emails()); n != 1 {
		t.Errorf("%d emails went out, want 1", n)
	}
	b.wantEvent(result, river.EventKindJobCancelled)
	b.wantInDoubt(id)
	b.email(id)
	if n := len(b.mail.Requests()); n != 2 {
		t.Errorf("Resend was called %d times, want none after the two", n)
	}
}

// Ensure a key that Resend knows with other content means that the first email went out:
// it is recorded as sent, and nothing goes out once more.
func TestEmailThatResendHasWithOtherContentWasSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.notification(nil)
	b.accepted()
	b.wantEvent(b.email(id), river.EventKindJobFailed)
	b.exec(`UPDATE notifications SET metadata = '{"poster_name": "Somebody Else"}'`)

	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.wantOneEmail(id)
	if at := scalar[*time.Time](b, "SELECT sent_at FROM notifications"); at == nil {
		t.Error("sent_at is empty")
	}
}

// Ensure a try that Resend refused leaves no doubt: whatever time passes until the next,
// it is made.
func TestEmailThatWasOnlyRefusedMayBeSentLater(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeresend.Fault{
		"a quota":     {Status: 429, Name: "daily_quota_exceeded", Times: 1},
		"a wrong key": {Status: 401, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.notification(row{"created_at": nil})
			b.mail.AddFault(fault)
			b.wantEvent(b.email(id), river.EventKindJobSnoozed)
			b.later(72 * time.Hour)
			b.wantEvent(b.email(id), river.EventKindJobCompleted)
			b.wantOneEmail(id)
		})
	}
}
