package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// leadCaptured is the type of the lead webhook. A field may be added to it; one that
// changes its meaning would make another type.
const leadCaptured = "lead.captured"

// leadPayload is the body of the lead webhook. Unknown values are left out: an empty
// one would overwrite what the receiver knows. Only the name is always there, as the
// first contract has it.
type leadPayload struct {
	Type        string `json:"type"`
	EventID     string `json:"event_id"` // the webhook-id, for receivers that do not see headers
	Email       string `json:"email"`
	Name        string `json:"name"`
	Source      string `json:"source"`
	CampaignID  string `json:"campaign_id"`
	Timestamp   string `json:"timestamp"` // when the email was captured, RFC 3339
	LeadID      string `json:"lead_id"`
	FirstName   string `json:"first_name,omitempty"`
	LastName    string `json:"last_name,omitempty"`
	LinkedInURL string `json:"linkedin_url,omitempty"`
	Company     string `json:"company,omitempty"`
	Title       string `json:"title,omitempty"`
	Sample      bool   `json:"sample,omitempty"` // nobody's: sent to try a receiver
}

// Lead is what the receiver of a captured lead is told.
type Lead struct {
	WebhookID  uuid.UUID // by which the receiver knows it again
	ID         uuid.UUID
	CampaignID *uuid.UUID
	URL        string // of the receiver

	Email, Name, FirstName, LastName, ProfileURL, Company, Title string
}

// Enqueue writes down the webhook of a captured lead, with the job that delivers it.
func Enqueue(ctx context.Context, tx pgx.Tx, lead Lead) error {
	payload := leadPayload{
		Type: leadCaptured, EventID: lead.WebhookID.String(),
		Email: lead.Email, Name: lead.Name, Source: "linkedin_dm", CampaignID: store.Value(lead.CampaignID).String(),
		Timestamp: queue.Now(ctx).UTC().Format(time.RFC3339), LeadID: lead.ID.String(),
		FirstName: lead.FirstName, LastName: lead.LastName, LinkedInURL: lead.ProfileURL,
		Company: lead.Company, Title: lead.Title,
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode payload of lead %s: %w", lead.ID, err)
	}
	err = store.New().WebhookLogInsert(ctx, tx, store.WebhookLogInsertParams{
		ID: lead.WebhookID, LeadID: &lead.ID, CampaignID: lead.CampaignID, WebhookUrl: lead.URL, Payload: body,
	})
	if err != nil {
		return fmt.Errorf("insert webhook row of lead %s: %w", lead.ID, err)
	}
	_, err = river.ClientFromContext[pgx.Tx](ctx).InsertTx(ctx, tx, DeliverWebhookArgs{WebhookLogID: lead.WebhookID}, nil)
	if err != nil {
		return fmt.Errorf("enqueue webhook %s: %w", lead.WebhookID, err)
	}
	return nil
}
