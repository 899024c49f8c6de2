package jobs_test

import (
	"testing"
)

// Ensure that no date which a producer may write keeps the answers of an account
// from being heard.
func TestInboxSurvivesOddDates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	b.scrapeJob(row{"campaign_id": campaign})
	for n, created := range []any{"-infinity", "infinity", nil, "0044-03-15 BC", "294276-12-31"} {
		person := b.person(n)
		lead := b.lead(row{"campaign_id": campaign, "linkedin_id": person, "status": "dm_sent"})
		b.exec("UPDATE leads SET created_at = $2::text::timestamptz WHERE id = $1", lead, created)
		b.answer(n, "ana@example.com")
		b.checkInbox()
		want := "email_captured"
		if created == "294276-12-31" {
			want = "dm_sent" // asked after it was answered
		}
		b.want("leads", lead, row{"status": want})
	}
}
