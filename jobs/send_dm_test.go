package jobs_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"

	"github.com/bravorevos/workers/jobs/messages"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

func (b *bench) send(messageID int64) *rivertest.WorkResult {
	b.Helper()
	return work(b, messages.SendDMArgs{MessageID: messageID})
}

// wantSent makes sure that person 1 got exactly these texts.
func (b *bench) wantSent(texts ...string) {
	b.Helper()
	if diff := cmp.Diff(texts, b.sentTo(member(1))); diff != "" {
		b.Errorf("messages that the person got (-want +got):\n%s", diff)
	}
}

// Ensure that a message goes out once, the ledger and the lead say so, and the
// scrape job counts it.
func TestSendDM(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	scrapeJob := b.scrapeJob(row{"campaign_id": campaign, "dms_sent": nil})
	id, lead := b.message(1, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})

	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.wantEvent(b.send(id), river.EventKindJobCompleted) // a second job of it does nothing

	b.wantSent("Where shall I send it, No1?")
	sent := b.linkedin.Sent()[0]
	b.want("workers.messages", id, row{
		"state": "sent", "attempts": 1, "chat_id": sent.ChatID, "provider_message_id": sent.ID, "error_type": nil, "not_before": nil,
	})
	b.want("leads", lead, row{"status": "dm_sent"})
	b.want("scrape_jobs", scrapeJob, row{"dms_sent": 1})
}

// Ensure that a backup link goes into the chat in which the person answered, and
// counts as no first message.
func TestSendBackupLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
	first, lead := b.message(1, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})
	b.send(first)
	chat := b.linkedin.Sent()[0].ChatID
	b.exec("UPDATE leads SET status = 'webhook_sent'")
	backup, _ := b.message(1, row{
		"campaign_id": campaign, "scrape_job_id": scrapeJob, "lead_id": lead, "purpose": "backup_link", "chat_id": chat, "body": "the link",
	})

	b.wantEvent(b.send(backup), river.EventKindJobCompleted)
	b.wantSent("Where shall I send it, No1?", "the link")
	if m := b.linkedin.Sent()[1]; m.Via != "send_message" || m.ChatID != chat {
		t.Errorf("link went by %s to chat %s, want send_message to %s", m.Via, m.ChatID, chat)
	}
	b.want("leads", lead, row{"status": "webhook_sent"})
	b.want("scrape_jobs", scrapeJob, row{"dms_sent": 1})
}

// Ensure that a message that nobody wants any more is never sent.
func TestSendDMSkipsWhatIsNotWantedAnyMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := []struct {
		name    string
		message row
		sql     string // what happened to the lead meanwhile
		reason  string
	}{
		{"opted out", nil, "UPDATE leads SET status = 'opted_out' WHERE id = $1", "opted_out"},
		{"deleted", nil, "DELETE FROM leads WHERE id = $1", "lead_deleted"},
		{"contacted by others", nil, "UPDATE leads SET status = 'dm_sent' WHERE id = $1", "already_contacted"},
		{"completed by others", nil, "UPDATE leads SET status = 'completed' WHERE id = $1", "already_contacted"},
		{"link without an address", row{"purpose": "backup_link"}, "UPDATE leads SET status = 'dm_sent' WHERE id = $1", "no_email"},
		{"link after an opt-out", row{"purpose": "backup_link"}, "UPDATE leads SET status = 'opted_out' WHERE id = $1", "opted_out"},
	}
	for n, tc := range tests {
		id, lead := b.message(n, tc.message)
		b.exec(tc.sql, lead)
		b.wantEvent(b.send(id), river.EventKindJobCompleted)
		b.want("workers.messages", id, row{"state": "skipped", "error_type": tc.reason, "attempts": 0})
	}
	if n := b.calls(""); n != 0 {
		t.Errorf("%d calls were made, want none", n)
	}
}

// Ensure that an opt-out in one campaign stops what waits in the others of that
// client, and in no other client's.
func TestSendDMHonoursAnOptOutElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	b.lead(row{"campaign_id": b.campaign(row{"client_id": client}), "linkedin_id": "person-1", "provider_id": member(1), "status": "opted_out"})
	id, _ := b.message(1, row{"campaign_id": b.campaign(row{"client_id": client})})
	other, _ := b.message(1, nil)

	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "skipped", "error_type": "opted_out"})
	b.wantEvent(b.send(other), river.EventKindJobCompleted)
	b.want("workers.messages", other, row{"state": "sent"})
}

