package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/privacy"
)

// Ensure an answer that comes after first messages were planned goes before them.
func TestAnswersGoFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.GapMin, o.settings.Limits.GapMax = 2*time.Second, 2*time.Second })
	first, _ := b.message(1, nil)
	b.run(b.sweeps.Messages)
	lead := b.lead(row{"linkedin_id": b.person(2), "status": "email_captured"})
	backup, _ := b.message(2, row{"purpose": "backup_link", "lead_id": lead})

	b.wantEvent(b.send(first), river.EventKindJobSnoozed)
	b.want("workers.messages", first, row{"state": "queued", "attempts": 0})
	b.send(backup)
	b.want("workers.messages", backup, row{"state": "sent"})
	b.wantEvent(b.send(first), river.EventKindJobSnoozed) // the gap
	b.exec("UPDATE workers.accounts SET next_write_at = now()")
	b.send(first)
	b.want("workers.messages", first, row{"state": "sent"})
}

// Ensure first messages do not wait for an answer that itself must wait.
func TestAnswersThatWaitHoldUpNobody(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]string{
		"paused":    "INSERT INTO workers.pauses (account_id, action, reason) SELECT account_id, 'answer', 'test' FROM workers.messages LIMIT 1",
		"limit":     "INSERT INTO workers.accounts (id, answers_per_hour) SELECT account_id, 0 FROM workers.messages LIMIT 1",
		"its time":  "UPDATE workers.messages SET not_before = now() + interval '1 hour' WHERE purpose = 'backup_link'",
		"campaign":  "UPDATE campaigns SET status = 'paused' WHERE id IN (SELECT campaign_id FROM workers.messages WHERE purpose = 'backup_link')",
		"not there": "DELETE FROM workers.messages WHERE purpose = 'backup_link'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			first, _ := b.message(1, nil)
			lead := b.lead(row{"linkedin_id": b.person(2), "status": "email_captured"})
			b.message(2, row{"purpose": "backup_link", "lead_id": lead})
			b.exec(held)
			b.send(first)
			b.want("workers.messages", first, row{"state": "sent"})
		})
	}
}

// Ensure the live posts of an account share its turns, the oldest message of each
// first, and that ten thousand waiting messages make no more jobs than the stretch needs.
func TestPlanSharesAmongPosts(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) {
		o.settings.Intervals.Messages = 15 * time.Second
		o.settings.Limits.GapMin, o.settings.Limits.GapMax = 10*time.Second, 10*time.Second
	})
	large, small := b.scrapeJob(nil), b.scrapeJob(nil)
	b.crowd(large, 10_000)
	b.crowd(small, 3)
	want := []string{"1", "10001", "10002", "2"} // sorted as text
	if got := b.run(b.sweeps.Messages); !cmp.Equal(got, want) {
		t.Errorf("planned %v, want %v", got, want)
	}
	if n := b.activeJobs("send_dm"); n != 4 {
		t.Errorf("%d jobs, want 4", n)
	}
	all, err := messages.NewPlanner(b.pool, b.deps.Settings.Messages()).Forecast(t.Context(), accountID)
	b.must(err)
	if len(all) != 10003 || all[0].At.IsZero() || all[10002].At.Before(time.Now().AddDate(0, 0, 98)) {
		t.Errorf("forecast of %d messages, the last at %s: want 10003, the last in about 100 days", len(all), all[len(all)-1].At)
	}
}

// Ensure a limit or a pause that is changed brings waiting messages forward at once.
func TestChangedRulesTakeEffectAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, quick)
	b.start()
	for n := range 3 {
		b.message(n, nil)
	}
	b.exec("UPDATE workers.accounts SET first_dms_per_hour = 0")
	sent := func(n int) {
		t.Helper()
		b.until(fmt.Sprintf("%d messages are sent", n), func(context.Context) bool { return len(b.linkedin.Sent()) == n })
	}
	sent(3)
	b.exec("UPDATE workers.accounts SET first_dms_per_hour = 3")
	b.message(4, nil)
	b.message(5, nil)
	b.exec("UPDATE workers.accounts SET first_dms_per_hour = 4")
	sent(4)
	b.exec("INSERT INTO workers.pauses (account_id, action, reason) VALUES ($1, 'everything', 'test')", accountID)
	b.exec("UPDATE workers.accounts SET first_dms_per_hour = 100")
	b.message(6, nil)
	b.exec("DELETE FROM workers.pauses")
	sent(6)
}

