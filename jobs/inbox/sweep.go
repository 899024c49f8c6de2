package inbox

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SweepInboxesArgs asks for a look into the inbox of every account on which leads
// wait for an answer, and now and then for one at its new connections. Repeating it is safe: an account that has a job is left out.
type SweepInboxesArgs struct{}

// Kind names the job.
func (SweepInboxesArgs) Kind() string { return "sweep_inboxes" }

// InsertOpts lets one run at a time.
func (SweepInboxesArgs) InsertOpts() river.InsertOpts { return queue.SweepOpts() }

// Sweep gives a check_inbox job to each account that has waiting leads: the cost
// grows with accounts, not with leads.
func Sweep(pool *pgxpool.Pool) queue.Sweep {
	q := store.New()
	return func(ctx context.Context, client *queue.Client) ([]queue.Item, error) {
		accounts, err := q.AccountListWithWaitingLeads(ctx, pool)
		if err != nil {
			return nil, fmt.Errorf("list accounts with waiting leads: %w", err)
		}
		awaiting, err := q.AccountListRelationsDue(ctx, pool)
		if err != nil {
			return nil, fmt.Errorf("list accounts that wait for relations: %w", err)
		}
		params := make([]river.InsertManyParams, 0, len(accounts)+len(awaiting))
		for _, id := range accounts {
			params = append(params, river.InsertManyParams{Args: CheckInboxArgs{AccountID: id}})
		}
		for _, id := range awaiting {
			params = append(params, river.InsertManyParams{Args: messages.CheckRelationsArgs{AccountID: id}})
		}
		inserted, err := queue.EnqueueMany(ctx, client, params)
		if err != nil {
			return nil, err
		}
		items := make([]queue.Item, len(accounts))
		for i, id := range accounts {
			items[i] = queue.Item{RowID: id, JobID: inserted[i]}
		}
		return items, nil
	}
}
