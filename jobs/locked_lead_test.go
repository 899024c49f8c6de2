package jobs_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/polls"
)

// hold locks what a query reads in an open transaction, as a producer or somebody with psql
// may, until it is let go.
func (b *bench) hold(sql string, args ...any) (release func()) {
	b.Helper()
	conn, err := pgx.ConnectConfig(b.Context(), b.pool.Config().ConnConfig)
	b.must(err)
	ctx := context.WithoutCancel(b.Context())
	b.Cleanup(func() { _ = conn.Close(ctx) })
	tx, err := conn.Begin(ctx)
	b.must(err)
	_, err = tx.Exec(ctx, sql, args...)
	b.must(err)
	return func() {
		b.Helper()
		b.must(tx.Rollback(ctx))
	}
}

// Ensure a lead that somebody has locked keeps nobody else of the account from being heard, is
// told as a failure, and is heard when it is free. Whoever wants no more messages gets none
// meanwhile.
func TestInboxGoesOnBesideALockedLead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second, third := b.ask(1, nil), b.ask(2, nil), b.ask(3, nil)
	b.answer(1, "one@example.com")
	b.answer(1, "thanks!")
	b.answer(2, "please stop writing to me, unsubscribe")
	b.answer(3, "three@example.com")
	release := b.hold("SELECT FROM leads WHERE id = ANY ($1) FOR UPDATE", []any{first.lead, second.lead})

	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	b.want("leads", third.lead, row{"status": "email_captured", "email": "three@example.com"})
	b.want("leads", first.lead, row{"status": "dm_sent"})
	b.want("leads", second.lead, row{"status": "dm_sent"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE person_id = $1", member(2)); n != 1 {
		t.Error("the stop waits for the locked row")
	}
	release()
	b.checkInbox()
	b.want("leads", first.lead, row{"status": "email_captured", "email": "one@example.com"})
	b.want("leads", second.lead, row{"status": "opted_out"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.inbox_messages WHERE handled_at IS NULL"); n != 0 {
		t.Errorf("%d messages are not handled", n)
	}
}

// Ensure many locked leads cost little more than one.
func TestInboxGoesOnBesideManyLockedLeads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	id := b.scrapeJob(row{"campaign_id": campaign})
	for n := range 200 {
		b.person(n)
	}
	b.exec(`WITH lead AS (
		INSERT INTO leads (campaign_id, linkedin_id, provider_id, status)
		SELECT $1, p.id, concat(p.id), 'dm_sent' FROM (SELECT 'ACoAAPerson' || lpad(n::text, 28, '0') AS id FROM generate_series(0, 199) n) p
		RETURNING id, linkedin_id)
	INSERT INTO workers.messages (account_id, campaign_id, scrape_job_id, lead_id, purpose, recipient_id, body, state, claimed_at, sent_at, chat_id)
	SELECT $3, $1, $2, id, 'first_dm', linkedin_id, 'hello', 'sent', now() - interval '1 hour', now() - interval '1 hour', linkedin_id FROM lead`, campaign, id, accountID)
	b.exec(`INSERT INTO workers.inbox_messages (account_id, message_id, chat_id, sender_id, body, sent_at)
		SELECT account_id, 'm' || id, chat_id, recipient_id, 'a' || id || '@example.com', now() FROM workers.messages ORDER BY id`)
	b.hold("SELECT FROM leads WHERE linkedin_id <> $1 FOR UPDATE", member(199))
	b.wantEvent(b.tryInbox(), river.EventKindJobFailed)
	if n := scalar[int](b, "SELECT count(*) FROM leads WHERE status = 'email_captured'"); n != 1 {
		t.Errorf("%d leads were captured, want the one that is free", n)
	}
}

