package main

import (
	"context"
	"time"
)

// pace keeps a walk from putting more jobs a second into the queue than a receiver
// can bear. It spreads what is put in, not what the workers do: a queue that is behind
// works off what it has as fast as it can.
type pace struct {
	perSecond int       // 0: as fast as can be
	next      time.Time // when more may be put in

	now   func() time.Time
	until func(ctx context.Context, t time.Time) error
}

func newPace(perSecond int) *pace {
	return &pace{perSecond: perSecond, next: time.Now(), now: time.Now, until: waitUntil}
}

// batch is the size of a batch that fits: rows of one go into the queue at once.
func (p *pace) batch(size int) int {
	if p.perSecond > 0 {
		return min(size, p.perSecond)
	}
	return size
}

// wait lets the time pass that so many jobs take. What a slow database cost is not
// caught up: it would come as a burst.
func (p *pace) wait(ctx context.Context, jobs int) error {
	if p.perSecond == 0 {
		return ctx.Err()
	}
	p.next = p.next.Add(time.Duration(jobs) * time.Second / time.Duration(p.perSecond))
	if now := p.now(); p.next.Before(now) {
		p.next = now
	}
	return p.until(ctx, p.next)
}

func waitUntil(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
