// Package pacing decides when a LinkedIn account may write, and who is written to
// when: sliding limits for each kind of write, gaps between any two, working hours,
// warm-up, pauses, and fair shares for the account's live posts.
//
// It must not read the clock, the database or anything else: all that decides is
// passed in, so that a plan can be computed again and asked about the future.
package pacing

import (
	"hash/fnv"
	"math"
	"strconv"
	"time"
)

// Account is all that decides when an account may write next.
type Account struct {
	Now       time.Time
	NextWrite time.Time // end of the gap after the last write
	Gap       Gap
	Pots      map[string]*Pot
}

// Pot is one kind of write, with limits of its own.
type Pot struct {
	Limits []Limit
	Hours  Hours
	WarmUp WarmUp
	Paused bool
	Until  time.Time // end of the pause; zero while Paused: until a human lifts it
	Writes []Write   // what went out within the widest limit, newest first
	Rank   int       // lower is served first of what could go at the same time
}

// Limit allows at most Max writes within any span of Per. A span holds its
// beginning and not its end.
type Limit struct {
	Max int
	Per time.Duration
}

// Write is a message that went out, or may have.
type Write struct {
	At     time.Time
	Source string // the post it was for; empty for what the owner typed
}

// Gap is the pause between any two writes of an account, whatever their kind.
type Gap struct{ Min, Max time.Duration }

// After draws the pause after a message from its id, so that a plan and the claim
// that follows agree. People pause shortly more often than long: the draw is
// log-normal, cut to Min and Max; its median lies at two fifths of the way.
func (g Gap) After(messageID int64) time.Duration {
	if g.Max <= g.Min {
		return g.Min
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatInt(messageID, 10)))
	// Two uniform numbers from one hash: its last bits alone are too alike.
	bits := h.Sum64() * 0x9E3779B97F4A7C15
	u := (float64(bits>>40) + 0.5) / (1 << 24)
	v := (float64(bits>>8&0xFFFFFF) + 0.5) / (1 << 24)
	normal := math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
	share := 0.4 * math.Exp(0.5*normal)
	return g.Min + time.Duration(min(share, 1)*float64(g.Max-g.Min))
}

// WarmUp lets a quiet account start low: a fifth of its limits on the first day,
// then more each day, all of them from the fifteenth on.
type WarmUp struct {
	From time.Time // zero: no warm-up
}

const (
	day          = 24 * time.Hour
	warmUpDays   = 14
	warmUpStarts = 0.2
)

// Cap is what is left of a limit at a time. It is never less than one, or a low
// limit would never start.
func (w WarmUp) Cap(limit int, at time.Time) int {
	days := w.days(at)
	if limit <= 0 || days >= warmUpDays {
		return limit
	}
	share := warmUpStarts + (1-warmUpStarts)*float64(days)/warmUpDays
	return max(1, int(share*float64(limit)))
}

// days are the whole days of warming up that have passed.
func (w WarmUp) days(at time.Time) int {
	if w.From.IsZero() {
		return warmUpDays
	}
	return int(max(0, min(warmUpDays, at.Sub(w.From)/day)))
}

// step is when the caps change next after a time; zero when they do not.
func (w WarmUp) step(at time.Time) time.Time {
	days := w.days(at)
	if days >= warmUpDays {
		return time.Time{}
	}
	return w.From.Add(time.Duration(days+1) * day)
}

// Next says when a pot allows another write, not before a time, nor before the gap
// after the last write has passed. ok is false when only a human or a changed limit
// can say.
func (a Account) Next(pot string, notBefore time.Time) (at time.Time, ok bool) {
	p := a.Pots[pot]
	if p == nil {
		return time.Time{}, false
	}
	return p.next(p.history(), latest(a.Now, a.NextWrite, notBefore))
}

// history are the times of the pot's writes, oldest first.
func (p *Pot) history() []time.Time {
	times := make([]time.Time, len(p.Writes))
	for i, w := range p.Writes {
		times[len(times)-1-i] = w.At
	}
	return times
}

// next walks from one obstacle to the next until nothing is in the way. writes are
// oldest first.
func (p *Pot) next(writes []time.Time, t time.Time) (at time.Time, ok bool) {
	if p.Paused {
		if p.Until.IsZero() {
			return time.Time{}, false
		}
		t = latest(t, p.Until)
	}
	for {
		start := t
		if t = p.Hours.Next(t); t.IsZero() {
			return time.Time{}, false // hours that never open
		}
		for _, l := range p.Limits {
			if l.Max <= 0 {
				return time.Time{}, false
			}
			limit := p.WarmUp.Cap(l.Max, t)
			if len(writes) < limit {
				continue
			}
			// The oldest of the last ones must have left the span, or the limit grown.
			free := writes[len(writes)-limit].Add(l.Per)
			if !free.After(t) {
				continue
			}
			if grows := p.WarmUp.step(t); !grows.IsZero() && grows.Before(free) {
				free = grows
			}
			t = free
		}
		if t.Equal(start) {
			return t, true
		}
	}
}

func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