// Ensure a job that waits although its message's turn has come is brought forward.
func TestPlanBringsLateJobsForward(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, nil)
	b.run(b.sweeps.Messages)
	b.exec("UPDATE workers.river_job SET state = 'scheduled', scheduled_at = now() + interval '1 hour'")
	if got := b.run(b.sweeps.Messages); !cmp.Equal(got, []string{fmt.Sprint(id)}) {
		t.Errorf("planned %v, want %d", got, id)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE state = 'available' AND scheduled_at <= now()"); n != 1 {
		t.Errorf("%d jobs are up for work, want one", n)
	}
}

// Ensure nothing is written outside the account's working hours, but to people who wrote.
func TestWorkingHours(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// A day without working hours, and evenings that are always open to answers.
	closed := strings.ToLower(time.Now().UTC().AddDate(0, 0, 2).Format("Mon")) + " 00:00-24:00"
	insert[string](b, "workers.accounts", row{"id": accountID, "time_zone": "UTC", "working_hours": closed}, nil)
	first, _ := b.message(1, nil)
	lead := b.lead(row{"linkedin_id": b.person(2), "status": "email_captured"})
	backup, _ := b.message(2, row{"purpose": "backup_link", "lead_id": lead})
	b.send(backup)
	b.want("workers.messages", backup, row{"state": "sent"})
	b.send(first)
	b.want("workers.messages", first, row{"state": "queued", "attempts": 0})
	wait := time.Until(b.forecast(first).At)
	if wait < 24*time.Hour || wait > 48*time.Hour {
		t.Errorf("the message waits %s, want until the day after tomorrow", wait)
	}
}

// Ensure an account whose row makes no sense is told about, and stops no other.
func TestPlanBesideAnAccountWithWrongHours(t *testing.T) {
	t.Parallel()
	b := setup(t)
	insert[string](b, "workers.accounts", row{"id": "a wrong one", "working_hours": "nine to five"}, nil)
	insert[string](b, "workers.accounts", row{"id": "another", "time_zone": "Mars/Olympus"}, nil)
	wrong, _ := b.message(1, row{"account_id": "a wrong one"})
	b.message(2, row{"account_id": "another"})
	good, _ := b.message(3, nil)
	items, err := b.sweeps.Messages(t.Context(), b.client)
	if len(items) != 1 || items[0].RowID != fmt.Sprint(good) {
		t.Errorf("planned %v, want message %d", items, good)
	}
	for _, want := range []string{"a wrong one", "mon-fri 08:00-19:00", "Mars/Olympus"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not hold %q", err, want)
		}
	}
	b.wantEvent(b.send(wrong), river.EventKindJobFailed)
	b.want("workers.messages", wrong, row{"state": "queued"})
}

// Ensure what the owner types in LinkedIn counts against the limits, and what we sent
// is not counted twice.
func TestOwnMessagesCount(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.FirstDMsPerHour = 4 })
	campaign := b.campaign(nil)
	b.scrapeJob(row{"campaign_id": campaign})
	first, _ := b.message(1, row{"campaign_id": campaign})
	b.send(first)
	// One whose id the provider did not tell is known by its text.
	b.exec("UPDATE workers.messages SET provider_message_id = NULL")
	b.linkedin.Type(accountID, b.person(50), "see you at the fair")
	b.linkedin.Type(accountID, b.person(51), "and you")
	work(b, inbox.CheckInboxArgs{AccountID: accountID})
	work(b, inbox.CheckInboxArgs{AccountID: accountID})
	if n := scalar[int](b, "SELECT count(*) FROM workers.own_messages"); n != 2 {
		t.Errorf("%d own messages, want 2", n)
	}
	second, _ := b.message(2, row{"campaign_id": campaign})
	third, _ := b.message(3, row{"campaign_id": campaign})
	b.send(second)
	b.send(third)
	b.want("workers.messages", second, row{"state": "sent"})
	b.want("workers.messages", third, row{"state": "queued"})
	b.exec("UPDATE workers.own_messages SET sent_at = now() - interval '8 days'")
	work(b, privacy.PruneArgs{})
	if n := scalar[int](b, "SELECT count(*) FROM workers.own_messages"); n != 0 {
		t.Errorf("%d own messages are kept", n)
	}
}
