package jobs_test

import (
	"testing"
	"time"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure the answers to questions of which the provider told neither message nor chat are heard
// although the times of its messages are ten minutes behind its clock: who was asked in the same
// words, and says nothing, hides nobody's question.
func TestAnswersToNamelessQuestions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	scrapeJob := b.scrapeJob(row{"campaign_id": campaign})
	b.linkedin.SetClock(fakeunipile.Clock{Messages: -10 * time.Minute})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "start_chat", NullIDs: true})
	given := row{"campaign_id": campaign, "scrape_job_id": scrapeJob, "body": "Where shall I send the guide?"}
	first, lead := b.message(1, given)
	second, other := b.message(2, given)
	silent, _ := b.message(3, given)
	b.checkInbox() // tells the provider's clock
	for _, id := range []int64{first, second, silent} {
		b.exec("UPDATE workers.accounts SET next_write_at = NULL, writing_until = NULL")
		b.send(id)
		b.want("workers.messages", id, row{"state": "sent", "provider_message_id": nil, "chat_id": nil})
	}
	b.answer(1, "one@example.com")
	b.answer(2, "two@example.com")
	for range 3 {
		b.checkInbox()
	}
	b.want("leads", lead, row{"status": "email_captured", "email": "one@example.com"})
	b.want("leads", other, row{"status": "email_captured", "email": "two@example.com"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.takeovers"); n != 0 {
		t.Errorf("%d questions of ours are taken for what the owner typed", n)
	}
}

// Ensure an answer that comes when the provider's clock was set back after the question is heard,
// though its time is before that of the question.
func TestAnswerAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.linkedin.SetClock(fakeunipile.Clock{Messages: 10 * time.Minute, Date: 10 * time.Minute})
	a := b.ask(1, nil)
	b.checkInbox()
	b.linkedin.SetClock(fakeunipile.Clock{})
	b.answer(1, "one@example.com")
	b.checkInbox()
	b.want("leads", a.lead, row{"status": "email_captured", "email": "one@example.com"})
}
