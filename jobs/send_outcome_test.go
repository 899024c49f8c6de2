package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// age makes a message's last attempt older, as if that time had passed since.
func (b *bench) age(messageID int64, by time.Duration) {
	b.Helper()
	b.exec("UPDATE workers.messages SET claimed_at = claimed_at - $2::interval, not_before = not_before - $2::interval WHERE id = $1", messageID, by)
}

// Ensure that a person who cannot be written to ends the message and says so on the
// lead, while the account goes on.
func TestSendDMToWhomItCannotReach(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault      string // of the vendor; empty: not connected
		leadStatus string
	}{
		{"", "not_connected"},
		{"invalid_recipient", "not_connected"},
		{"blocked_recipient", "not_connected"},
		{"too_many_characters", "comment_detected"}, // the fault is ours
	}
	for _, tc := range tests {
		t.Run(tc.fault, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id, lead := b.message(1, nil)
			if tc.fault == "" {
				b.linkedin.SetDistance(accountID, member(1), 2)
				tc.fault = "no_connection_with_recipient"
			} else {
				b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Type: tc.fault})
			}
			b.wantEvent(b.send(id), river.EventKindJobCancelled)
			b.want("workers.messages", id, row{"state": "failed", "error_type": "errors/" + tc.fault})
			b.want("leads", lead, row{"status": tc.leadStatus})
			if len(b.pauses()) != 0 {
				t.Errorf("the account is paused: %v", b.pauses())
			}
			b.send(id)
			if n := b.calls("start_chat"); n != 1 {
				t.Errorf("tried %d times, want once", n)
			}
		})
	}
}

// Ensure that LinkedIn's quota stops that kind of write for the account and costs
// the message no attempt.
func TestSendDMOverLinkedInsQuota(t *testing.T) {
	t.Parallel()
	for fault, rest := range map[string]time.Duration{
		"too_many_requests": time.Hour, "limit_exceeded": 6 * time.Hour, "cannot_resend_yet": 6 * time.Hour,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id, lead := b.message(1, nil)
			b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Type: fault, Times: 1})

			result := b.send(id)
			b.wantEvent(result, river.EventKindJobCancelled) // the planner makes another when the pause is over
			b.want("workers.messages", id, row{"state": "queued", "error_type": "errors/" + fault, "attempts": 0})
			b.want("leads", lead, row{"status": "comment_detected"})
			pauses := b.pauses()
			b.wantNear(pauses["first_dm"], rest)
			b.wantNear(b.forecast(id).At, rest)
			if len(pauses) != 1 {
				t.Errorf("paused: %v, want first messages alone", pauses)
			}

			b.exec("UPDATE workers.pauses SET until = now()")
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.wantSent("Where shall I send it, No1?")
		})
	}
}

// Ensure a limit stops the kind of write that met it, also for a first message that
// goes to a chat which exists.
func TestSendDMOverTheQuotaInAChat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	chat, err := b.deps.Unipile.StartChat(b.Context(), accountID, b.person(1), "hello")
	b.must(err)
	id, _ := b.message(1, row{"chat_id": chat.ChatID})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "send_message", Type: "limit_exceeded", Times: 1})
	b.send(id)
	if pauses := b.pauses(); len(pauses) != 1 || pauses["first_dm"].IsZero() {
		t.Errorf("paused: %v, want first messages alone", pauses)
	}
}

// Ensure that an account that LinkedIn signed out is left alone until a human
// resumes it, with all that waits.
func TestSendDMFromASignedOutAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _ := b.message(1, nil)
	second, lead := b.message(2, nil)
	b.linkedin.SetAccountStatus(accountID, "CREDENTIALS")

	b.wantEvent(b.send(first), river.EventKindJobCancelled)
	b.wantEvent(b.send(second), river.EventKindJobCompleted)
	if diff := cmp.Diff(map[string]time.Time{"everything": {}}, b.pauses()); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
	if n := b.calls("start_chat"); n != 1 {
		t.Errorf("%d calls were made, want 1: the second message must see the pause", n)
	}
	if planned := b.run(b.sweeps.Messages); len(planned) != 0 {
		t.Errorf("planned %v while paused, want nothing", planned)
	}

	b.linkedin.SetAccountStatus(accountID, "OK")
	b.exec("DELETE FROM workers.pauses")
	if planned := b.run(b.sweeps.Messages); len(planned) != 2 {
		t.Errorf("planned %v after the pause, want both", planned)
	}
	b.send(second)
	b.want("workers.messages", second, row{"state": "sent"})
	b.want("leads", lead, row{"status": "dm_sent"})
}

