package jobs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/emails"
	fakeresend "github.com/bravorevos/workers/sandbox/resend"
	"github.com/bravorevos/workers/store"
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

// Ensure what a human asks for is sent although it may have arrived, and only once more.
func TestEmailInDoubtIsSentAgainWhenAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.notification(nil)
	b.accepted()
	b.wantEvent(b.email(id), river.EventKindJobFailed)
	b.later(25 * time.Hour)
	b.wantEvent(b.email(id), river.EventKindJobCancelled)
	b.wantInDoubt(id)

	ids := []uuid.UUID{id}
	b.must(store.New().EmailRelease(t.Context(), b.pool, ids))
	b.must(store.New().NotificationReopen(t.Context(), b.pool, ids))
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.must(store.New().EmailRelease(t.Context(), b.pool, ids))
	b.exec("UPDATE notifications SET status = 'pending'")
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.want("notifications", id, row{"status": "sent", "error_message": nil})
	if n := len(b.mail.Emails()); n != 2 {
		t.Errorf("%d emails went out, want the first and the one that was asked for", n)
	}
}

// Ensure an email that was sent is only recorded when its row is pending once more: the
// ledger remembers it longer than Resend does.
func TestEmailThatWasSentIsNotSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.notification(row{"created_at": nil})
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.later(48 * time.Hour)
	b.exec("UPDATE notifications SET status = 'pending', sent_at = NULL, metadata = NULL")
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.wantOneEmail(id)
	if got := scalar[string](b, "SELECT metadata ->> 'email_id' FROM notifications"); got != b.mail.Emails()[0].ID {
		t.Errorf("email_id is %q, want that of the one email", got)
	}
}

// Ensure a refusal after a try without an answer takes nothing of the doubt away, and
// that both are told.
func TestEmailRefusedWhileInDoubt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.notification(nil)
	b.accepted()
	b.wantEvent(b.email(id), river.EventKindJobFailed)
	b.mail.AddFault(fakeresend.Fault{Status: 422, Times: 1})
	b.wantEvent(b.email(id), river.EventKindJobCancelled)
	b.want("notifications", id, row{"status": "failed"})
	if message, _ := b.read("notifications", id)["error_message"].(string); !strings.Contains(message, "422") || !strings.Contains(message, "may have arrived") {
		t.Errorf("error_message is %q, want the refusal and the doubt", message)
	}
	if state := scalar[string](b, "SELECT state FROM workers.emails WHERE in_doubt_since IS NOT NULL"); state != "unknown" {
		t.Errorf("the email is %s, want it in doubt", state)
	}
}

// Ensure that Resend still working on the first request leaves the email in doubt, to be
// asked for again.
func TestEmailWhoseFirstRequestIsUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.notification(nil)
	b.mail.AddFault(fakeresend.Fault{Status: 409, Name: "concurrent_idempotent_requests", Times: 1})
	b.wantEvent(b.email(id), river.EventKindJobFailed)
	if n := scalar[int](b, "SELECT count(*) FROM workers.emails WHERE state = 'unknown' AND in_doubt_since IS NOT NULL"); n != 1 {
		t.Error("the email is not in doubt")
	}
	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	b.wantOneEmail(id)
}

// Ensure an owner is not told twice, either, once Resend has forgotten the first email.
func TestTellOwnerInDoubt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	owner := b.user(row{"client_id": client})
	b.exec(`INSERT INTO workers.webhook_endpoints (scope, url) VALUES ($1, 'https://crm.example/in')`, client)
	incident := scalar[int64](b, "INSERT INTO workers.webhook_incidents (endpoint_id, kind) SELECT id, 'failing' FROM workers.webhook_endpoints RETURNING id")
	tell := emails.TellOwnerArgs{IncidentID: incident, UserID: owner}
	b.accepted()
	b.wantEvent(work(b, tell), river.EventKindJobFailed)
	b.later(25 * time.Hour)
	result := work(b, tell)
	if n := len(b.mail.Emails()); n != 1 {
		t.Errorf("%d emails went out, want 1", n)
	}
	b.wantEvent(result, river.EventKindJobCancelled)
	if text := attemptErrors(result.Job); len(text) == 0 || !strings.Contains(text[0], "Outcome unknown: ") {
		t.Errorf("the job says %q, want that the outcome is unknown", text)
	}
	if n := testutil.ToFloat64(b.deps.Funnel.Step("email_unknown")); n != 1 {
		t.Errorf("%v emails are counted as unknown, want 1", n)
	}
}
