package inbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/jobs/campaigns"
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
func (SweepConversationsArgs) InsertOpts() river.InsertOpts { return queue.SweepOpts() }

// silence ends what nobody answers.
type silence struct {
	*store.Queries

	pool *pgxpool.Pool
}

// SweepConversations returns the sweep of conversations that have fallen silent.
func SweepConversations(pool *pgxpool.Pool) queue.Sweep {
	return (&silence{Queries: store.New(), pool: pool}).sweep
}

// sweep goes through the campaigns with waiting leads. It makes no jobs: the
// planner gives the follow-ups their turns.
func (s *silence) sweep(ctx context.Context, _ *queue.Client) ([]queue.Item, error) {
	waiting, err := s.CampaignListWaiting(ctx, s.pool)
	if err != nil {
		return nil, fmt.Errorf("list campaigns with waiting leads: %w", err)
	}
	var failed error
	for _, c := range waiting {
		wording, err := campaigns.Wording(c.Settings, c.DmTemplate, c.TriggerWords)
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
func (s *silence) followUp(ctx context.Context, c store.CampaignListWaitingRow, wording conversation.Wording) error {
	after, wanted := wording.FollowsUp()
	if !wanted {
		return nil
	}
	now := queue.Now(ctx)
	for {
		silent, err := s.LeadListSilent(ctx, s.pool, store.LeadListSilentParams{
			CampaignID: &c.ID, AskedBefore: now.Add(-after), AskedAfter: now.Add(-wording.Silence()), MaxRows: queue.SweepBatch,
		})
		if err != nil {
			return fmt.Errorf("list silent leads: %w", err)
		}
		queued := 0
		err = store.InTx(ctx, s.pool, func(tx pgx.Tx) error {
			for _, l := range silent {
				to := conversation.Recipient{FirstName: l.FirstName, LastName: l.LastName, FullName: l.Name, Company: l.Company}
				body, err := wording.FollowUp(to, campaigns.Keyword(l.Keyword, wording.Keywords), campaigns.Key(c.ID, l.RecipientID))
				if err != nil {
					return campaigns.Mistake(fmt.Errorf("follow-up: %w", err))
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
		if err != nil || queued < queue.SweepBatch {
			return err
		}
	}
}

// expireSilent ends what nobody answers any more.
func (s *silence) expireSilent(ctx context.Context, c store.CampaignListWaitingRow, wording conversation.Wording) error {
	for {
		rows, err := s.LeadExpireSilent(ctx, s.pool, store.LeadExpireSilentParams{
			CampaignID: &c.ID, Before: queue.Now(ctx).Add(-wording.Silence()), MaxRows: queue.SweepBatch,
		})
		if err != nil {
			return fmt.Errorf("expire silent leads: %w", err)
		}
		if rows < queue.SweepBatch {
			return nil
		}
	}
}
