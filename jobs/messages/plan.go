package messages

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/pacing"
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
func (SweepMessagesArgs) InsertOpts() river.InsertOpts { return queue.SweepOpts() }

// Planner gives waiting messages their turns.
type Planner struct {
	*store.Queries

	pool     *pgxpool.Pool
	settings Settings
}

// NewPlanner returns the planner of a database.
func NewPlanner(pool *pgxpool.Pool, settings Settings) *Planner {
	return &Planner{Queries: store.New(), pool: pool, settings: settings}
}

// planAhead messages of each post and purpose are looked at in one plan: more than
// any account may send in the next stretch.
const planAhead = 100

// snoozeIsExact is how near a turn must be to give the message its job at once and
// let the claim wait for it. River starts a job that snoozes no longer than this on
// time, but one that is inserted for later up to 5 s late.
const snoozeIsExact = 5 * time.Second

// stretch is how far ahead messages get a job. Beyond the next two periods the plan
// may still change, and a row is cheaper than a job.
func (s Settings) stretch() time.Duration { return 2 * s.Interval }

// Plan plans the next stretch of every account that has open messages. Ten
// thousand waiting messages stay rows; only the next few are jobs. An account that
// cannot be planned stops no other.
func (s *Planner) Plan(ctx context.Context, client *queue.Client) ([]queue.Item, error) {
	// All at once: each would take a turn from somebody, only to be skipped by its claim.
	failed := store.InTxWithin(ctx, s.pool, store.NewPatience(), func(tx pgx.Tx) error {
		_, err := skipUnwanted(ctx, tx, 0, math.MaxInt64)
		return err
	})
	if failed != nil && !store.IsLocked(failed) {
		return nil, failed
	}
	// One row that somebody holds must not keep everybody from their turn: each claim asks again.
	failed = errors.Join(failed, moveLeadsBehind(ctx, s.pool))
	accounts, err := s.MessageListAccountsOpen(ctx, s.pool)
	if err != nil {
		return nil, errors.Join(failed, fmt.Errorf("list accounts with open messages: %w", err))
	}
	var items []queue.Item
	for _, account := range accounts {
		planned, err := s.planAccount(ctx, client, account)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("plan account %s: %w", account, err))
		}
		items = append(items, planned...)
	}
	return items, failed
}

func (s *Planner) planAccount(ctx context.Context, client *queue.Client, accountID string) ([]queue.Item, error) {
	now := queue.Now(ctx)
	until := now.Add(s.settings.stretch())
	open, err := s.MessageListOpen(ctx, s.pool, store.MessageListOpenParams{
		AccountID: accountID, Until: until, PerSource: planAhead,
	})
	if err != nil {
		return nil, fmt.Errorf("list open messages: %w", err)
	}
	sit, err := s.situation(ctx, accountID, now)
	if err != nil {
		return nil, err
	}
	var params []river.InsertManyParams
	var ids []string
	for _, turn := range planTurns(sit, open, until) {
		// A job that waits although the turn has come is brought forward.
		if turn.hasJob && (!turn.jobWaits || turn.At.After(now)) {
			continue
		}
		job := river.InsertManyParams{Args: SendDMArgs{MessageID: turn.ID}}
		if turn.At.After(now.Add(snoozeIsExact)) {
			job.InsertOpts = &river.InsertOpts{ScheduledAt: turn.At}
		}
		params, ids = append(params, job), append(ids, strconv.FormatInt(turn.ID, 10))
	}
	inserted, err := queue.EnqueueMany(ctx, client, params)
	if err != nil {
		return nil, err
	}
	items := make([]queue.Item, len(inserted))
	for i, job := range inserted {
		items[i] = queue.Item{RowID: ids[i], JobID: job}
	}
	return items, nil
}

// situation reads what decides when an account may write.
func (s *Planner) situation(ctx context.Context, accountID string, now time.Time) (accounts.Situation, error) {
	account, err := accounts.Read(ctx, s.pool, accountID)
	if err != nil {
		return accounts.Situation{}, err
	}
	return accounts.ReadSituation(ctx, s.pool, account, s.settings.Limits, now, store.Pots()...)
}

// turn is when an open message is due, and whether it has a job.
type turn struct {
	pacing.Turn

	hasJob, jobWaits bool
}

// planTurns gives the open messages their turns as far as a time. Those in doubt
// are looked up at once, and those to people who are no connection are settled: that
// writes nothing and waits for no limit, only a stopped account makes no calls.
func planTurns(sit accounts.Situation, open []store.MessageListOpenRow, until time.Time) []turn {
	var turns []turn
	var waiting []pacing.Waiting
	rows := make(map[int64]store.MessageListOpenRow, len(open))
	for _, m := range open {
		if m.State == store.MessageQueued && !m.IsToStranger {
			rows[m.ID] = m
			waiting = append(waiting, pacing.Waiting{
				ID: m.ID, Pot: store.Pot(m.Purpose), Source: m.Source, NotBefore: store.Value(m.NotBefore),
			})
			continue
		}
		if sit.Stopped == nil {
			at := queue.Later(sit.Now, store.Value(m.NotBefore))
			turns = append(turns, turn{pacing.Turn{ID: m.ID, At: at}, m.HasJob, m.JobWaits})
		}
	}
	for _, planned := range sit.Plan(waiting, until) {
		m := rows[planned.ID]
		turns = append(turns, turn{planned, m.HasJob, m.JobWaits})
	}
	return turns
}