// Ensure that a wrong API key costs nothing but time.
func TestSendDMWithAWrongKey(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.apiKey = "wrong" })
	id, lead := b.message(1, nil)
	result := b.send(id)
	b.wantEvent(result, river.EventKindJobSnoozed)
	b.wantNear(result.Job.ScheduledAt, time.Minute)
	b.want("workers.messages", id, row{"state": "queued", "error_type": "errors/missing_credentials"})
	b.want("leads", lead, row{"status": "comment_detected"})
	if len(b.pauses()) != 0 {
		t.Errorf("the account is paused: %v", b.pauses())
	}
}

// Ensure that a failure before anything was sent is tried again soon.
func TestSendDMAgainAfterASureFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, nil)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Type: "no_client_session", Times: 1})

	b.wantEvent(b.send(id), river.EventKindJobFailed)
	b.want("workers.messages", id, row{"state": "queued", "attempts": 1, "error_type": "errors/no_client_session"})
	b.wantNear(scalar[time.Time](b, "SELECT not_before FROM workers.messages"), 2*time.Second)
	b.age(id, time.Minute)
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.wantSent("Where shall I send it, No1?")
}

// Ensure that a message whose outcome is not known reaches the person exactly once,
// whether it had gone out or not.
func TestSendDMExactlyOnceInDoubt(t *testing.T) {
	t.Parallel()
	faults := map[string]fakeunipile.Fault{
		"504":              {Status: 504},
		"500":              {Status: 500},
		"connection reset": {Reset: true},
		"no answer":        {Hang: true},
	}
	for name, fault := range faults {
		for _, stored := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, stored %t", name, stored), func(t *testing.T) {
				t.Parallel()
				b := setup(t, func(o *options) { o.unipileTimeout = 500 * time.Millisecond })
				campaign := b.campaign(nil)
				scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
				id, lead := b.message(1, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})
				fault.Operation, fault.AfterStore, fault.Times = "start_chat", stored, 1
				b.linkedin.AddFault(fault)

				result := b.send(id)
				b.wantEvent(result, river.EventKindJobSnoozed)
				b.wantNear(result.Job.ScheduledAt, 90*time.Second)
				b.want("workers.messages", id, row{"state": "unknown"})
				b.want("leads", lead, row{"status": "comment_detected"})
				b.wantEvent(b.send(id), river.EventKindJobSnoozed) // too early
				if n := b.calls("start_chat"); n != 1 {
					t.Fatalf("%d sends before the provider's reads can be trusted, want 1", n)
				}

				b.age(id, 2*time.Minute)
				if !stored {
					b.wantEvent(b.send(id), river.EventKindJobSnoozed)
					b.want("workers.messages", id, row{"state": "queued", "error_type": "surely_not_sent"})
					b.age(id, time.Minute)
				}
				b.wantEvent(b.send(id), river.EventKindJobCompleted)
				b.wantSent("Where shall I send it, No1?")
				b.want("workers.messages", id, row{"state": "sent", "provider_message_id": b.linkedin.Sent()[0].ID, "error_type": nil})
				b.want("leads", lead, row{"status": "dm_sent"})
				b.want("scrape_jobs", scrapeJob, row{"dms_sent": 1})
			})
		}
	}
}

// Ensure that a message which goes into a known chat is looked up there.
func TestSendBackupLinkExactlyOnceInDoubt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.message(1, nil)
	b.send(first)
	b.exec("UPDATE leads SET status = 'email_captured'")
	id, _ := b.message(1, row{"lead_id": lead, "purpose": "backup_link", "chat_id": b.linkedin.Sent()[0].ChatID, "body": "the  link\n"})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "send_message", Status: 504, AfterStore: true, Times: 1})

	b.wantEvent(b.send(id), river.EventKindJobSnoozed)
	b.age(id, 2*time.Minute)
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.wantSent("Where shall I send it, No1?", "the  link\n")
	b.want("workers.messages", id, row{"state": "sent"})
}

// Ensure that a look-up before the vendor's reads have caught up concludes nothing.
func TestLookUpWaitsForTheReadLag(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.readLag = 700 * time.Millisecond })
	id, _ := b.message(1, nil)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Status: 504, AfterStore: true, Times: 1})
	b.send(id)
	b.exec("UPDATE workers.messages SET not_before = NULL")

	b.wantEvent(b.send(id), river.EventKindJobSnoozed)
	b.want("workers.messages", id, row{"state": "unknown", "error_type": "not_found_yet"})
	b.until("the sandbox shows the message", func(ctx context.Context) bool {
		chats, err := b.deps.Unipile.ChatsWith(ctx, accountID, member(1), "")
		b.must(err)
		return len(chats.Chats) > 0
	})
	b.exec("UPDATE workers.messages SET not_before = NULL")
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.wantSent("Where shall I send it, No1?")
}

