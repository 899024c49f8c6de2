package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// inDoubt seeds a backup link to person 1 that may or may not have gone out an hour
// ago, to a chat.
func (b *bench) inDoubt(chat any) (messageID int64) {
	b.Helper()
	person := b.person(1)
	lead := b.lead(row{"linkedin_id": person, "provider_id": person, "status": "email_captured"})
	messageID, _ = b.message(1, row{
		"lead_id": lead, "purpose": "backup_link", "chat_id": chat, "body": "the link",
		"state": "unknown", "claim": uuid.New(), "claimed_at": time.Now().Add(-time.Hour),
	})
	return messageID
}

// Ensure that a message whose chat is gone is looked for in the other chats with
// that person, and not sent again when it is there.
func TestLookUpFallsBackToTheOtherChats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.inDoubt("a chat that is gone")
	sent, err := b.deps.Unipile.StartChat(t.Context(), accountID, member(1), "the link")
	b.must(err)

	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "sent", "chat_id": sent.ChatID, "provider_message_id": sent.MessageID})
	b.wantSent("the link")
}

// Ensure that a look-up which the vendor refuses proves nothing: the message stays
// in doubt and rests instead of being looked up at every sweep, and a later look
// that may read finds what had gone out.
func TestLookUpThatIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		chat  any
		fault fakeunipile.Fault
	}{
		{"where no chat is known", nil, fakeunipile.Fault{Operation: "chats_with", Type: "invalid_parameters"}},
		{"where the chat is gone", "a chat that is gone", fakeunipile.Fault{Operation: "chats_with", Type: "resource_not_found"}},
		{"in the chat itself", nil, fakeunipile.Fault{Operation: "chat_messages", Type: "resource_access_restricted"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.inDoubt(tc.chat)
			_, err := b.deps.Unipile.StartChat(t.Context(), accountID, member(1), "the link")
			b.must(err)
			b.linkedin.AddFault(tc.fault)

			for range 2 {
				b.wantEvent(b.send(id), river.EventKindJobCancelled)
				b.want("workers.messages", id, row{"state": "unknown", "error_type": "errors/" + tc.fault.Type})
				b.wantNear(scalar[time.Time](b, "SELECT not_before FROM workers.messages"), time.Hour)
				if planned := b.run(b.sweeps.Messages); len(planned) != 0 {
					t.Errorf("planned %v at once, want nothing for an hour", planned)
				}
				b.age(id, 61*time.Minute)
				if diff := cmp.Diff([]string{fmt.Sprint(id)}, b.run(b.sweeps.Messages)); diff != "" {
					t.Errorf("planned after an hour (-want +got):\n%s", diff)
				}
				b.exec("DELETE FROM workers.river_job")
			}
			if len(b.pauses()) != 0 {
				t.Errorf("the account is paused: %v", b.pauses())
			}
			b.linkedin.ClearFaults()
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "sent"})
			b.wantSent("the link")
		})
	}
}

// Ensure that a message to a chat that is gone is looked for in the person's others,
// and starts a new one where there is none.
func TestLookUpInAChatThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.inDoubt("a chat that is gone")
	b.wantEvent(b.send(id), river.EventKindJobSnoozed)
	b.want("workers.messages", id, row{"state": "queued", "error_type": "surely_not_sent"})
	if b.calls("chats_with") == 0 {
		t.Error("concluded without a look at the chats with that person")
	}
	b.age(id, time.Minute)
	b.wantEvent(b.send(id), river.EventKindJobCancelled)
	b.want("workers.messages", id, row{"state": "queued", "chat_id": nil})
	b.age(id, time.Minute)
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.wantSent("the link")
}

// Ensure a message that a dead worker was sending is taken up as soon as the worker is
// found dead, and one of a living worker never is.
func TestMessageOfADeadWorkerIsTakenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, row{"state": "sending", "claimed_at": time.Now(), "claimed_by": "worker", "attempts": 1})
	insert[string](b, "workers.instances", row{"id": "worker"}, nil)
	b.wantEvent(b.send(id), river.EventKindJobSnoozed)
	b.want("workers.messages", id, row{"state": "sending"})
	b.exec("DELETE FROM workers.instances")
	b.send(id)
	b.want("workers.messages", id, row{"state": "unknown", "error_type": "not_found_yet"})
	if n := b.calls("start_chat"); n != 0 {
		t.Errorf("sent %d times although nothing is known of the first try", n)
	}
}

// Ensure the same words that another campaign sent to that person do not count as the
// message in doubt.
func TestLookUpTellsTwoCampaignsApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _ := b.message(1, row{"body": "the same words"})
	b.send(first)
	b.want("workers.messages", first, row{"state": "sent"})
	second, lead := b.message(1, row{
		"body": "the same words", "state": "unknown", "claim": uuid.New(), "claimed_at": time.Now().Add(-time.Hour), "attempts": 1,
	})
	b.send(second)
	b.want("workers.messages", second, row{"state": "queued", "error_type": "surely_not_sent"})
	b.age(second, time.Hour)
	b.send(second)
	b.want("leads", lead, row{"status": "dm_sent"})
	b.wantSent("the same words", "the same words")
}

// Ensure a message that was found counts for its limits from no earlier than its claim,
// whatever the provider's clock says.
func TestLookUpKeepsToOurClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.inDoubt(nil)
	_, err := b.deps.Unipile.StartChat(t.Context(), accountID, member(1), "the link")
	b.must(err)
	b.exec("UPDATE workers.messages SET claimed_at = now()") // the provider's clock is behind
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	if early := scalar[time.Duration](b, "SELECT claimed_at - sent_at FROM workers.messages WHERE state = 'sent'"); early > 0 {
		t.Errorf("the message counts from %s before its claim", early)
	}
}
