// Package leads holds what polls and inboxes share about a lead: the capture of its address
// with all that follows, and its wish to hear no more.
package leads

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/jobs/campaigns"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/store"
)

// Origin is where a lead's address comes from: an answer in a chat, or a comment.
type Origin struct {
	LeadID     uuid.UUID
	CampaignID uuid.UUID
	AskedBy    *uuid.UUID // the scrape job
	AccountID  string
	PersonID   string
	ChatID     *string
	Answer     string  // the provider's id of the message or the comment
	CommentID  *string // that comment; nil: it is a message
	Distance   *string // of a commenter
}

// Capture stores a lead's address and, in the same transaction, what follows from
// it: the counter, the webhook row with its job, and the backup link. It reports false for
// a lead that takes none: it has one, or opted out.
func Capture(ctx context.Context, tx pgx.Tx, from Origin, email string) (bool, error) {
	q := store.New()
	lead, err := q.LeadCaptureEmail(ctx, tx, store.LeadCaptureEmailParams{ID: from.LeadID, Email: email})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store email of lead %s: %w", from.LeadID, err)
	}
	return true, followCapture(ctx, tx, from, lead, email)
}

// followCapture books a captured address and hands it on.
func followCapture(ctx context.Context, tx pgx.Tx, from Origin, lead store.LeadCaptureEmailRow, email string) error {
	q := store.New()
	source, err := q.ScrapeJobGetForLead(ctx, tx, store.ScrapeJobGetForLeadParams{
		CampaignID: from.CampaignID, AskedBy: from.AskedBy, AccountID: from.AccountID,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // its campaign is deleted: nobody is left to hand it to
	}
	if err != nil {
		return fmt.Errorf("find scrape job of lead %s: %w", lead.ID, err)
	}
	if source.ScrapeJobID != nil {
		if err := q.ScrapeJobAddCounts(ctx, tx, store.ScrapeJobAddCountsParams{ID: *source.ScrapeJobID, Emails: 1}); err != nil {
			return fmt.Errorf("count email of lead %s: %w", lead.ID, err)
		}
	}
	if source.WebhookUrl != "" {
		err := webhooks.Enqueue(ctx, tx, webhooks.Lead{
			WebhookID: from.webhookID(), ID: lead.ID, CampaignID: lead.CampaignID, URL: source.WebhookUrl,
			Email: email, Name: lead.Name, FirstName: lead.FirstName, LastName: lead.LastName,
			ProfileURL: lead.ProfileUrl, Company: lead.Company, Title: lead.Title,
		})
		if err != nil {
			return err
		}
	}
	if source.SendBackupLink && source.LeadMagnetUrl != "" {
		return queueBackupLink(ctx, tx, from, lead, source)
	}
	return nil
}

// webhooksOfAnswers is the name space of the ids of webhooks.
var webhooksOfAnswers = uuid.MustParse("6f0c2f5e-6d0b-5c1e-9a57-2a1f3f9b7c44")

// webhookID is the same for an answer whenever it is read: a database that was set back
// reads it again, with a lead of another id perhaps, and the receiver must know it again.
// It says nothing of the person: who does not know the provider's ids cannot guess it.
func (from Origin) webhookID() uuid.UUID {
	if from.Answer == "" || from.PersonID == "" {
		return uuid.New()
	}
	name := from.CampaignID.String() + " " + from.AccountID + " " + from.PersonID + " " + from.Answer
	return uuid.NewSHA1(webhooksOfAnswers, []byte(name))
}

// queueBackupLink queues the link to the promised material: to the chat in
// which the person wrote, under the pot of answers.
func queueBackupLink(
	ctx context.Context, tx pgx.Tx, from Origin, lead store.LeadCaptureEmailRow, source store.ScrapeJobGetForLeadRow,
) error {
	body, err := conversation.BackupMessage(
		conversation.Recipient{FirstName: lead.FirstName, LastName: lead.LastName, FullName: lead.Name}, source.LeadMagnetUrl)
	if err != nil {
		// A wrong link must not cost the lead its address: the owner is told instead.
		return campaigns.Note(ctx, tx, source.ScrapeJobID, fmt.Errorf("lead_magnet_url: %w", err))
	}
	return messages.Queue(ctx, tx, store.MessageInsertParams{
		AccountID: from.AccountID, CampaignID: store.Value(lead.CampaignID), ScrapeJobID: source.ScrapeJobID, LeadID: &lead.ID,
		Purpose: store.PurposeBackupLink, RecipientID: from.PersonID, ChatID: from.ChatID, Body: body,
		CommentID: from.CommentID, Distance: from.Distance,
	})
}

// StepEmailCaptured counts captured addresses, wherever they stood.
const StepEmailCaptured = "email_captured"
