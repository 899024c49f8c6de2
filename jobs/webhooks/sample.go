package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
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
		return id, nil, fmt.Errorf("encode Sample: %w", err)
	}
	return id, body, nil
}

// RecordSample notes in the log of attempts that a sample was sent to the URL of a
// client, or of a campaign without one. It says nothing of the endpoint's health.
func RecordSample(
	ctx context.Context, db store.DBTX, scope uuid.UUID, url string, started time.Time, result webhook.Result, failed error,
) error {
	q := store.New()
	if err := q.WebhookEndpointEnsure(ctx, db, store.WebhookEndpointEnsureParams{Scope: scope, Url: url}); err != nil {
		return fmt.Errorf("note endpoint of Sample: %w", err)
	}
	endpoint, err := q.WebhookEndpointFind(ctx, db, store.WebhookEndpointFindParams{Scope: scope, Url: url})
	if err != nil {
		return fmt.Errorf("find endpoint of Sample: %w", err)
	}
	a := attemptOf(try{
		row: store.WebhookLogGetRow{EndpointID: endpoint}, started: started, ended: queue.Now(ctx), result: result, err: failed,
	})
	a.WebhookLogID, a.Trigger = nil, store.TriggerSample
	if err := q.WebhookAttemptInsert(ctx, db, a); err != nil {
		return fmt.Errorf("note Sample: %w", err)
	}
	return nil
}
