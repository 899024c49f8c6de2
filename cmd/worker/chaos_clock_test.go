package main

import (
	"testing"
	"time"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a provider whose clock is off by minutes, with every other answer lost, has
// nobody written to twice and no lead lost: whichever of its two clocks it is, and when
// it is put right in between.
func TestChaosProviderClock(t *testing.T) {
	t.Parallel()
	for name, clocks := range map[string][]unipile.Clock{
		"10 minutes behind":            {both(-10 * time.Minute)},
		"3 minutes behind":             {both(-3 * time.Minute)},
		"3 minutes ahead":              {both(3 * time.Minute)},
		"10 minutes ahead":             {both(10 * time.Minute)},
		"only LinkedIn's behind":       {{Messages: -10 * time.Minute}},
		"only LinkedIn's ahead":        {{Messages: 10 * time.Minute}},
		"put right in between":         {both(-10 * time.Minute), {}},
		"gone wrong in between":        {{}, both(-10 * time.Minute)},
		"ahead, then right in between": {both(10 * time.Minute), {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takePlace(t)
			people := sized(6, 12)
			pool := storetest.New(t)
			o := newOutside(t, pool, 300*time.Millisecond)
			o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "20ms", "100ms"
			o.unipile.SetClock(clocks[0])
			o.populate(people)
			o.seed(t, pool)
			for _, f := range []unipile.Fault{
				{Operation: "start_chat", Status: 504, AfterStore: true, Probability: 0.4},
				{Operation: "start_chat", NullIDs: true, Probability: 0.4},
				{Operation: "send_message", Status: 504, AfterStore: true, Probability: 0.3},
			} {
				o.unipile.AddFault(f)
			}
			o.spawn(t)
			for i, clock := range clocks[1:] {
				wait(t, "some messages", func() bool { return len(o.unipile.Sent()) >= (i+1)*people/2 })
				o.unipile.SetClock(clock)
			}
			o.untilDelivered(t, pool, people)
			o.assertExactlyOnce(t, people)
			o.assertDelivered(t, people)
		})
	}
}

// both sets the two clocks of a provider alike.
func both(d time.Duration) unipile.Clock { return unipile.Clock{Messages: d, Date: d} }
