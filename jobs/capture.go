package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/conversation"
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

// origin is where a lead's address comes from: an answer in a chat, or a comment.
type origin struct {
	leadID     uuid.UUID
	campaignID uuid.UUID
	askedBy    *uuid.UUID // the scrape job
	accountID  string
	personID   string
	chatID     *string
	answer     string  // the provider's id of the message or the comment
	commentID  *string // that comment; nil: it is a message
	distance   *string // of a commenter
}

// capture stores a lead's address and, in the same transaction, what follows from
// it: the counter, the webhook row with its job, and the backup link. It reports false for
// a lead that takes none: it has one, or opted out.
func (d database) capture(ctx context.Context, tx pgx.Tx, from origin, email string) (bool, error) {
	lead, err := d.LeadCaptureEmail(ctx, tx, store.LeadCaptureEmailParams{ID: from.leadID, Email: email})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store email of lead %s: %w", from.leadID, err)
	}
	return true, d.followCapture(ctx, tx, from, lead, email)
}

// followCapture books a captured address and hands it on.
func (d database) followCapture(ctx context.Context, tx pgx.Tx, from origin, lead store.LeadCaptureEmailRow, email string) error {
	source, err := d.ScrapeJobGetForLead(ctx, tx, store.ScrapeJobGetForLeadParams{
		CampaignID: from.campaignID, AskedBy: from.askedBy, AccountID: from.accountID,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // its campaign is deleted: nobody is left to hand it to
	}
	if err != nil {
		return fmt.Errorf("find scrape job of lead %s: %w", lead.ID, err)
	}
	if source.ScrapeJobID != nil {
		if err := d.ScrapeJobAddCounts(ctx, tx, store.ScrapeJobAddCountsParams{ID: *source.ScrapeJobID, Emails: 1}); err != nil {
			return fmt.Errorf("count email of lead %s: %w", lead.ID, err)
		}
	}
	if source.WebhookUrl != "" {
		if err := d.enqueueWebhook(ctx, tx, from, lead, email, source.WebhookUrl); err != nil {
			return err
		}
	}
	if source.SendBackupLink && source.LeadMagnetUrl != "" {
		return d.queueBackupLink(ctx, tx, from, lead, source)
	}
	return nil
}

// webhooksOfAnswers is the name space of the ids of webhooks.
var webhooksOfAnswers = uuid.MustParse("6f0c2f5e-6d0b-5c1e-9a57-2a1f3f9b7c44")

// webhookID is the same for an answer whenever it is read: a database that was set back
// reads it again, with a lead of another id perhaps, and the receiver must know it again.
// It says nothing of the person: who does not know the provider's ids cannot guess it.
func (from origin) webhookID() uuid.UUID {
	if from.answer == "" || from.personID == "" {
		return uuid.New()
	}
	name := from.campaignID.String() + " " + from.accountID + " " + from.personID + " " + from.answer
	return uuid.NewSHA1(webhooksOfAnswers, []byte(name))
}

func (d database) enqueueWebhook(
	ctx context.Context, tx pgx.Tx, from origin, lead store.LeadCaptureEmailRow, email, url string,
) error {
	id := from.webhookID()
	payload := leadPayload{
		Type: leadCaptured, EventID: id.String(),
		Email: email, Name: lead.Name, Source: "linkedin_dm", CampaignID: deref(lead.CampaignID).String(),
		Timestamp: queue.Now(ctx).UTC().Format(time.RFC3339), LeadID: lead.ID.String(),
		FirstName: lead.FirstName, LastName: lead.LastName, LinkedInURL: lead.ProfileUrl,
		Company: lead.Company, Title: lead.Title,
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode payload of lead %s: %w", lead.ID, err)
	}
	err = d.WebhookLogInsert(ctx, tx, store.WebhookLogInsertParams{
		ID: id, LeadID: &lead.ID, CampaignID: lead.CampaignID, WebhookUrl: url, Payload: body,
	})
	if err != nil {
		return fmt.Errorf("insert webhook row of lead %s: %w", lead.ID, err)
	}
	_, err = river.ClientFromContext[pgx.Tx](ctx).InsertTx(ctx, tx, DeliverWebhookArgs{WebhookLogID: id}, nil)
	if err != nil {
		return fmt.Errorf("enqueue webhook %s: %w", id, err)
	}
	return nil
}

// queueBackupLink queues the link to the promised material: to the chat in
// which the person wrote, under the pot of answers.
func (d database) queueBackupLink(
	ctx context.Context, tx pgx.Tx, from origin, lead store.LeadCaptureEmailRow, source store.ScrapeJobGetForLeadRow,
) error {
	body, err := conversation.BackupMessage(
		conversation.Recipient{FirstName: lead.FirstName, LastName: lead.LastName, FullName: lead.Name}, source.LeadMagnetUrl)
	if err != nil {
		// A wrong link must not cost the lead its address: the owner is told instead.
		return d.tellOwner(ctx, tx, source.ScrapeJobID, fmt.Errorf("lead_magnet_url: %w", err))
	}
	return d.queueMessage(ctx, tx, store.MessageInsertParams{
		AccountID: from.accountID, CampaignID: deref(lead.CampaignID), ScrapeJobID: source.ScrapeJobID, LeadID: &lead.ID,
		Purpose: store.PurposeBackupLink, RecipientID: from.personID, ChatID: from.chatID, Body: body,
		CommentID: from.commentID, Distance: from.distance,
	})
}

// tellOwner notes on the scrape job what its owner must mend, where that stopped
// nothing else.
func (d database) tellOwner(ctx context.Context, tx pgx.Tx, scrapeJobID *uuid.UUID, cause error) error {
	if scrapeJobID == nil {
		return nil
	}
	err := d.ScrapeJobNote(ctx, tx, store.ScrapeJobNoteParams{ID: *scrapeJobID, LastError: storable(cause.Error())})
	if err != nil {
		return fmt.Errorf("note on scrape job %s: %w", *scrapeJobID, err)
	}
	return nil
}
