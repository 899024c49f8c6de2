package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SweepConversationsArgs queues the follow-ups of people who did not answer, and ends
// conversations that have been silent for too long. Repeating it is safe: a follow-up
// has a unique key.
type SweepConversationsArgs struct{}

// Kind names the job.
func (SweepConversationsArgs) Kind() string { return "sweep_conversations" }

// InsertOpts lets one run at a time.
func (SweepConversationsArgs) InsertOpts() river.InsertOpts { return sweepOpts() }

// Conversations goes through the campaigns with waiting leads. It makes no jobs: the
// planner gives the follow-ups their turns.
func (s *Sweeps) Conversations(ctx context.Context, _ *queue.Client) ([]Item, error) {
	campaigns, err := s.CampaignListWaiting(ctx, s.Pool)
	if err != nil {
		return nil, fmt.Errorf("list campaigns with waiting leads: %w", err)
	}
	var failed error
	for _, c := range campaigns {
		wording, err := wordingOf(c.Settings, c.DmTemplate, c.TriggerWords)
		if err != nil {
			continue // its posts rest with the reason until the owner mends it
		}
		if !c.Rests {
			err = s.followUp(ctx, c, wording)
		}
		if err == nil {
			err = s.expireSilent(ctx, c, wording)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("campaign %s: %w", c.ID, err))
		}
	}
	return nil, failed
}

// followUp queues the reminder of those who have been silent for the campaign's time.
func (s *Sweeps) followUp(ctx context.Context, c store.CampaignListWaitingRow, wording conversation.Wording) error {
	after, wanted := wording.FollowsUp()
	if !wanted {
		return nil
	}
	now := queue.Now(ctx)
	for {
		silent, err := s.LeadListSilent(ctx, s.Pool, store.LeadListSilentParams{
			CampaignID: &c.ID, AskedBefore: now.Add(-after), AskedAfter: now.Add(-wording.Silence()), MaxRows: sweepBatch,
		})
		if err != nil {
			return fmt.Errorf("list silent leads: %w", err)
		}
		queued := 0
		err = s.inTx(ctx, func(tx pgx.Tx) error {
			for _, l := range silent {
				to := conversation.Recipient{FirstName: l.FirstName, LastName: l.LastName, FullName: l.Name, Company: l.Company}
				body, err := wording.FollowUp(to, firstOf(l.Keyword, wording.Keywords), wordingKey(c.ID, l.RecipientID))
				if err != nil {
					return &settingError{fmt.Errorf("follow-up: %w", err)}
				}
				rows, err := s.MessageAsk(ctx, tx, store.MessageAskParams{
					AccountID: l.AccountID, CampaignID: c.ID, ScrapeJobID: l.ScrapeJobID, LeadID: &l.ID,
					Purpose: store.PurposeFollowUp, RecipientID: l.RecipientID, ChatID: l.ChatID, Body: body,
				})
				if err != nil {
					return fmt.Errorf("queue follow-up: %w", err)
				}
				queued += int(rows)
			}
			return nil
		})
		if err != nil || queued < sweepBatch {
			return err
		}
	}
}

// expireSilent ends what nobody answers any more.
func (s *Sweeps) expireSilent(ctx context.Context, c store.CampaignListWaitingRow, wording conversation.Wording) error {
	for {
		rows, err := s.LeadExpireSilent(ctx, s.Pool, store.LeadExpireSilentParams{
			CampaignID: &c.ID, Before: queue.Now(ctx).Add(-wording.Silence()), MaxRows: sweepBatch,
		})
		if err != nil {
			return fmt.Errorf("expire silent leads: %w", err)
		}
		if rows < sweepBatch {
			return nil
		}
	}
}

// firstOf is what a lead wrote, else the campaign's first keyword.
func firstOf(keyword string, keywords []string) string {
	if keyword == "" && len(keywords) > 0 {
		return keywords[0]
	}
	return keyword
}
