package jobs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/inbox"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// relinkedID is the id that the bench's account has since it was linked anew.
const relinkedID = "Zr8bN1c4VtuPd5MfYx2GhQ"

// move moves the bench's account to its new id.
func (b *bench) move(dryRun bool) map[string]int64 {
	b.Helper()
	moved, err := accounts.Move(b.Context(), b.pool, b.deps.Settings.LongestSend(), accountID, relinkedID, dryRun)
	b.must(err)
	rows := map[string]int64{}
	for _, m := range moved {
		rows[m.What] = m.Rows
	}
	return rows
}

// naming counts the rows of every table that name an account, by their columns for it.
func (b *bench) naming(account string) map[string]int {
	b.Helper()
	tables := scalar[[]string](b, `SELECT array_agg(format('%I.%I %I', table_schema, table_name, column_name) ORDER BY 1)
		FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema IN ('public', 'workers') AND table_type = 'BASE TABLE'
		  AND (column_name IN ('account_id', 'unipile_account_id') OR table_schema = 'workers' AND table_name = 'accounts' AND column_name = 'id')`)
	counts := map[string]int{}
	for _, entry := range tables {
		table, column, _ := strings.Cut(entry, " ")
		counts[table] = scalar[int](b, "SELECT count(*) FROM "+table+" WHERE "+column+" = $1", account)
	}
	return counts
}

// Ensure everything that names an account by its old id goes to the new one, that a dry run
// changes nothing, and that a second move finds nothing.
func TestMoveAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user := b.user(nil)
	a := b.ask(1, nil)
	waiting, _ := b.message(2, row{"campaign_id": a.campaign, "scrape_job_id": a.scrapeJob, "chat_id": "a chat of the old link"})
	doubtful, _ := b.message(3, row{"campaign_id": a.campaign, "state": "unknown", "claimed_at": time.Now().Add(-time.Hour)})
	b.exec("INSERT INTO linkedin_accounts (user_id, unipile_account_id) VALUES ($1, $2)", user, accountID)
	b.exec("INSERT INTO workers.own_messages (account_id, message_id, sent_at) VALUES ($1, 'o1', now())", accountID)
	b.exec("INSERT INTO workers.comment_reads (account_id, hour, calls) VALUES ($1, date_trunc('hour', now()), 3), ($2, date_trunc('hour', now()), 4)", accountID, relinkedID)
	b.exec("INSERT INTO workers.profile_reads (account_id, hour, calls) VALUES ($1, date_trunc('hour', now()), 30), ($2, date_trunc('hour', now()), 20)", accountID, relinkedID)
	b.exec("INSERT INTO workers.first_looks (account_id, until) VALUES ($1, NULL), ($2, now() + interval '1 day')", accountID, relinkedID)
	b.exec("INSERT INTO workers.awaited_relations (account_id, person_id, message_id, expires_at) VALUES ($1, 'somebody', 7, now() + interval '1 day')", accountID)
	b.exec(`INSERT INTO workers.pauses (account_id, action, reason, until) VALUES
		($1, 'everything', 'errors/disconnected_account; account status CREDENTIALS', NULL),
		($1, 'invitation', 'errors/cannot_resend_yet', now() + interval '1 day')`, accountID)
	b.exec(`INSERT INTO workers.inbox_messages (account_id, message_id, sender_id, body, sent_at) VALUES ($1, 'm1', $2, 'hello', now())`, accountID, member(1))
	b.exec("UPDATE workers.accounts SET first_dms_per_day = 7, next_write_at = now() + interval '1 hour'")
	before := b.naming(accountID)
	for table, n := range before {
		if n == 0 {
			t.Errorf("%s has no row of the account: seed one here, and move it in jobs/move_account.go", table)
		}
	}
	if got := b.move(true); got["of them waiting"] != 1 || got["messages"] != 3 {
		t.Errorf("a dry run tells %v", got)
	}
	if now := b.naming(accountID); len(now) != len(before) || now["workers.messages"] != 3 {
		t.Errorf("a dry run left %v", now)
	}
	b.move(false)
	for table, n := range b.naming(accountID) {
		if n != 0 {
			t.Errorf("%d rows of %s stayed with the old id", n, table)
		}
	}
	for table, n := range b.naming(relinkedID) {
		if n == 0 {
			t.Errorf("no row of %s is at the new id", table)
		}
	}
	b.want("workers.messages", waiting, row{"state": "queued", "chat_id": nil})
	b.want("workers.messages", doubtful, row{"state": "unknown"})
	b.wantNear(scalar[time.Time](b, "SELECT not_before FROM workers.messages WHERE id = $1", doubtful), time.Hour)
	if got := scalar[string](b, "SELECT string_agg(action, ',') FROM workers.pauses"); got != "invitation" {
		t.Errorf("%s is paused, want what LinkedIn limits", got)
	}
	if got := scalar[int](b, "SELECT calls FROM workers.comment_reads"); got != 7 {
		t.Errorf("%d reads are counted, want 7", got)
	}
	if got := scalar[int](b, "SELECT calls FROM workers.profile_reads"); got != 50 {
		t.Errorf("%d reads of profiles are counted, want 50", got)
	}
	if !scalar[bool](b, "SELECT until IS NULL FROM workers.first_looks") {
		t.Error("looks before first messages end, want them until a human ends them, as with the old id")
	}
	if got := scalar[int](b, "SELECT first_dms_per_day FROM workers.accounts"); got != 7 {
		t.Errorf("%d first messages a day, want the account's 7", got)
	}
	if again := b.move(false); len(again) != 0 {
		t.Errorf("a second move found %v", again)
	}
}

