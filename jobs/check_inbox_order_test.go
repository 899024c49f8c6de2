package jobs_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/inbox"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure that of two answers read at once, as after a crash, the one that was
// written first counts: Unipile lists the newest first.
func TestCheckInboxFirstAnswerCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaignID := b.campaign(nil)
	b.scrapeJob(row{"campaign_id": campaignID})
	person := b.person(1)
	sent, err := b.deps.Unipile.StartChat(t.Context(), accountID, person, "Where shall I send it?")
	b.must(err)
	leadID := b.lead(row{"campaign_id": campaignID, "linkedin_id": person, "provider_id": person, "status": "dm_sent"})
	insert[int64](b, "workers.messages", row{
		"account_id": accountID, "campaign_id": campaignID, "lead_id": leadID, "purpose": "first_dm", "recipient_id": person,
		"body": "Where shall I send it?", "state": "sent", "chat_id": sent.ChatID, "claim": uuid.New(),
		"claimed_at": scalar[any](b, "SELECT now() - interval '1 second'"),
	}, nil)
	now := time.Now()
	for i, text := range []string{"ana@example.com", "or ana.petrova@example.com, both work"} {
		b.linkedin.ReceiveMessage(fakeunipile.Inbound{
			AccountID: accountID, PersonID: person, Text: text, At: now.Add(time.Duration(i) * time.Second),
		})
	}

	b.wantEvent(work(b, inbox.CheckInboxArgs{AccountID: accountID}), river.EventKindJobCompleted)
	b.want("leads", leadID, row{"email": "ana@example.com", "status": "email_captured"})
}
