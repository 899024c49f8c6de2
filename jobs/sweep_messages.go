package jobs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SweepMessagesArgs runs the planner: it gives a send_dm job to the waiting
// messages whose turn is near. Repeating it is safe: a message that has a job
// keeps it, and send_dm checks the limits again when it claims.
type SweepMessagesArgs struct{}

// Kind names the job.
func (SweepMessagesArgs) Kind() string { return "sweep_messages" }

// InsertOpts lets one run at a time.
func (SweepMessagesArgs) InsertOpts() river.InsertOpts { return sweepOpts() }

// planAhead messages of an account are looked at in one plan: more than any
// account may send in the next stretch.
const planAhead = 200

// Messages plans the next stretch of every account that has open messages. Ten
// thousand waiting messages stay rows; only the next few are jobs.
func (s *Sweeps) Messages(ctx context.Context, client *queue.Client) ([]Item, error) {
	accounts, err := s.MessageListAccountsOpen(ctx, s.Pool)
	if err != nil {
		return nil, fmt.Errorf("list accounts with open messages: %w", err)
	}
	var items []Item
	for _, account := range accounts {
		planned, err := s.planAccount(ctx, client, account)
		if err != nil {
			return items, fmt.Errorf("plan account %s: %w", account, err)
		}
		items = append(items, planned...)
	}
	return items, nil
}

func (s *Sweeps) planAccount(ctx context.Context, client *queue.Client, accountID string) ([]Item, error) {
	open, err := s.MessageListOpen(ctx, s.Pool, store.MessageListOpenParams{AccountID: accountID, MaxRows: planAhead})
	if err != nil {
		return nil, fmt.Errorf("list open messages: %w", err)
	}
	account, err := s.AccountGet(ctx, s.Pool, accountID)
	if errors.Is(err, pgx.ErrNoRows) {
		account, err = store.Account{ID: accountID}, nil // it never wrote
	}
	if err != nil {
		return nil, fmt.Errorf("read account: %w", err)
	}
	situation, err := readSituation(ctx, s.Pool, s.Queries, account, s.settings.Limits, time.Now())
	if err != nil {
		return nil, err
	}
	// Beyond the next two periods the plan may still change.
	turns := planTurns(situation, open, 2*s.settings.Intervals.Messages)
	params := make([]river.InsertManyParams, 0, len(turns))
	ids := make([]string, 0, len(turns))
	for _, turn := range turns {
		if !turn.HasJob {
			ids = append(ids, strconv.FormatInt(turn.MessageID, 10))
			params = append(params, river.InsertManyParams{
				Args:       SendDMArgs{MessageID: turn.MessageID},
				InsertOpts: &river.InsertOpts{ScheduledAt: turn.At},
			})
		}
	}
	inserted, err := insertMany(ctx, client, params)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(inserted))
	for i, job := range inserted {
		items[i] = Item{RowID: ids[i], JobID: job}
	}
	return items, nil
}
