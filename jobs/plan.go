package jobs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bravorevos/workers/store"
)

// window is a sliding limit: at most max writes within any span.
type window struct {
	max  int
	span time.Duration
}

// situation is all that decides when an account may write next.
type situation struct {
	now       time.Time
	nextWrite time.Time // end of the gap after the last write
	gap       time.Duration
	pots      map[string]*pot
	reads     pot // look-ups: without limits, but a stopped account makes none
}

// pot is the limit of one kind of write.
type pot struct {
	windows []window
	writes  []time.Time // newest first
	paused  bool
	until   time.Time // when paused: the end, zero for "until a human lifts it"
	reason  string
}

// readSituation reads an account's pauses and recent writes, beside its own row.
func readSituation(
	ctx context.Context, db store.DBTX, q *store.Queries, account store.Account, limits Limits, now time.Time,
) (sit situation, err error) {
	accountID := account.ID
	sit = situation{now: now, gap: (limits.GapMin + limits.GapMax) / 2, pots: map[string]*pot{
		store.ActionFirstDM: {windows: []window{
			{orDefault(account.FirstDmsPerHour, limits.FirstDMsPerHour), time.Hour},
			{orDefault(account.FirstDmsPerDay, limits.FirstDMsPerDay), 24 * time.Hour},
		}},
		store.ActionAnswer: {windows: []window{
			{limits.AnswersPerHour, time.Hour},
			{limits.AnswersPerDay, 24 * time.Hour},
		}},
	}}
	if account.NextWriteAt != nil {
		sit.nextWrite = *account.NextWriteAt
	}
	for name, p := range sit.pots {
		widest := slices.MaxFunc(p.windows, func(a, b window) int { return int(a.span - b.span) })
		p.writes, err = q.MessageListWrites(ctx, db, store.MessageListWritesParams{
			AccountID: accountID,
			Purposes:  store.Purposes(name),
			Since:     now.Add(-widest.span),
			MaxRows:   int32(max(widest.max, p.windows[0].max)),
		})
		if err != nil {
			return situation{}, fmt.Errorf("list writes of account %s: %w", accountID, err)
		}
	}
	pauses, err := q.PauseListActive(ctx, db, &accountID)
	if err != nil {
		return situation{}, fmt.Errorf("list pauses of account %s: %w", accountID, err)
	}
	for _, pause := range pauses {
		if pause.Action == store.ActionEverything {
			sit.reads.pause(pause)
		}
		for name, p := range sit.pots {
			if pause.Action == store.ActionEverything || pause.Action == name {
				p.pause(pause)
			}
		}
	}
	return sit, nil
}

// pause keeps the longest of several pauses.
func (p *pot) pause(pause store.Pause) {
	endless := p.paused && p.until.IsZero()
	switch {
	case endless:
	case pause.Until == nil:
		p.paused, p.until, p.reason = true, time.Time{}, pause.Reason
	case !p.paused || pause.Until.After(p.until):
		p.paused, p.until, p.reason = true, *pause.Until, pause.Reason
	}
}

// next returns when a pot allows another write, not before t. ok is false when
// only a human or a changed limit can say.
func (p *pot) next(t time.Time) (at time.Time, ok bool) {
	if p.paused {
		if p.until.IsZero() {
			return time.Time{}, false
		}
		t = later(t, p.until)
	}
	for _, w := range p.windows {
		if w.max <= 0 {
			return time.Time{}, false
		}
		if len(p.writes) >= w.max {
			// The oldest of the last max writes must have left the window.
			t = later(t, p.writes[w.max-1].Add(w.span))
		}
	}
	return t, true
}

// turn is when a message is due.
type turn struct {
	MessageID int64
	At        time.Time // zero: at once
	HasJob    bool
}

// planTurns walks the open messages in their order and gives each its turn, as
// far as the horizon. It is deterministic: gaps count with their mean, and the
// claim draws the real one.
func planTurns(sit situation, open []store.MessageListOpenRow, horizon time.Duration) []turn {
	end := sit.now.Add(horizon)
	nextWrite := later(sit.now, sit.nextWrite)
	var turns []turn
	for _, m := range open {
		if m.State != store.MessageQueued {
			// A look-up writes nothing: it waits for no limit.
			if at, ok := sit.reads.next(soon(sit.now, m.NotBefore)); ok && !at.After(end) {
				turns = append(turns, turn{MessageID: m.ID, At: at, HasJob: m.HasJob})
			}
			continue
		}
		p := sit.pots[store.Pot(m.Purpose)]
		at, ok := p.next(later(nextWrite, soon(sit.now, m.NotBefore)))
		if !ok || at.After(end) {
			continue
		}
		p.writes = append([]time.Time{at}, p.writes...)
		nextWrite = at.Add(sit.gap)
		turns = append(turns, turn{MessageID: m.ID, At: at, HasJob: m.HasJob})
	}
	for i := range turns {
		if !turns[i].At.After(sit.now) {
			turns[i].At = time.Time{}
		}
	}
	return turns
}

// drawGap is the random pause after a write.
func (l Limits) drawGap() time.Duration {
	return l.GapMin + rand.N(l.GapMax-l.GapMin+1)
}

func orDefault(v *int32, fallback int) int {
	if v == nil {
		return fallback
	}
	return int(*v)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func soon(now time.Time, notBefore *time.Time) time.Time {
	if notBefore == nil {
		return now
	}
	return later(now, *notBefore)
}
