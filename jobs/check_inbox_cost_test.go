package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/inbox"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure the answers of a whole agency cost a call or two an account, not one a lead:
// 10,000 people who were asked by 10 accounts, of whom 100 have answered.
func TestInboxesOfTenThousandLeads(t *testing.T) {
	t.Parallel()
	const accounts, leads, answers = 10, 10_000, 100
	b := setup(t)
	campaign := b.campaign(row{"webhook_url": b.hookURL})
	name := func(n int) string { return fmt.Sprintf("account-%d", n) }
	for n := range accounts {
		b.linkedin.AddAccount(fakeunipile.Account{ID: name(n), Name: "Mara", ProviderID: fmt.Sprintf("%s%d", ownerID, n), Slug: fmt.Sprintf("mara-%d", n)})
		b.scrapeJob(row{"campaign_id": campaign, "unipile_account_id": name(n), "webhook_url": b.hookURL})
	}
	b.exec(`
WITH lead AS (
    INSERT INTO leads (campaign_id, linkedin_id, provider_id, status)
    SELECT $1, id, people.id, 'dm_sent' FROM (SELECT 'ACoAAPerson' || lpad(n::text, 28, '0') AS id FROM generate_series(0, $2 - 1) n) people
    RETURNING id, linkedin_id)
INSERT INTO workers.messages (account_id, campaign_id, lead_id, scrape_job_id, purpose, recipient_id, body, state, claimed_at, sent_at)
SELECT 'account-' || right(lead.linkedin_id, 1), $1, lead.id, j.id, 'first_dm', lead.linkedin_id, 'hello', 'sent', now() - interval '1 hour', now() - interval '1 hour'
FROM lead JOIN scrape_jobs j ON j.unipile_account_id = 'account-' || right(lead.linkedin_id, 1)`, campaign, leads)
	for n := range answers {
		id := n * (leads / answers)
		id += n % accounts // of every account
		sent, err := b.deps.Unipile.StartChat(t.Context(), name(id%accounts), b.person(id), "hello")
		b.must(err)
		b.exec("UPDATE workers.messages SET chat_id = $1, provider_message_id = $2 WHERE recipient_id = $3", sent.ChatID, sent.MessageID, member(id))
		b.linkedin.Receive(name(id%accounts), member(id), fmt.Sprintf("person%d@example.com", id))
	}
	before, start := b.calls(""), time.Now()
	for n := range accounts {
		b.wantEvent(work(b, inbox.CheckInboxArgs{AccountID: name(n)}), river.EventKindJobCompleted)
	}
	took, calls := time.Since(start), b.calls("")-before
	if got := scalar[int](b, "SELECT count(*) FROM leads WHERE status = 'email_captured'"); got != answers {
		t.Errorf("%d addresses were captured, want %d", got, answers)
	}
	if calls != accounts {
		t.Errorf("%d calls, want one an account", calls)
	}
	t.Logf("%d calls and %s for %d waiting leads on %d accounts with %d answers", calls, took.Round(time.Millisecond), leads, accounts, answers)

	before = b.calls("")
	for n := range accounts {
		b.wantEvent(work(b, inbox.CheckInboxArgs{AccountID: name(n)}), river.EventKindJobCompleted)
	}
	if again := b.calls("") - before; again != accounts {
		t.Errorf("%d calls where nothing is new, want one an account", again)
	}
}