// Ensure that a message waits while its campaign rests, and goes out when the
// campaign goes on.
func TestSendDMWaitsForItsCampaign(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n, rest := range []string{"status = 'paused'", "status = 'completed'", "ends_at = now() - interval '1 minute'"} {
		id, _ := b.message(n, nil)
		b.exec("UPDATE campaigns SET " + rest)
		b.wantEvent(b.send(id), river.EventKindJobCompleted)
		b.want("workers.messages", id, row{"state": "queued", "attempts": 0})
		if planned := b.run(b.sweeps.Messages); len(planned) != 0 {
			t.Errorf("%s: planned %v, want nothing", rest, planned)
		}
		b.exec("UPDATE campaigns SET status = 'active', ends_at = NULL")
		if planned := b.run(b.sweeps.Messages); !cmp.Equal(planned, []string{fmt.Sprint(id)}) {
			t.Errorf("after %s: planned %v, want message %d", rest, planned, id)
		}
		b.send(id)
		b.want("workers.messages", id, row{"state": "sent"})
	}
}

// Ensure that campaigns that rest take no turn from those that run.
func TestPlanLeavesRestingCampaignsOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.FirstDMsPerHour = 2 })
	for _, rest := range []row{{"status": "paused"}, {"status": "completed"}, {"ends_at": time.Now().Add(-time.Hour)}} {
		campaign := b.campaign(rest)
		for n := range 3 {
			b.message(n, row{"campaign_id": campaign})
		}
	}
	id, _ := b.message(9, nil)
	if planned := b.run(b.sweeps.Messages); !cmp.Equal(planned, []string{fmt.Sprint(id)}) {
		t.Errorf("planned %v, want message %d of the running campaign alone", planned, id)
	}
}

// Ensure that no more messages go out in any hour or day than the account may send,
// whoever claims them, and that the others wait for their turn.
func TestSendDMHoldsTheLimits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		account row
		written time.Duration // ago, two messages
		allowed int
		wait    time.Duration // of the one after
	}{
		{"hour", nil, 50 * time.Minute, 1, 10 * time.Minute},
		{"hour is over", nil, 61 * time.Minute, 2, 22*time.Hour + 59*time.Minute},
		{"day", row{"first_dms_per_hour": 100}, 20 * time.Hour, 2, 4 * time.Hour},
		{"more for this account", row{"first_dms_per_hour": 5, "first_dms_per_day": 50}, 50 * time.Minute, 3, 10 * time.Minute},
		{"none for this account", row{"first_dms_per_hour": 0}, 50 * time.Minute, 0, 0},
		{"none a day for this account", row{"first_dms_per_day": 0}, 50 * time.Minute, 0, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) { o.settings.Limits.FirstDMsPerHour, o.settings.Limits.FirstDMsPerDay = 3, 4 })
			if tc.account != nil {
				insert[string](b, "workers.accounts", row{"id": accountID}, tc.account)
			}
			at := time.Now().Add(-tc.written)
			b.message(101, row{"state": "sent", "sent_at": at, "claimed_at": at})
			b.message(102, row{"state": "unknown", "claimed_at": at}) // may have gone out
			b.message(103, row{"state": "failed", "claimed_at": at})  // did not
			b.message(104, row{"state": "sent", "sent_at": at, "account_id": "another account"})

			var ids []int64
			for n := range tc.allowed + 1 {
				id, _ := b.message(n, nil)
				ids = append(ids, id)
			}
			for _, id := range ids[:tc.allowed] {
				b.wantEvent(b.send(id), river.EventKindJobCompleted)
				b.want("workers.messages", id, row{"state": "sent"})
			}
			result := b.send(ids[tc.allowed])
			b.want("workers.messages", ids[tc.allowed], row{"state": "queued", "attempts": 0})
			// Its turn is far: no job waits for it, and the planner gives it one in time.
			b.wantEvent(result, river.EventKindJobCompleted)
			forecast := b.forecast(ids[tc.allowed])
			if tc.wait == 0 {
				if !forecast.At.IsZero() || forecast.Held == "" {
					t.Errorf("forecast is %+v, want that it is held until the limit is changed", forecast)
				}
				return
			}
			b.wantNear(forecast.At, tc.wait)
		})
	}
}

