package messages

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/pacing"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// Forecast is when a waiting message will be sent, if nothing changes until then.
type Forecast struct {
	MessageID int64      `json:"message_id"`
	Purpose   string     `json:"purpose"`
	LeadID    *uuid.UUID `json:"lead_id,omitempty"`
	Campaign  uuid.UUID  `json:"campaign_id"`
	Queued    time.Time  `json:"queued_at"`
	At        time.Time  `json:"turn_at,omitzero"` // zero when nobody can say
	Held      string     `json:"held,omitempty"`   // why, then
}

// Forecast says when each waiting message of an account will have its turn, by the
// same plan that gives them their jobs, in the order of the turns. Those that wait
// for a human stand at the end.
func (s *Planner) Forecast(ctx context.Context, accountID string) ([]Forecast, error) {
	rows, err := s.MessageListWaiting(ctx, s.pool, accountID)
	if err != nil {
		return nil, fmt.Errorf("list waiting messages of account %s: %w", accountID, err)
	}
	sit, err := s.situation(ctx, accountID, queue.Now(ctx))
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]store.MessageListWaitingRow, len(rows))
	var waiting []pacing.Waiting
	for _, m := range rows {
		byID[m.ID] = m
		if !m.CampaignRests && !m.IsHeld {
			waiting = append(waiting, pacing.Waiting{
				ID: m.ID, Pot: store.Pot(m.Purpose), Source: m.Source, NotBefore: store.Value(m.NotBefore),
			})
		}
	}
	forecasts := make([]Forecast, 0, len(rows))
	add := func(m store.MessageListWaitingRow, at time.Time, held string) {
		forecasts = append(forecasts, Forecast{
			MessageID: m.ID, Purpose: m.Purpose, LeadID: m.LeadID, Campaign: m.CampaignID, Queued: m.CreatedAt, At: at, Held: held,
		})
	}
	for _, turn := range sit.Plan(waiting, time.Time{}) {
		add(byID[turn.ID], turn.At, "")
		delete(byID, turn.ID)
	}
	for _, m := range rows {
		if _, left := byID[m.ID]; left {
			add(m, time.Time{}, whyHeld(m, sit))
		}
	}
	return forecasts, nil
}

// whyHeld says what a message without a turn waits for.
func whyHeld(m store.MessageListWaitingRow, sit accounts.Situation) string {
	switch {
	case m.CampaignRests:
		return "its campaign is paused, completed or over"
	case m.IsHeld:
		return "a human writes with them: worker leads resume gives them back"
	case sit.Pots[store.Pot(m.Purpose)].Paused:
		return "the account is paused until you resume it"
	default:
		return "a limit of the account is 0, or its working hours never open"
	}
}
