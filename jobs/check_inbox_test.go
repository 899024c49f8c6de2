package jobs_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"

	"github.com/bravorevos/workers/jobs/inbox"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// asked is a lead that got our question.
type asked struct{ campaign, scrapeJob, lead uuid.UUID }

// ask seeds a campaign with one lead and sends the question.
func (b *bench) ask(n int, scrapeJob row) (a asked) {
	b.Helper()
	a.campaign = b.campaign(nil)
	columns := row{"campaign_id": a.campaign}
	maps.Copy(columns, scrapeJob)
	a.scrapeJob = b.scrapeJob(columns)
	a.lead = b.askIn(n, a.campaign, a.scrapeJob)
	return a
}

func (b *bench) askIn(n int, campaign, scrapeJob uuid.UUID) (lead uuid.UUID) {
	b.Helper()
	person := b.person(n)
	lead = b.lead(row{
		"campaign_id": campaign, "linkedin_id": person, "provider_id": person,
		"name": "Ana Petrova", "first_name": "Ana", "last_name": "Petrova",
	})
	id, _ := b.message(n, row{"campaign_id": campaign, "scrape_job_id": scrapeJob, "lead_id": lead})
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	return lead
}

func (b *bench) answer(n int, text string) { b.linkedin.Receive(accountID, member(n), text) }

// checkInbox runs one look into the inbox that must succeed.
func (b *bench) checkInbox() {
	b.Helper()
	b.wantEvent(b.tryInbox(), river.EventKindJobCompleted)
}

func (b *bench) tryInbox() *rivertest.WorkResult {
	b.Helper()
	return work(b, inbox.CheckInboxArgs{AccountID: accountID})
}

// Ensure that an answer with an address is captured, once, whatever is read again
// and said afterwards.
func TestInboxCapturesAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, row{"emails_captured": nil})
	b.answer(1, "Sure, it's Ana@Example.com 😀")

	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured", "email": "Ana@Example.com"})
	b.wantNear(scalar[time.Time](b, "SELECT email_captured_at FROM leads"), 0)
	b.want("scrape_jobs", a.scrapeJob, row{"emails_captured": 1})
	b.want("workers.inbox_messages", scalar[int64](b, "SELECT id FROM workers.inbox_messages"), row{
		"account_id": accountID, "sender_id": member(1), "lead_id": a.lead, "result": "found", "body": "Sure, it's Ana@Example.com 😀",
	})

	b.answer(1, "sorry, better other@example.com")
	b.checkInbox()
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured", "email": "Ana@Example.com"})
	b.want("scrape_jobs", a.scrapeJob, row{"emails_captured": 1})
}

// Ensure what each kind of answer does to the lead.
func TestInboxReadsAnAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, status, result string }{
		{"ana@example.com", "email_captured", "found"},
		{"stop writing to me, unsubscribe", "opted_out", "opt_out"},
		{"no thanks", "opted_out", "opt_out"},
		{"gu\x00ide ana@example.com", "email_captured", "found"},
		{"what is this about?", "dm_sent", "none"},
		{"ana@gmial.com", "dm_sent", "ask"},
	}
	b := setup(t)
	for n, tc := range tests {
		a := b.ask(n, nil)
		b.answer(n, tc.text)
		b.checkInbox()
		b.want("leads", a.lead, row{"status": tc.status})
		if got := scalar[string](b, "SELECT result FROM workers.inbox_messages WHERE sender_id = $1", member(n)); got != tc.result {
			t.Errorf("answer %q is %s, want %s", tc.text, got, tc.result)
		}
	}
	// Who asked something first may still answer.
	b.answer(4, "ah, that. ana@example.com")
	b.checkInbox()
	if got := scalar[string](b, "SELECT status FROM leads WHERE linkedin_id = $1", member(4)); got != "email_captured" {
		t.Errorf("lead is %s after the second answer, want email_captured", got)
	}
}

// Ensure that only what that person wrote to us, after our question, counts [§7].
func TestInboxIgnoresWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	stranger := b.person(2)
	ignored := []fakeunipile.Inbound{
		{PersonID: member(1), Text: "write to before@example.com", At: time.Now().Add(-time.Hour)},
		{PersonID: member(1), Event: true},
		{PersonID: member(1), Attachment: true},
		{PersonID: stranger, Text: "stranger@example.com"},
	}
	for _, m := range ignored {
		m.AccountID = accountID
		b.linkedin.ReceiveMessage(m)
	}
	b.linkedin.Type(accountID, member(1), "or mail me at owner@example.com")

	b.checkInbox()
	b.want("leads", a.lead, row{"status": "dm_sent", "email": nil})
	stored := scalar[[]string](b, "SELECT coalesce(array_agg(body ORDER BY sent_at), '{}') FROM workers.inbox_messages")
	if diff := cmp.Diff([]string{"write to before@example.com", ""}, stored); diff != "" {
		t.Errorf("stored messages, of leads alone (-want +got):\n%s", diff)
	}
}

