package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Ensure the cap holds whatever the size of the batches, that time which was lost is not
// caught up in a burst, and that an end is noticed while waiting.
func TestPace(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	now := begin
	var waits []time.Duration
	p := &pace{perSecond: 50, next: begin, now: func() time.Time { return now }, until: func(_ context.Context, until time.Time) error {
		waits = append(waits, until.Sub(now))
		now = later(now, until)
		return nil
	}}
	for _, step := range []struct {
		jobs int
		took time.Duration // of the batch itself
	}{{50, 0}, {25, 100 * time.Millisecond}, {0, 0}, {50, 5 * time.Second}, {50, 0}} {
		now = now.Add(step.took)
		if err := p.wait(t.Context(), step.jobs); err != nil {
			t.Fatal(err)
		}
	}
	diff(t, "waits", []time.Duration{time.Second, 400 * time.Millisecond, 0, 0, time.Second}, waits)
	diff(t, "batches", []int{50, 10, 500}, []int{p.batch(500), p.batch(10), (&pace{}).batch(500)})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, perSecond := range []int{0, 1} {
		if err := newPace(perSecond).wait(ctx, 3600); !errors.Is(err, context.Canceled) {
			t.Errorf("%d a second: %v, want the end of the context", perSecond, err)
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
