package jobs

import (
	"context"
	"fmt"
	"time"

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

// Usage reads what an account has spent. Warm-up is taken into account.
func (s *Sweeps) Usage(ctx context.Context, accountID string) (Usage, error) {
	now := queue.Now(ctx)
	account, err := s.account(ctx, accountID)
	if err != nil {
		return Usage{}, err
	}
	sit, err := readSituation(ctx, s.Pool, s.Queries, account, s.settings.Limits, now, store.Pots()...)
	if err != nil {
		return Usage{}, err
	}
	reads, err := s.CommentReadSum(ctx, s.Pool, accountID)
	if err != nil {
		return Usage{}, fmt.Errorf("sum reads of account %s: %w", accountID, err)
	}
	hours, err := hoursOf(account, s.settings.Limits)
	if err != nil {
		return Usage{}, err
	}
	u := Usage{
		At:    now,
		Hours: hours.String(), Zone: zoneOf(account, s.settings.Limits), WarmUpFrom: deref(account.WarmUpFrom),
		Reads: Spent{Used: int(reads.Calls), Max: orDefault(account.CommentReadsPerDay, s.settings.CommentReadsPerDay), Per: day},
	}
	if u.Pauses, err = s.PauseListActive(ctx, s.Pool, &accountID); err != nil {
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