// Ensure that an address in a group chat, where it may be anybody's, is no answer.
func TestInboxIgnoresOtherChats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	for n, chat := range []any{"a group", nil} {
		insert[int64](b, "workers.inbox_messages", row{
			"account_id": accountID, "message_id": fmt.Sprint(n), "sender_id": member(1), "chat_id": chat,
			"body": "mail bob@example.com", "sent_at": time.Now(),
		}, nil)
	}
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "dm_sent", "email": nil})
}

// Ensure that an answer is recognised although the vendor told no chat id when we wrote.
func TestInboxFindsTheChat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", NullIDs: true})
	a := b.ask(1, nil)
	b.answer(1, "ana@example.com")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured"})
	if chat := scalar[*string](b, "SELECT chat_id FROM workers.messages"); chat == nil {
		t.Error("the chat is not noted on our message")
	}
}

// Ensure that an answer which was read before its question is recorded as sent is
// heard when it is.
func TestInboxKeepsAnAnswerThatIsEarly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
	id, lead := b.message(1, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Status: 504, AfterStore: true, Times: 1})
	b.send(id)
	b.answer(1, "ana@example.com")
	b.checkInbox()
	b.want("leads", lead, row{"status": "comment_detected"})

	b.age(id, 2*time.Minute)
	b.send(id)
	b.want("leads", lead, row{"status": "dm_sent"})
	b.checkInbox()
	b.want("leads", lead, row{"status": "email_captured", "email": "ana@example.com"})
}

// Ensure that an answer which the vendor synchronises late is read all the same, and
// that none is read twice.
func TestInboxReadsBackALittle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	late, other := b.ask(1, nil), b.ask(2, nil)
	b.exec("UPDATE workers.messages SET claimed_at = now() - interval '1 hour'")
	b.answer(2, "other@example.com")
	b.checkInbox()
	b.linkedin.ReceiveMessage(fakeunipile.Inbound{
		AccountID: accountID, PersonID: member(1), Text: "late@example.com", At: time.Now().Add(-8 * time.Minute),
	})
	b.checkInbox()
	b.checkInbox()
	b.want("leads", late.lead, row{"email": "late@example.com"})
	b.want("leads", other.lead, row{"email": "other@example.com"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.inbox_messages"); n != 2 {
		t.Errorf("%d messages stored, want 2", n)
	}
}

// Ensure that all pages are read, and that one which fails is read again.
func TestInboxReadsAllPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.answer(1, "ana@example.com")
	for n := range 600 {
		b.answer(1, fmt.Sprintf("line %d", n))
	}
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "list_messages", Status: 500, Times: 1})
	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured"})
}

// Ensure that the cost of listening grows with messages, not with waiting leads.
func TestInboxCostsNoCallPerLead(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.FirstDMsPerHour = 100 })
	for n := range 3 {
		b.ask(n, nil)
	}
	count := func() int {
		before := b.calls("")
		b.checkInbox()
		return b.calls("") - before
	}
	few := count()
	campaign := b.campaign(nil)
	scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
	for n := range 60 {
		b.askIn(100+n, campaign, scrapeJob)
	}
	if many := count(); few != 1 || many != few {
		t.Errorf("%d calls with 3 waiting leads and %d with 63, want 1 each time", few, many)
	}
}

// Ensure that an answer that cannot be handled stops no other, and is tried again.
func TestInboxGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", NullIDs: true, PersonID: member(1)})
	first, second := b.ask(1, nil), b.ask(2, nil)
	b.answer(1, "one@example.com")
	b.answer(2, "two@example.com")
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "chats_with", Status: 500, Times: 1})

	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	b.want("leads", first.lead, row{"status": "dm_sent"})
	b.want("leads", second.lead, row{"status": "email_captured"})
	b.checkInbox()
	b.want("leads", first.lead, row{"status": "email_captured"})
}

// Ensure that a signed-out account waits for a human, and that its answers are heard
// once it is back.
func TestInboxOfASignedOutAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.linkedin.SetAccountStatus(accountID, "CREDENTIALS")
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "list_messages", Status: 401, Times: 1})
	b.answer(1, "ana@example.com")
	b.wantEvent(b.tryInbox(), river.EventKindJobCancelled)
	if accounts := b.run(b.sweeps.Inboxes); len(accounts) != 0 {
		t.Errorf("inboxes to read: %v, want none while the account is stopped", accounts)
	}

	b.linkedin.SetAccountStatus(accountID, "OK")
	b.exec("DELETE FROM workers.pauses")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured"})
}
