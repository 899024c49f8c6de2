package jobs

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
)

// SweepInboxesArgs asks for a look into the inbox of every account on which leads
// wait for an answer. Repeating it is safe: an account that has a job is left out.
type SweepInboxesArgs struct{}

// Kind names the job.
func (SweepInboxesArgs) Kind() string { return "sweep_inboxes" }

// InsertOpts lets one run at a time.
func (SweepInboxesArgs) InsertOpts() river.InsertOpts { return sweepOpts() }

// Inboxes gives a check_inbox job to each account that has waiting leads: the cost
// grows with accounts, not with leads.
func (s *Sweeps) Inboxes(ctx context.Context, client *queue.Client) ([]Item, error) {
	accounts, err := s.AccountListWithWaitingLeads(ctx, s.Pool)
	if err != nil {
		return nil, fmt.Errorf("list accounts with waiting leads: %w", err)
	}
	params := make([]river.InsertManyParams, len(accounts))
	for i, id := range accounts {
		params[i] = river.InsertManyParams{Args: CheckInboxArgs{AccountID: id}}
	}
	inserted, err := insertMany(ctx, client, params)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(inserted))
	for i, job := range inserted {
		items[i] = Item{RowID: accounts[i], JobID: job}
	}
	return items, nil
}
