package jobs_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// Ensure that who says no gets nothing more that was queued for them before, in any
// campaign of that client, while another client's campaigns go on.
func TestOptOutStopsWhatIsQueuedElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	first := b.campaign(row{"client_id": client})
	b.askIn(1, first, b.scrapeJob(row{"campaign_id": first}))
	elsewhere, lead := b.message(1, row{"campaign_id": b.campaign(row{"client_id": client}), "body": "of a sibling campaign"})
	stranger, _ := b.message(1, row{"body": "of another client"})
	b.answer(1, "no thanks")
	b.checkInbox()

	b.wantEvent(b.send(elsewhere), river.EventKindJobCompleted)
	b.want("workers.messages", elsewhere, row{"state": "skipped", "error_type": "opted_out", "attempts": 0})
	b.want("leads", lead, row{"status": "opted_out"})
	b.wantEvent(b.send(stranger), river.EventKindJobCompleted)
	b.wantSent("Where shall I send it, No1?", "of another client")
}

// Ensure that an opt-out is heard in each form in which a lead names the person.
func TestOptOutByEitherID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	campaign := func() uuid.UUID { return b.campaign(row{"client_id": client}) }
	b.lead(row{"campaign_id": campaign(), "linkedin_id": member(1), "status": "opted_out"})
	b.lead(row{"campaign_id": campaign(), "linkedin_id": "person-2", "provider_id": member(2), "status": "opted_out"})
	for n := 1; n <= 2; n++ {
		id, _ := b.message(n, row{"campaign_id": campaign()})
		b.send(id)
		b.want("workers.messages", id, row{"state": "skipped", "error_type": "opted_out"})
	}
	if sent := b.linkedin.Sent(); len(sent) != 0 {
		t.Errorf("%d messages went out, want none", len(sent))
	}
}