// Ensure that a look-up that fails leaves the doubt as it is, and that one refused
// for the account is not repeated while the account is stopped.
func TestLookUpThatFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, row{"state": "unknown", "claim": uuid.New(), "claimed_at": time.Now().Add(-time.Hour)})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "chats_with", Status: 500, Times: 1})
	b.wantEvent(b.send(id), river.EventKindJobCancelled)
	b.want("workers.messages", id, row{"state": "unknown"})
	b.wantNear(scalar[time.Time](b, "SELECT not_before FROM workers.messages"), 15*time.Minute)
	b.exec("UPDATE workers.messages SET not_before = NULL")

	b.linkedin.AddFault(fakeunipile.Fault{Operation: "chats_with", Status: 401, Times: 1})
	b.wantEvent(b.send(id), river.EventKindJobCancelled)
	b.want("workers.messages", id, row{"state": "unknown"})
	b.exec("DELETE FROM workers.river_job")
	if planned := b.run(b.sweeps.Messages); len(planned) != 0 {
		t.Errorf("planned %v while the account is stopped, want nothing", planned)
	}
	b.exec("DELETE FROM workers.pauses")
	if planned := b.run(b.sweeps.Messages); len(planned) != 1 {
		t.Errorf("planned %v after the pause, want the message in doubt", planned)
	}
}

// Ensure that a success that tells no ids counts as one.
func TestSendDMWithoutIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, lead := b.message(1, nil)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", NullIDs: true})
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "sent", "chat_id": nil, "provider_message_id": nil})
	b.want("leads", lead, row{"status": "dm_sent"})
}

// Ensure that the message of a killed worker is looked up, once its attempt can no
// longer be running.
func TestSendDMOfAKilledWorker(t *testing.T) {
	t.Parallel()
	for _, hadSent := range []bool{true, false} {
		t.Run(fmt.Sprintf("had sent %t", hadSent), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id, _ := b.message(1, row{"state": "sending", "claim": uuid.New(), "claimed_at": time.Now(), "attempts": 1})
			if hadSent {
				_, err := b.deps.Unipile.StartChat(t.Context(), accountID, member(1), "Where shall I send it, No1?")
				b.must(err)
			}
			result := b.send(id)
			b.wantEvent(result, river.EventKindJobSnoozed)
			b.wantNear(result.Job.ScheduledAt, time.Minute)
			b.want("workers.messages", id, row{"state": "sending"})

			b.age(id, 2*time.Minute)
			if !hadSent {
				b.wantEvent(b.send(id), river.EventKindJobSnoozed)
				b.age(id, time.Minute)
			}
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "sent"})
			b.wantSent("Where shall I send it, No1?")
		})
	}
}

// Ensure that of two attempts the one that lost its claim records nothing, although
// its answer is a success.
func TestSendDMWhoseClaimIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, found := range []bool{true, false} {
		t.Run(fmt.Sprintf("and found by the look-up %t", found), func(t *testing.T) {
			t.Parallel()
			loseClaim(setup(t), found)
		})
	}
}

// loseClaim takes a message over while its first attempt waits for an answer, with
// the message in the chat already or on its way.
func loseClaim(b *bench, found bool) {
	campaign := b.campaign(nil)
	scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
	id, _ := b.message(1, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})
	held := b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", AfterStore: found, Hang: true})

	var wg sync.WaitGroup
	wg.Go(func() {
		result := b.send(id)
		b.wantEvent(result, river.EventKindJobFailed)
		if got := strings.Join(attemptErrors(result.Job), ""); !strings.Contains(got, "claim was taken over") {
			b.Errorf("first attempt failed with %q, want that its claim was taken over", got)
		}
	})
	b.until("the first attempt is sending", func(context.Context) bool {
		return b.calls("start_chat") == 1 && (len(b.linkedin.Sent()) == 1) == found
	})
	b.age(id, 70*time.Second) // more than a job may run, less than the provider's reads may lag
	b.send(id)
	b.linkedin.Release(held)
	wg.Wait()

	b.age(id, time.Minute)
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.wantSent("Where shall I send it, No1?")
	b.want("workers.messages", id, row{"state": "sent"})
	b.want("scrape_jobs", scrapeJob, row{"dms_sent": 1})
}

// Ensure that many attempts at one message at once send it once.
func TestSendDMTwiceAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, nil)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Delay: 50 * time.Millisecond})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { b.send(id) })
	}
	wg.Wait()
	b.wantSent("Where shall I send it, No1?")
	b.want("workers.messages", id, row{"state": "sent", "attempts": 1})
}
