package jobs_test

import (
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/jobs/messages"
)

// Ensure that what listens for an account, and waits because Unipile asked for patience, goes on
// when the account is resumed or signed in again: else a look into its inbox waits for an hour.
func TestResumeListensAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const other = "another account"
	message := insert[int64](b, "workers.inbox_messages", row{
		"account_id": accountID, "message_id": "m1", "sender_id": member(1), "body": "hello", "sent_at": time.Now(),
	}, nil)
	snooze := func() {
		b.exec("DELETE FROM workers.river_job")
		for _, args := range []river.JobArgs{
			inbox.CheckInboxArgs{AccountID: accountID}, messages.CheckRelationsArgs{AccountID: accountID},
			inbox.HandleAnswerArgs{InboxMessageID: message}, inbox.CheckInboxArgs{AccountID: other},
		} {
			_, err := b.client.Insert(t.Context(), args, &river.InsertOpts{ScheduledAt: time.Now().Add(time.Hour)})
			b.must(err)
		}
	}
	waiting := func() int {
		return scalar[int](b, "SELECT count(*) FROM workers.river_job WHERE scheduled_at > now() + interval '30 minutes'")
	}
	snooze()
	done, err := accounts.Resume(t.Context(), b.pool, accountID, "")
	b.must(err)
	if done.Looks != 3 || waiting() != 1 {
		t.Errorf("%d looks were brought forward and %d jobs wait, want 3 and the other account's", done.Looks, waiting())
	}
	snooze()
	b.exec("INSERT INTO workers.pauses (account_id, action, reason) VALUES ($1, 'polls', 'by hand')", accountID)
	done, err = accounts.Resume(t.Context(), b.pool, accountID, "polls")
	b.must(err)
	if done != (accounts.Resumed{Pauses: 1}) || waiting() != 4 {
		t.Errorf("resuming polls did %+v and leaves %d jobs waiting, want 4", done, waiting())
	}
	done, err = accounts.Resume(t.Context(), b.pool, "nobody's", "")
	b.must(err)
	if done != (accounts.Resumed{}) {
		t.Errorf("resuming nobody's account did %+v", done)
	}
}

// Ensure a limit of the inbox itself is what is brought forward.
func TestResumeAfterALimitOfTheInbox(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.answer(1, "ana@example.com")
	end := b.fault("list_messages", 429)
	result := b.tryInbox()
	b.wantEvent(result, river.EventKindJobSnoozed)
	end()
	if wait := time.Until(result.Job.ScheduledAt); wait < 30*time.Minute {
		t.Fatalf("the look waits %s, too short for this test", wait)
	}
	done, err := accounts.Resume(t.Context(), b.pool, accountID, "")
	b.must(err)
	if done.Looks != 1 {
		t.Errorf("%d looks were brought forward, want 1", done.Looks)
	}
	if at := scalar[time.Time](b, "SELECT scheduled_at FROM workers.river_job WHERE id = $1", result.Job.ID); time.Until(at) > time.Minute {
		t.Errorf("the look is made in %s", time.Until(at))
	}
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured"})
}
