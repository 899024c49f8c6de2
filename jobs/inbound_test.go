package jobs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/store"
)

// relation is the event of somebody who became a connection.
func relation(person string) unipile.Event {
	return unipile.Event{Name: "new_relation", AccountID: accountID, Relation: person}
}

// messageFrom lets person n write, and returns the event of it.
func messageFrom(b *bench, n int, text string) unipile.Event {
	b.Helper()
	b.answer(n, text)
	chats, err := b.deps.Unipile.ChatsWith(b.Context(), accountID, member(n), "")
	b.must(err)
	page, err := b.deps.Unipile.ChatMessages(b.Context(), accountID, chats.Chats[0].ID, time.Time{}, "")
	b.must(err)
	return unipile.Event{Name: "message_received", AccountID: accountID, Message: &page.Messages[0]}
}

// Ensure the owner's own message that a webhook tells silences the bot at once, our own
// does not, and either may come before the send is recorded.
func TestOwnMessagesByWebhook(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(1, nil)
	own := func(id, text string) unipile.Event {
		return unipile.Event{Name: "message_received", AccountID: accountID, Message: &unipile.Message{
			ID: id, ChatID: "a chat that nobody knows", RecipientID: member(1), Text: text, FromAccount: true, At: time.Now(),
		}}
	}
	b.exec("UPDATE workers.messages SET state = 'sending', provider_message_id = NULL, chat_id = NULL")
	b.must(b.inbound.Take(t.Context(), own("m1", "Where shall I send it,  No1? ")))
	b.exec("UPDATE workers.messages SET state = 'sent'")
	b.must(b.inbound.Take(t.Context(), own("m1", "Where shall I send it, No1?")))
	if n := scalar[int](b, "SELECT count(*) FROM workers.takeovers"); n != 0 {
		t.Error("our own message is taken for a human's")
	}
	b.must(b.inbound.Take(t.Context(), own("m2", "Hi, it's really me")))
	if n := scalar[int](b, "SELECT count(*) FROM workers.takeovers"); n != 1 {
		t.Error("the owner's message is not seen")
	}
}

// Ensure an account that is signed out makes no calls until its owner logs in again, and
// that this lifts no pause of another kind.
func TestAccountStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(1, nil)
	tell := func(status unipile.AccountStatus, account string) {
		b.must(b.inbound.Take(t.Context(), unipile.Event{Name: "account_status", AccountID: account, Status: &status}))
	}
	paused := func() int { return scalar[int](b, "SELECT count(*) FROM workers.pauses") }
	tell("CONNECTING", accountID)
	tell("a new one", accountID)
	tell(unipile.StatusCredentials, "an account of somebody else")
	if paused() != 0 {
		t.Error("paused for nothing")
	}
	tell(unipile.StatusCredentials, accountID)
	tell(unipile.StatusCredentials, accountID)
	waiting, _ := b.message(2, nil)
	b.sweepAndSend()
	b.want("workers.messages", waiting, row{"state": "queued"})
	tell(unipile.StatusReconnected, accountID)
	b.sweepAndSend()
	b.want("workers.messages", waiting, row{"state": "sent"})

	b.exec("INSERT INTO workers.pauses (account_id, action, reason) VALUES ($1, 'everything', 'errors/account_restricted')", accountID)
	tell(unipile.StatusOK, accountID)
	if paused() != 1 {
		t.Error("a restriction is lifted by a login")
	}
}

