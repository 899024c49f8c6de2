package jobs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/messages"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// lost seeds a first message to person 1 whose answer was lost an hour ago: the provider
// has it, or not.
func (b *bench) lost(body string, stored bool) (messageID int64, leadID uuid.UUID) {
	b.Helper()
	at := time.Now().Add(-time.Hour)
	messageID, leadID = b.message(1, row{
		"body": body, "state": "unknown", "claim": uuid.New(), "claimed_at": at, "provider_claimed_at": at, "attempts": 1,
	})
	if stored {
		_, err := b.deps.Unipile.StartChat(b.Context(), accountID, member(1), body)
		b.must(err)
	}
	return messageID, leadID
}

// Ensure a message that the provider shows changed is recognised, and not sent again.
func TestLookUpKnowsAChangedText(t *testing.T) {
	t.Parallel()
	const body = "Hi Ana & team, the guide is here: https://kelp.example/guide.pdf Where shall I send the rest?"
	for name, change := range map[string]func(string) string{
		"a link shortened": func(s string) string {
			return strings.Replace(s, "https://kelp.example/guide.pdf", "https://lnkd.in/dX7", 1)
		},
		"an entity":   func(s string) string { return strings.ReplaceAll(s, "&", "&amp;") },
		"white space": func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0 ") },
		"a signature": func(s string) string { return s + "\n\nMara Lindqvist | Kelp" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.linkedin.SetShown(change)
			id, lead := b.lost(body, true)
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "sent", "doubt": nil})
			b.want("leads", lead, row{"status": "dm_sent"})
			b.wantSent(body)
		})
	}
}

// Ensure something else that the account wrote to that person meanwhile leaves it open
// whether the message went out: it is not sent again, and a human settles it either way.
func TestLookUpLeavesAnotherOwnMessageToAHuman(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]bool{"it was sent": true, "send it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id, lead := b.lost("Where shall I send the guide, Ana?", false)
			b.linkedin.Type(accountID, member(1), "Thanks for the call")
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "unknown", "doubt": "own_message", "error_type": "own_message_unknown"})
			if planned := b.run(b.sweeps.Messages); len(planned) != 0 {
				t.Errorf("planned %v, want it to wait for a human", planned)
			}
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.wantSent()

			n, err := messages.Settle(t.Context(), b.pool, lead, sent)
			b.must(err)
			if n != 1 {
				t.Fatalf("%d messages were settled, want 1", n)
			}
			if sent {
				b.want("workers.messages", id, row{"state": "sent", "doubt": nil})
				b.want("leads", lead, row{"status": "dm_sent"})
				b.wantSent()
				return
			}
			b.exec("INSERT INTO workers.first_looks (account_id) VALUES ('')") // which would find the other one
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "sent"})
			b.wantSent("Where shall I send the guide, Ana?")
		})
	}
}

// Ensure what the account wrote before the claim leaves nothing open.
func TestLookUpIgnoresWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.linkedin.SetClock(fakeunipile.Clock{Messages: -5 * time.Hour})
	b.person(1)
	b.linkedin.Type(accountID, member(1), "Nice to meet you")
	b.linkedin.SetClock(fakeunipile.Clock{})
	id, _ := b.lost("Where shall I send the guide, Ana?", false)
	b.wantEvent(b.send(id), river.EventKindJobSnoozed)
	b.want("workers.messages", id, row{"state": "queued", "error_type": "surely_not_sent"})
}

// Ensure that while the provider's clock is not known nobody concludes from its times.
func TestLookUpDoubtsWhileTheClockIsUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.linkedin.SetClock(fakeunipile.Clock{Messages: -5 * time.Hour})
	b.person(1)
	b.linkedin.Type(accountID, member(1), "Nice to meet you")
	id, _ := b.lost("Where shall I send the guide, Ana?", false)
	b.exec("UPDATE workers.messages SET provider_claimed_at = NULL")
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "unknown", "doubt": "own_message"})
}

// Ensure a message is looked for before its first try where that is switched on, for the
// account, for all, or by the settings; and costs no read where it is not.
func TestLookFirst(t *testing.T) {
	t.Parallel()
	const body = "Where shall I send the guide, Ana?"
	for name, test := range map[string]struct {
		account  string
		until    string
		settings bool
		found    bool
	}{
		"off":             {},
		"by the settings": {settings: true, found: true},
		"of the account":  {account: accountID, until: "infinity", found: true},
		"of all":          {account: "all", until: "infinity", found: true},
		"of another":      {account: "another", until: "infinity"},
		"over":            {account: "all", until: "-infinity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) { o.settings.LookFirst = test.settings })
			id, lead := b.message(1, row{"body": body})
			if test.account != "" {
				b.exec("INSERT INTO workers.first_looks (account_id, until) VALUES (replace($1, 'all', ''), $2::text::timestamptz)", test.account, test.until)
			}
			_, err := b.deps.Unipile.StartChat(t.Context(), accountID, member(1), body) // and the database forgot
			b.must(err)
			before := b.calls("chats_with")
			b.wantEvent(b.send(id), river.EventKindJobCompleted)
			b.want("workers.messages", id, row{"state": "sent"})
			b.want("leads", lead, row{"status": "dm_sent"})
			if test.found {
				b.wantSent(body)
			} else {
				b.wantSent(body, body)
				if n := b.calls("chats_with"); n != before {
					t.Errorf("looked %d times although it is off", n-before)
				}
			}
		})
	}
}

