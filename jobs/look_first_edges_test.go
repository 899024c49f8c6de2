package jobs_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/messages"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure who answered a message that the database forgot is heard once a human says that it
// went out: it was written when the chat shows it, not when the doubt came up.
func TestAnswerBeforeTheDoubtIsHeard(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.LookFirst = true })
	campaign := b.campaign(nil)
	scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
	id, lead := b.message(1, row{"campaign_id": campaign, "scrape_job_id": scrapeJob})
	b.linkedin.SetClock(fakeunipile.Clock{Messages: -3 * time.Hour})
	b.linkedin.Type(accountID, member(1), "The guide in other words: where to?")
	b.linkedin.SetClock(fakeunipile.Clock{Messages: -2 * time.Hour})
	b.answer(1, "ana@example.com")
	b.linkedin.SetClock(fakeunipile.Clock{})
	b.checkInbox()
	b.exec("UPDATE workers.inbox_messages SET received_at = sent_at")
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "unknown", "doubt": "own_message"})
	_, err := messages.Settle(t.Context(), b.pool, lead, true)
	b.must(err)
	b.exec("DELETE FROM workers.takeovers")
	b.checkInbox()
	b.want("leads", lead, row{"status": "email_captured", "email": "ana@example.com"})
}

// Ensure a message that a first look finds says nothing of the provider's clock at a claim
// that was made before and came to nothing.
func TestFoundMessageForgetsItsClaim(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.LookFirst = true })
	id, _ := b.message(1, row{"body": "Where shall I send the guide, Ana?", "claim": uuid.New(), "attempts": 1})
	b.exec("UPDATE workers.messages SET claimed_at = now() - interval '2 days', provider_claimed_at = now() - interval '2 days'")
	b.person(1)
	b.linkedin.Type(accountID, member(1), "Where shall I send the guide, Ana?")
	b.wantEvent(b.send(id), river.EventKindJobCompleted)
	b.want("workers.messages", id, row{"state": "sent"})
	if off := scalar[float64](b, "SELECT coalesce(extract(epoch FROM claimed_at - provider_claimed_at), 0)::float8 FROM workers.messages"); off > 60 {
		t.Errorf("the provider's clock is taken to be %.0f s behind", off)
	}
}
