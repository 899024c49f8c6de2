package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/pacing"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// Usage is what an account has spent of its limits, for people to read.
type Usage struct {
	At    time.Time // when all this was so
	Hours string    // working hours
	Zone  string
	// WarmUpFrom is when the account began to warm up; zero: it does not.
	WarmUpFrom time.Time
	Reads      Spent // of comments
	Pots       []PotUsage
	Pauses     []store.Pause
}

// PotUsage is one kind of write.
type PotUsage struct {
	Pot    string
	Limits []Spent
	Next   time.Time // when it may write again; zero when nobody can say
}

// Spent is how much of a sliding limit is used.
type Spent struct {
	Used, Max int
	Per       time.Duration
}

// ReadUsage reads what an account has spent. Warm-up is taken into account.
func ReadUsage(ctx context.Context, pool *pgxpool.Pool, settings Settings, accountID string) (Usage, error) {
	q := store.New()
	now := queue.Now(ctx)
	account, err := Read(ctx, pool, accountID)
	if err != nil {
		return Usage{}, err
	}
	sit, err := ReadSituation(ctx, pool, account, settings.Limits, now, store.Pots()...)
	if err != nil {
		return Usage{}, err
	}
	reads, err := q.CommentReadSum(ctx, pool, accountID)
	if err != nil {
		return Usage{}, fmt.Errorf("sum reads of account %s: %w", accountID, err)
	}
	hours, err := hoursOf(account, settings.Limits)
	if err != nil {
		return Usage{}, err
	}
	u := Usage{
		At:    now,
		Hours: hours.String(), Zone: zoneOf(account, settings.Limits), WarmUpFrom: store.Value(account.WarmUpFrom),
		Reads: Spent{Used: int(reads.Calls), Max: store.ValueOr(account.CommentReadsPerDay, settings.CommentReadsPerDay), Per: day},
	}
	if u.Pauses, err = q.PauseListActive(ctx, pool, &accountID); err != nil {
		return Usage{}, fmt.Errorf("list pauses of account %s: %w", accountID, err)
	}
	for _, name := range store.Pots() {
		p := sit.Pots[name]
		pot := PotUsage{Pot: name}
		for _, l := range p.Limits {
			pot.Limits = append(pot.Limits, spent(p, l, now))
		}
		if at, ok := sit.Next(name, now); ok {
			pot.Next = at
		}
		u.Pots = append(u.Pots, pot)
	}
	return u, nil
}

func spent(p *pacing.Pot, l pacing.Limit, now time.Time) Spent {
	s := Spent{Max: p.WarmUp.Cap(l.Max, now), Per: l.Per}
	for _, w := range p.Writes {
		if now.Sub(w.At) < l.Per {
			s.Used++
		}
	}
	return s
}