// Ensure what cannot be an account linked anew is refused, and a message that is being sent keeps
// its outcome.
func TestMoveAccountRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, row{"state": "sending", "claimed_at": time.Now()})
	refused := func(from, to, want string) {
		t.Helper()
		_, err := accounts.Move(t.Context(), b.pool, b.deps.Settings.LongestSend(), from, to, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("moving %s to %s: %v, want %q", from, to, err, want)
		}
	}
	refused(accountID, relinkedID, "being sent this moment")
	b.want("workers.messages", id, row{"account_id": accountID, "state": "sending"})
	refused(accountID, accountID, "the same")
	refused("nobody", relinkedID, "no scrape job or message belongs to account nobody")
	// The worker that sent it died long ago: nobody records its outcome any more.
	b.exec("UPDATE workers.messages SET claimed_at = now() - interval '1 hour'")
	insert[string](b, "workers.accounts", row{"id": accountID, "provider_id": ownerID}, nil)
	insert[string](b, "workers.accounts", row{"id": relinkedID, "provider_id": member(9)}, nil)
	refused(accountID, relinkedID, "different people")
	b.exec("DELETE FROM workers.accounts WHERE id = $1", relinkedID)
	b.move(false)
	b.want("workers.messages", id, row{"account_id": relinkedID, "state": "unknown"})
}

// Ensure that the account goes on under its new id: who waits is written to once, who was written
// to is not, answers from before and after are heard once, and what we sent is not taken for
// something that its owner typed, though messages and chats have other ids there.
func TestMovedAccountGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	second := b.askIn(2, a.campaign, a.scrapeJob)
	third := b.askIn(3, a.campaign, a.scrapeJob)
	b.answer(1, "ana@gmial.com") // is asked about
	b.checkInbox()
	b.answer(2, "two@example.com") // is read under the old id, and not handled
	b.must(b.inbound.Take(t.Context(), messageFrom(b, 2, "hello?")))
	waiting, _ := b.message(4, row{"campaign_id": a.campaign, "scrape_job_id": a.scrapeJob})

	b.linkedin.AddAccount(fakeunipile.Account{ID: relinkedID, Name: "Mara Lindqvist", ProviderID: ownerID, Slug: "mara-lindqvist"})
	// The new link shows the same history under other ids.
	for _, m := range b.linkedin.Sent() {
		b.linkedin.Type(relinkedID, m.RecipientID, m.Text)
	}
	at := scalar[time.Time](b, "SELECT min(sent_at) FROM workers.inbox_messages WHERE sender_id = $1", member(1))
	b.linkedin.ReceiveMessage(fakeunipile.Inbound{AccountID: relinkedID, PersonID: member(1), Text: "ana@gmial.com", At: at})
	b.linkedin.Receive(relinkedID, member(2), "two@example.com")
	b.move(false)
	b.linkedin.Receive(relinkedID, member(3), "three@example.com")

	for range 2 {
		b.wantEvent(work(b, inbox.CheckInboxArgs{AccountID: relinkedID}), river.EventKindJobCompleted)
	}
	b.want("leads", second, row{"status": "email_captured", "email": "two@example.com"})
	b.want("leads", third, row{"status": "email_captured", "email": "three@example.com"})
	b.want("leads", a.lead, row{"status": "dm_sent"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE recipient_id = $1 AND purpose <> 'first_dm'", member(1)); n != 1 {
		t.Errorf("%d more questions after one answer, want 1", n)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.takeovers"); n != 0 {
		t.Errorf("%d leads are taken for ones with whom a human writes", n)
	}
	// Answers go first: the question that is asked again, then who waited.
	for range 3 {
		b.sweepAndSend()
	}
	b.want("workers.messages", waiting, row{"state": "sent", "account_id": relinkedID})
	to := func(person string) (accounts []string) {
		for _, m := range b.linkedin.Sent() {
			if m.RecipientID == person {
				accounts = append(accounts, m.AccountID)
			}
		}
		return accounts
	}
	if got := to(member(4)); !slices.Equal(got, []string{relinkedID}) {
		t.Errorf("who waited was written to by %v", got)
	}
	// The limits of the day know what the old id sent.
	if sent := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE account_id = $1 AND state = 'sent' AND purpose = 'first_dm'", relinkedID); sent != 4 {
		t.Errorf("%d messages count against the new id, want 4", sent)
	}
}
