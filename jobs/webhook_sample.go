package jobs

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// SampleLead is the payload of a lead that nobody is, for trying a receiver. It is as
// [DeliverWebhookArgs] delivers it, with every field, and marked as a sample. The id is
// its webhook-id.
func SampleLead(campaignID uuid.UUID, now time.Time) (id uuid.UUID, body []byte, err error) {
	id = uuid.New()
	body, err = json.Marshal(leadPayload{
		Type: leadCaptured, EventID: id.String(), Sample: true,
		Email: "sample.lead@example.com", Name: "Sample Lead", Source: "linkedin_dm",
		CampaignID: campaignID.String(), Timestamp: now.UTC().Format(time.RFC3339), LeadID: uuid.NewString(),
		FirstName: "Sample", LastName: "Lead", LinkedInURL: "https://www.linkedin.com/in/sample-lead",
		Company: "Example Ltd", Title: "Head of Samples",
	})
	if err != nil {
		return id, nil, fmt.Errorf("encode sample: %w", err)
	}
	return id, body, nil
}
