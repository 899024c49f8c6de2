package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/jobs/campaigns"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// yesSkew is how much earlier than our question a "yes" to it may seem to be.
const yesSkew = 10 * time.Second

// campaignWords is how a lead's campaign writes, and to whom.
type campaignWords struct {
	conversation.Wording

	to  conversation.Recipient
	err error // what its owner must mend before anything can be written
}

// turn reads how the conversation with a lead stands.
func (w *Answers) turn(ctx context.Context, lead store.LeadFindAskedRow, m heard) (conversation.Turn, campaignWords, error) {
	c, err := w.ConversationGet(ctx, w.pool, lead.ID)
	if err != nil {
		return conversation.Turn{}, campaignWords{}, fmt.Errorf("read conversation of lead %s: %w", lead.ID, err)
	}
	turn := conversation.Turn{Questions: int(c.Questions), Held: c.IsHeld}
	asked := question{askedAt: c.AskedAt, claimedAt: c.ProviderClaimedAt, sentAt: c.ProviderSentAt}
	if !m.SentAt.Before(asked.since(yesSkew)) {
		turn.Suggestion = c.Suggestion
	}
	row, err := w.LeadGetForWording(ctx, w.pool, store.LeadGetForWordingParams{LeadID: lead.ID, ScrapeJobID: store.Value(lead.ScrapeJobID)})
	if errors.Is(err, pgx.ErrNoRows) {
		return turn, campaignWords{}, nil // its campaign is gone: nobody asks again
	}
	if err != nil {
		return turn, campaignWords{}, fmt.Errorf("read wording of lead %s: %w", lead.ID, err)
	}
	words := campaignWords{to: conversation.Recipient{
		FirstName: row.FirstName, LastName: row.LastName, FullName: row.Name, Company: row.Company,
	}}
	words.Wording, words.err = campaigns.Wording(row.Settings, row.DmTemplate, row.TriggerWords)
	turn.Most = words.MostQuestions()
	return turn, words, nil
}

// askAgain queues the next question of a conversation, or words the one anew that has
// not gone out yet.
func (w *Answers) askAgain(
	ctx context.Context, tx pgx.Tx, accountID string, lead store.LeadFindAskedRow, m heard,
	turn conversation.Turn, words campaignWords, reply conversation.Reply,
) error {
	body, err := "", words.err
	if err == nil {
		body, err = words.Question(reply.Reason, reply.Suggestion, words.to, campaigns.Key(store.Value(lead.CampaignID), m.SenderID))
	}
	if err != nil {
		// A wrong text must not keep the answer from being read: its owner is told.
		return campaigns.Note(ctx, tx, lead.ScrapeJobID, fmt.Errorf("second question: %w", err))
	}
	purpose := store.PurposeSecondQuestion
	if turn.Questions > 0 {
		purpose = store.PurposeThirdQuestion
	}
	after := queue.Now(ctx).Add(w.answerDelay())
	_, err = w.MessageAsk(ctx, tx, store.MessageAskParams{
		AccountID: accountID, CampaignID: store.Value(lead.CampaignID), ScrapeJobID: lead.ScrapeJobID, LeadID: &lead.ID,
		Purpose: purpose, RecipientID: m.SenderID, ChatID: m.ChatID, Body: body,
		Suggestion: store.Null(reply.Suggestion), NotBefore: &after,
	})
	if err != nil {
		return fmt.Errorf("queue %s to lead %s: %w", purpose, lead.ID, err)
	}
	return nil
}
