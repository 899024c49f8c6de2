package jobs_test

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"

	"github.com/bravorevos/workers/jobs/emails"
	fakeresend "github.com/bravorevos/workers/sandbox/resend"
)

func (b *bench) email(id uuid.UUID) *rivertest.WorkResult {
	b.Helper()
	return work(b, emails.SendEmailArgs{NotificationID: id})
}

// Ensure what the email of a pod notification says, and that the row remembers it.
func TestSendEmail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(row{"email": "jo.okafor@tarn.example", "first_name": "Jo", "last_name": "Okafor"})
	id := b.notification(row{"user_id": user, "metadata": json.RawMessage(
		`{"poster_name": "Mara <i>Lindqvist</i>", "post_preview": "Comment <b>GUIDE</b> & \"win\"", "kept": [1]}`)})

	b.wantEvent(b.email(id), river.EventKindJobCompleted)
	emails := b.mail.Emails()
	if len(emails) != 1 {
		t.Fatalf("%d emails were sent, want 1", len(emails))
	}
	e := emails[0]
	b.want("notifications", id, row{"status": "sent", "error_message": nil, "metadata": row{
		"poster_name": "Mara <i>Lindqvist</i>", "post_preview": `Comment <b>GUIDE</b> & "win"`, "kept": []int{1}, "email_id": e.ID,
	}})
	b.wantNear(scalar[time.Time](b, "SELECT sent_at FROM notifications"), 0)

	got := []string{e.From, strings.Join(e.To, ","), e.Subject, e.IdempotencyKey}
	want := []string{"Bravo revOS <notifications@bravorevos.com>", "jo.okafor@tarn.example", "🚀 New post to engage: Mara <i>Lindqvist</i>", id.String()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("from, to, subject and key (-want +got):\n%s", diff)
	}
	link := "https://www.linkedin.com/feed/update/urn:li:activity:" + postID + "/"
	for part, holds := range map[string][]string{
		e.HTML: {"Jo Okafor", "Mara &lt;i&gt;Lindqvist&lt;/i&gt;", "Comment &lt;b&gt;GUIDE&lt;/b&gt; &amp; ", `href="` + link + `"`, "Bravo revOS"},
		e.Text: {"Jo Okafor", "Mara <i>Lindqvist</i>", `Comment <b>GUIDE</b> & "win"`, link, "Bravo revOS"},
	} {
		for _, text := range holds {
			if !strings.Contains(part, text) {
				t.Errorf("email lacks %q:\n%s", text, part)
			}
		}
	}
	if strings.Contains(e.HTML, "<i>") || strings.Contains(e.HTML, "<b>") {
		t.Errorf("text from outside is not escaped:\n%s", e.HTML)
	}
}