// Ensure a login lifts only what it ends, whichever came first: an account that a human or
// LinkedIn stopped as well waits for a human.
func TestLoginLiftsNoOtherStop(t *testing.T) {
	t.Parallel()
	signedOut, other := unipile.StatusCredentials, "errors/account_restricted"
	for _, signedOutFirst := range []bool{true, false} {
		b := setup(t)
		b.message(1, nil)
		tell := func(status unipile.AccountStatus) {
			b.must(b.inbound.Take(t.Context(), unipile.Event{Name: "account_status", AccountID: accountID, Status: &status}))
		}
		pauses := store.Pauses{Pool: b.pool}
		if signedOutFirst {
			tell(signedOut)
		}
		b.must(pauses.Pause(t.Context(), accountID, store.ActionEverything, other, time.Time{}))
		b.must(pauses.Pause(t.Context(), accountID, store.ActionEverything, "errors/disconnected_account", time.Time{}))
		tell(signedOut)
		tell(signedOut)
		tell(unipile.StatusReconnected)
		reason := scalar[string](b, "SELECT coalesce(string_agg(reason, '|'), '') FROM workers.pauses")
		if strings.Count(reason, other) != 1 || strings.Count(reason, "CREDENTIALS") != 1 {
			t.Errorf("signed out first: %v; the account is paused for %q, want each reason once", signedOutFirst, reason)
		}
		b.exec("DELETE FROM workers.pauses")
		tell(signedOut)
		b.must(pauses.Pause(t.Context(), accountID, store.ActionEverything, "errors/disconnected_account", time.Time{}))
		tell(unipile.StatusReconnected)
		if n := scalar[int](b, "SELECT count(*) FROM workers.pauses"); n != 0 {
			t.Error("a login does not lift what it ends")
		}
	}
}

// Ensure events of people and accounts that nobody asked for leave no trace.
func TestEventsOfStrangers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.person(1)
	b.must(b.inbound.Take(t.Context(), messageFrom(b, 1, "hello, ana@example.com")))
	b.must(b.inbound.Take(t.Context(), unipile.Event{}))
	b.must(b.inbound.Take(t.Context(), unipile.Event{AccountID: accountID, Name: "message_read"}))
	b.must(b.inbound.Take(t.Context(), relation("nobody")))
	if n := scalar[int](b, "SELECT (SELECT count(*) FROM workers.inbox_messages) + (SELECT count(*) FROM workers.river_job)"); n != 0 {
		t.Errorf("%d rows were made of it", n)
	}
}

// Ensure answers that come at once, from many people and twice, are each handled once
// and in order, while the inbox is read as well.
func TestAnswersAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, quick)
	campaign := b.campaign(row{"webhook_url": b.hookURL})
	post := b.scrapeJob(row{"campaign_id": campaign, "unipile_post_id": "7398114413090810001"})
	const people = 10
	for n := range people {
		b.askIn(n, campaign, post)
	}
	var events []unipile.Event
	for n := range people {
		// The first piece a while before the second, or nobody could tell which it is.
		first, second := messageFrom(b, n, "john.doe"), messageFrom(b, n, "@example.com")
		first.Message.At = second.Message.At.Add(-time.Second)
		events = append(events, first, second)
	}
	b.start()
	for range 2 {
		for _, e := range events {
			go func() { _ = b.inbound.Take(context.WithoutCancel(t.Context()), e) }()
		}
	}
	b.until("all leads are delivered", func(context.Context) bool {
		return scalar[bool](b, "SELECT count(*) FILTER (WHERE status = 'webhook_sent' AND email = 'john.doe@example.com') = $1 FROM leads", people)
	})
	if n := scalar[int](b, "SELECT count(*) FROM webhook_logs"); n != people {
		t.Errorf("%d webhook rows, want %d", n, people)
	}
	b.want("scrape_jobs", post, row{"emails_captured": people})
}

// Ensure a look that cannot tell whose chat it is leaves the message for the next.
func TestAnswerInAnUnknownChat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.exec("UPDATE workers.messages SET chat_id = NULL")
	event := messageFrom(b, 1, "ana@example.com")
	b.must(b.inbound.Take(t.Context(), event))
	id := scalar[int64](b, "SELECT id FROM workers.inbox_messages")
	fail := b.fault("chats_with", 500)
	b.wantEvent(work(b, inbox.HandleAnswerArgs{InboxMessageID: id}), river.EventKindJobFailed)
	b.want("leads", a.lead, row{"status": "dm_sent"})
	fail()
	b.wantEvent(work(b, inbox.HandleAnswerArgs{InboxMessageID: id}), river.EventKindJobCompleted)
	b.want("leads", a.lead, row{"status": "email_captured"})
}
