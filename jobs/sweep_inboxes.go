package jobs

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
)

// SweepInboxesArgs asks for a look into the inbox of every account on which leads
// wait for an answer, and now and then for one at its new connections. Repeating it is safe: an account that has a job is left out.
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
	awaiting, err := s.AccountListRelationsDue(ctx, s.Pool)
	if err != nil {
		return nil, fmt.Errorf("list accounts that wait for relations: %w", err)
	}
	params := make([]river.InsertManyParams, 0, len(accounts)+len(awaiting))
	for _, id := range accounts {
		params = append(params, river.InsertManyParams{Args: CheckInboxArgs{AccountID: id}})
	}
	for _, id := range awaiting {
		params = append(params, river.InsertManyParams{Args: CheckRelationsArgs{AccountID: id}})
	}
	inserted, err := insertMany(ctx, client, params)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(accounts))
	for i, id := range accounts {
		items[i] = Item{RowID: id, JobID: inserted[i]}
	}
	return items, nil
}