// Ensure that rows which lack what they may lack are sent, with the part before the
// @ for a name, and that odd metadata is replaced and not the end of it.
func TestSendEmailOfABareRow(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]any{
		"null": nil, "empty": json.RawMessage(`{}`), "a list": json.RawMessage(`["a"]`), "a text": json.RawMessage(`"a"`),
		"odd types": json.RawMessage(`{"poster_name": {"a": 1}, "post_preview": 7}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.notification(row{
				"user_id": b.user(row{"email": " jo.okafor@tarn.example "}), "status": nil, "metadata": metadata,
			})
			b.wantEvent(b.email(id), river.EventKindJobCompleted)
			b.want("notifications", id, row{"status": "sent"})
			if n := scalar[string](b, "SELECT metadata ->> 'email_id' FROM notifications"); len(b.mail.Emails()) != 1 || n != b.mail.Emails()[0].ID {
				t.Fatalf("email_id %q is not that of the one email %v", n, b.mail.Emails())
			}
			if text := b.mail.Emails()[0].Text; !strings.Contains(text, "jo.okafor") || strings.Contains(text, "@tarn") {
				t.Errorf("greeting is not the part before the @:\n%s", text)
			}
		})
	}
}

// Ensure that a notification that can never be sent is failed with a clear reason,
// without a call to Resend.
func TestSendEmailThatCannotBeSent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		user         row
		notification row
		says         string
	}{
		{"no address", row{"email": nil}, nil, "User has no email address"},
		{"blank address", row{"email": "  "}, nil, "User has no email address"},
		{"no address at all", row{"email": "not an address"}, nil, "User's email address is not valid"},
		{"two addresses", row{"email": "a@tarn.example, b@tarn.example"}, nil, "User's email address is not valid"},
		{"no link", nil, row{"linkedin_url": nil}, "linkedin_url: link must begin with https://"},
		{"script for a link", nil, row{"linkedin_url": "javascript:alert(1)"}, "linkedin_url: link must begin with https://"},
		{"link elsewhere", nil, row{"linkedin_url": "https://linkedin.com.evil.example/x"}, "linkedin_url: link must lead to linkedin.com"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			columns := row{"user_id": b.user(tc.user)}
			maps.Copy(columns, tc.notification)
			id := b.notification(columns)
			b.wantEvent(b.email(id), river.EventKindJobCompleted)
			b.want("notifications", id, row{"status": "failed", "error_message": tc.says, "sent_at": nil})
			if n := len(b.mail.Requests()); n != 0 {
				t.Errorf("Resend was called %d times, want none", n)
			}
		})
	}
}

// Ensure that only what Resend says about this one email fails it; trouble with the
// key, a quota or the service leaves it pending.
func TestSendEmailThatResendRefuses(t *testing.T) {
	t.Parallel()
	tomorrow := max(time.Until(time.Now().UTC().Truncate(24*time.Hour).Add(24*time.Hour)), time.Minute)
	tests := []struct {
		name   string
		fault  fakeresend.Fault
		event  river.EventKind
		status string
		wait   time.Duration // of the next try, ± 20 %
	}{
		{"the email is refused", fakeresend.Fault{Status: 422}, river.EventKindJobCancelled, "failed", 0},
		{"the key is refused", fakeresend.Fault{Status: 401}, river.EventKindJobSnoozed, "pending", time.Minute},
		{"the sender is not verified", fakeresend.Fault{Status: 403, Name: "validation_error"}, river.EventKindJobSnoozed, "pending", time.Minute},
		{"too fast", fakeresend.Fault{Status: 429}, river.EventKindJobSnoozed, "pending", time.Minute},
		{"the day's quota is used up", fakeresend.Fault{Status: 429, Name: "daily_quota_exceeded"}, river.EventKindJobSnoozed, "pending", tomorrow},
		{"the month's quota is used up", fakeresend.Fault{Status: 429, Name: "monthly_quota_exceeded"}, river.EventKindJobSnoozed, "pending", 24 * time.Hour},
		{"Resend fails", fakeresend.Fault{Status: 500}, river.EventKindJobFailed, "pending", 2 * time.Second},
		{"the connection is cut", fakeresend.Fault{Reset: true}, river.EventKindJobFailed, "pending", 2 * time.Second},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.mail.AddFault(tc.fault)
			id := b.notification(nil)
			result := b.email(id)
			b.wantEvent(result, tc.event)
			b.want("notifications", id, row{"status": tc.status, "sent_at": nil})
			if message, _ := b.read("notifications", id)["error_message"].(string); (message != "") != (tc.status == "failed") {
				t.Errorf("error_message is %q of a row that is %s", message, tc.status)
			}
			if tc.status == "failed" {
				return
			}
			if wait := time.Until(result.Job.ScheduledAt); wait > tc.wait*13/10+time.Second || wait < tc.wait*7/10-5*time.Second {
				t.Errorf("next try in %s, want about %s", wait, tc.wait)
			}
			b.mail.ClearFaults()
			b.wantEvent(b.email(id), river.EventKindJobCompleted)
			b.want("notifications", id, row{"status": "sent"})
		})
	}
}

// Ensure that an email goes out once, although it was accepted without our hearing
// of it, could not be recorded, or is worked by several at once.
func TestSendEmailOnce(t *testing.T) {
	t.Parallel()
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.mail.AddFault(fakeresend.Fault{Reset: true, AfterStore: true, Times: 1})
		id := b.notification(nil)
		b.wantEvent(b.email(id), river.EventKindJobFailed)
		b.wantEvent(b.email(id), river.EventKindJobCompleted)
		b.wantOneEmail(id)
	})
	t.Run("not recorded", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.exec("ALTER TABLE notifications ADD CONSTRAINT broken CHECK (status <> 'sent')")
		id := b.notification(nil)
		b.wantEvent(b.email(id), river.EventKindJobFailed)
		b.exec("ALTER TABLE notifications DROP CONSTRAINT broken")
		b.wantEvent(b.email(id), river.EventKindJobCompleted)
		b.wantOneEmail(id)
	})
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id := b.notification(nil)
		b.email(id)
		b.email(id)
		b.wantOneEmail(id)
	})
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id := b.notification(nil)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { b.email(id) })
		}
		wg.Wait()
		b.wantOneEmail(id)
	})
}

func (b *bench) wantOneEmail(id uuid.UUID) {
	b.Helper()
	b.want("notifications", id, row{"status": "sent"})
	if n := len(b.mail.Emails()); n != 1 {
		b.Errorf("%d emails went out, want 1", n)
	}
}

// Ensure that rows of other types and those that are done are left alone.
func TestSendEmailOnlyForPendingPodNotifications(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(nil)
	for _, columns := range []row{{"type": "system"}, {"status": "sent"}, {"status": "failed"}} {
		columns["user_id"] = user
		id := b.notification(columns)
		before := b.read("notifications", id)
		b.wantEvent(b.email(id), river.EventKindJobCompleted)
		if diff := cmp.Diff(before, b.read("notifications", id)); diff != "" {
			t.Errorf("%v was changed (-before +after):\n%s", columns, diff)
		}
	}
	b.wantEvent(b.email(uuid.New()), river.EventKindJobCompleted) // deleted by its producer
	if n := len(b.mail.Requests()); n != 0 {
		t.Errorf("Resend was called %d times, want none", n)
	}
}