// Ensure a "yes" counts that was read before a question which went out, and which the
// database forgot, was found in the chat.
func TestLookFirstFindsTheQuestionOfAnAnswer(t *testing.T) {
	t.Parallel()
	const body = "Is it ana@example.com?"
	b := setup(t, func(o *options) { o.settings.LookFirst = true })
	id, _ := b.message(1, row{"purpose": "second_question", "body": body, "suggestion": "ana@example.com"})
	_, err := b.deps.Unipile.StartChat(t.Context(), accountID, member(1), body)
	b.must(err)
	b.exec(`INSERT INTO workers.inbox_messages (account_id, message_id, sender_id, body, sent_at, handled_at, result, reason)
		SELECT $1, m, $2, m, now() + make_interval(hours => h), now(), 'none', 'no_address'
		FROM (VALUES ('yes', 1), ('long ago', -1)) v (m, h)`, accountID, member(1))
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "sent"})
	b.wantSent(body)
	if open := scalar[string](b, "SELECT string_agg(body, ',') FROM workers.inbox_messages WHERE handled_at IS NULL"); open != "yes" {
		t.Errorf("read again: %q, want the answer after the question", open)
	}
}

// Ensure a first look that finds nothing sends, one that finds another message of the
// account's owner leaves it to a human, and one that cannot look waits.
func TestLookFirstFindsSomethingElse(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.LookFirst = true })
	nobody, _ := b.message(1, nil)
	b.wantEvent(b.send(nobody), river.EventKindJobCompleted)
	b.want("workers.messages", nobody, row{"state": "sent"})

	other, _ := b.message(2, nil)
	b.linkedin.Type(accountID, member(2), "Thanks for the call")
	b.wantEvent(b.send(other), river.EventKindJobCompleted)
	b.want("workers.messages", other, row{"state": "unknown", "doubt": "own_message"})

	blind, _ := b.message(3, nil)
	end := b.fault("chats_with", 500)
	b.wantEvent(b.send(blind), river.EventKindJobCancelled)
	b.want("workers.messages", blind, row{"state": "queued"})
	end()
	b.age(blind, time.Hour)
	b.wantEvent(b.send(blind), river.EventKindJobCompleted)
	b.want("workers.messages", blind, row{"state": "sent"})
}

// Ensure an answer that is read again by a database that was set back has the same
// webhook-id, and another answer another one.
func TestWebhookIDIsTheAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.ask(1, nil), b.ask(2, nil)
	b.exec("UPDATE scrape_jobs SET webhook_url = $1", b.hookURL)
	b.answer(1, "ana@example.com")
	b.answer(2, "bea@example.com")
	b.checkInbox()
	ids := "SELECT array_agg(DISTINCT id::text) FROM webhook_logs"
	first := scalar[[]string](b, ids)
	b.exec("DELETE FROM webhook_logs WHERE lead_id = $1", a.lead)
	b.exec("UPDATE leads SET status = 'dm_sent', email = NULL")
	b.exec("UPDATE workers.inbox_messages SET handled_at = NULL")
	b.checkInbox()
	second := scalar[[]string](b, ids)
	if len(first) != 2 || strings.Join(first, " ") != strings.Join(second, " ") {
		t.Errorf("the webhooks had the ids %v, and %v when the answers were read again", first, second)
	}
	b.want("leads", a.lead, row{"status": "email_captured"})
	b.want("leads", other.lead, row{"status": "email_captured"})
}

// Ensure the gap to the next write runs from the end of a send, however long it took, and
// that nothing else goes out while it is under way.
func TestGapRunsFromTheEndOfASend(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.GapMin, o.settings.Limits.GapMax = time.Minute, time.Minute })
	first, _ := b.message(1, nil)
	second, _ := b.message(2, nil)
	hold := b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", Hang: true})
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.send(first)
	}()
	b.until("the first is under way", func(context.Context) bool { return b.calls("start_chat") == 1 })
	b.exec("UPDATE workers.accounts SET next_write_at = now()") // a send that takes longer than the gap
	b.send(second)
	b.want("workers.messages", second, row{"state": "queued"})
	b.linkedin.Release(hold)
	<-done
	if n := b.calls("start_chat"); n != 1 {
		t.Errorf("%d messages went out at once", n)
	}
	b.wantNear(scalar[time.Time](b, "SELECT next_write_at FROM workers.accounts"), time.Minute)
	if scalar[bool](b, "SELECT writing_until IS NOT NULL FROM workers.accounts") {
		t.Error("the account is closed although its send is over")
	}
}

// Ensure a worker that dies while it sends keeps the account closed no longer than the
// send and the gap after it can take.
func TestClosedAccountOpensByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, nil)
	b.exec("INSERT INTO workers.accounts (id, writing_until) VALUES ($1, now() + interval '20 s')", accountID)
	b.wantEvent(b.send(id), river.EventKindJobSnoozed)
	b.wantSent()
	b.exec("UPDATE workers.accounts SET writing_until = now()")
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	if left := scalar[bool](b, "SELECT coalesce(writing_until > now() + interval '21 s', false) FROM workers.accounts"); left {
		t.Error("the account is closed for longer than a send and a gap can take")
	}
}