// Ensure a locked lead keeps no other comment of its page, or of the pages after it, from being
// served, and is served itself when it is free, once.
func TestPollGoesOnBesideALockedLead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	id := b.scrapeJob(row{"campaign_id": campaign})
	for n := range 150 { // more than a page
		b.comment(1000+n, "nice post")
	}
	locked := b.lead(row{"campaign_id": campaign, "linkedin_id": b.person(1), "provider_id": member(1)})
	b.comment(1, "guide please") // on the first page
	b.comment(2, "guide please")
	release := b.hold("SELECT FROM leads WHERE id = $1 FOR UPDATE", locked)

	b.wantEvent(work(b, polls.PollCommentsArgs{ScrapeJobID: id}), river.EventKindJobCancelled)
	messages := func(n int) int {
		return scalar[int](b, "SELECT count(*) FROM workers.messages WHERE recipient_id = $1", member(n))
	}
	if messages(1) != 0 || messages(2) != 1 {
		t.Errorf("%d messages to the locked lead and %d to the other, want 0 and 1", messages(1), messages(2))
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.comments"); n != 151 {
		t.Errorf("%d comments are decided about, want all but one", n)
	}
	b.exec("UPDATE scrape_jobs SET next_check = NULL")
	release()
	for range 2 {
		b.poll(id)
		if messages(1) != 1 || messages(2) != 1 {
			t.Errorf("%d and %d messages when the lead is free, want 1 each", messages(1), messages(2))
		}
	}
	if n := scalar[int](b, "SELECT comments_scanned FROM scrape_jobs"); n != 152 {
		t.Errorf("%d comments counted, want 152", n)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.watched_posts WHERE scan_started_at IS NULL"); n != 1 {
		t.Error("the scan goes on for ever")
	}
}

// Ensure a message that went out is recorded although its lead or its scrape job is locked, and
// that they follow.
func TestSentMessageIsRecordedBesideALock(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"leads", "scrape_jobs"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			campaign := b.campaign(nil)
			scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
			id, lead := b.message(1, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})
			release := b.hold("SELECT FROM " + table + " FOR UPDATE")
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "sent"})
			b.want("leads", lead, row{"status": "comment_detected"})
			waiting, _ := b.message(2, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})
			client := b.client
			if _, err := b.sweeps.Messages(t.Context(), client); err == nil {
				t.Error("the sweep hides that a lead is behind")
			}
			if n := scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE kind = 'send_dm' AND args ->> 'message_id' = $1", fmt.Sprint(waiting)); n != 1 {
				t.Error("a locked row keeps the others from being planned")
			}
			release()
			for range 2 {
				_, err := b.sweeps.Messages(t.Context(), client)
				b.must(err)
				b.want("leads", lead, row{"status": "dm_sent"})
				b.want("scrape_jobs", scrapeJob, row{"dms_sent": 1})
			}
			if sent := b.sentTo(member(1)); len(sent) != 1 {
				t.Errorf("%d messages were sent, want 1", len(sent))
			}
		})
	}
}

// Ensure a message that somebody has locked keeps nobody else from their turn.
func TestPlannerGoesOnBesideALockedMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	unwanted, lead := b.message(1, row{"campaign_id": campaign})
	b.exec("UPDATE leads SET status = 'dm_sent' WHERE id = $1", lead)
	free, _ := b.message(2, row{"campaign_id": campaign})
	b.hold("SELECT FROM workers.messages WHERE id = $1 FOR UPDATE", unwanted)
	if _, err := b.sweeps.Messages(t.Context(), b.client); err == nil {
		t.Error("the sweep hides that a row is locked")
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE kind = 'send_dm' AND args ->> 'message_id' = $1", fmt.Sprint(free)); n != 1 {
		t.Error("a locked message keeps the others from being planned")
	}
}

// Ensure silent leads end beside one that is locked.
func TestSilentLeadsEndBesideALockedOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	other := b.askIn(2, a.campaign, a.scrapeJob)
	b.exec("UPDATE workers.messages SET sent_at = now() - interval '300 days', claimed_at = now() - interval '300 days'")
	b.hold("SELECT FROM leads WHERE id = $1 FOR UPDATE", a.lead)
	_, err := b.sweeps.Conversations(t.Context(), b.client)
	b.must(err)
	b.want("leads", other, row{"status": "expired"})
	b.want("leads", a.lead, row{"status": "dm_sent"})
}