// Ensure that two writes of one account have a pause between them, and that another
// account does not wait for it.
func TestSendDMKeepsAGap(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) {
		o.settings.Limits.GapMin, o.settings.Limits.GapMax = 3*time.Minute, 4*time.Minute
	})
	b.linkedin.AddAccount(fakeunipile.Account{ID: "second", ProviderID: "ACoAASecondOwner"})
	first, _ := b.message(1, nil)
	second, _ := b.message(2, nil)
	other, _ := b.message(3, row{"account_id": "second"})

	b.wantEvent(b.send(first), river.EventKindJobCompleted)
	b.wantEvent(b.send(second), river.EventKindJobCompleted) // its turn is far: no job waits for it
	if wait := time.Until(b.forecast(second).At); wait < 2*time.Minute || wait > 4*time.Minute {
		t.Errorf("second message waits %s, want 3 to 4 minutes less what passed", wait)
	}
	b.want("workers.messages", second, row{"state": "queued", "attempts": 0})
	b.wantEvent(b.send(other), river.EventKindJobCompleted)
	b.want("workers.messages", other, row{"state": "sent"})
}

// Ensure the gap begins when a write has ended: a slow provider may have written it as
// late as that.
func TestSendDMKeepsAGapAfterASlowWrite(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeunipile.Fault{
		"sent":    {Operation: "start_chat", Delay: 200 * time.Millisecond},
		"refused": {Operation: "start_chat", Type: "invalid_recipient", Delay: 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) { o.settings.Limits.GapMin, o.settings.Limits.GapMax = time.Minute, time.Minute })
			id, _ := b.message(1, nil)
			b.linkedin.AddFault(fault)
			b.send(id)
			gap := scalar[time.Duration](b, `SELECT a.next_write_at - m.claimed_at
				FROM workers.accounts a, workers.messages m WHERE m.state IN ('sent', 'failed')`)
			if gap < time.Minute+fault.Delay {
				t.Errorf("the next write may begin %s after the claim, want a minute after the answer", gap)
			}
		})
	}
}

// Ensure that many workers at once do not pass the limit together.
func TestSendDMHoldsTheLimitAmongWorkers(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.FirstDMsPerHour = 3 })
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Delay: 50 * time.Millisecond}) // so that they overlap
	var ids []int64
	for n := range 8 {
		id, _ := b.message(n, nil)
		ids = append(ids, id)
	}
	// Who meets the gap of another's write has its turn in the next round.
	for range 3 {
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() { b.send(id) })
		}
		wg.Wait()
	}
	if n := len(b.linkedin.Sent()); n != 3 {
		t.Errorf("%d messages went out, want 3", n)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE state = 'queued'"); n != 5 {
		t.Errorf("%d messages wait, want 5", n)
	}
}

// Ensure that a paused account writes nothing, and only the kind that is paused
// waits; the planner brings the message back.
func TestSendDMWaitsForAPause(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := b.lead(row{"linkedin_id": b.person(2), "status": "email_captured"})
	first, _ := b.message(1, nil)
	backup, _ := b.message(2, row{"purpose": "backup_link", "lead_id": lead})

	b.exec("INSERT INTO workers.pauses (account_id, action, reason) VALUES ($1, 'first_dm', 'test')", accountID)
	b.wantEvent(b.send(first), river.EventKindJobCompleted)
	b.want("workers.messages", first, row{"state": "queued", "attempts": 0})
	if planned := b.run(b.sweeps.Messages); !cmp.Equal(planned, []string{fmt.Sprint(backup)}) {
		t.Errorf("planned %v, want the backup link %d alone", planned, backup)
	}
	b.wantEvent(b.send(backup), river.EventKindJobCompleted)
	b.want("workers.messages", backup, row{"state": "sent"})

	b.exec("DELETE FROM workers.pauses")
	if planned := b.run(b.sweeps.Messages); !cmp.Equal(planned, []string{fmt.Sprint(first)}) {
		t.Errorf("planned %v after the pause, want message %d", planned, first)
	}
}

// Ensure that a message is planned once, and again when its job was lost.
func TestPlanGivesEachMessageOneJob(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.FirstDMsPerHour = 2 })
	var ids []string
	for n := range 4 {
		id, _ := b.message(n, nil)
		ids = append(ids, fmt.Sprint(id))
	}
	if planned := b.run(b.sweeps.Messages); !cmp.Equal(planned, ids[:2]) {
		t.Errorf("planned %v, want %v: the others are beyond the limit", planned, ids[:2])
	}
	if planned := b.run(b.sweeps.Messages); len(planned) != 0 {
		t.Errorf("planned %v again, want nothing", planned)
	}
	b.exec("UPDATE workers.river_job SET state = 'discarded', finalized_at = now() WHERE args ->> 'message_id' = $1", ids[0])
	if planned := b.run(b.sweeps.Messages); !cmp.Equal(planned, ids[:1]) {
		t.Errorf("planned %v, want %s, whose job was lost", planned, ids[0])
	}
}
