package polls

import (
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// cadence is what decides when a post is read again. Reads count against the
// account, too: Unipile recommends about 100 a day
// (https://developer.unipile.com/docs/provider-limits-and-restrictions).
type cadence struct {
	age      time.Duration // since the post was published
	quiet    time.Duration // since a poll last found a new comment
	interval time.Duration // the owner's: never faster than this
	unit     time.Duration // how long a minute lasts; tests compress time

	reads, budget int // of the account, in the last day
	posts         int // that share them
}

// tiers say how often a post is read that is not older, or quiet for not longer,
// than a time. The first is as often as its owner wants.
func tiers() []struct{ until, every time.Duration } {
	return []struct{ until, every time.Duration }{
		{2 * time.Hour, 0},
		{day, 15 * time.Minute},
		{week, 45 * time.Minute},
	}
}

const coldEvery = 6 * time.Hour

// Wait is the time until the next read; draw is a random number from 0 to 1. A post
// that is young or moves is read often, one that cools down less and less.
func (c cadence) wait(draw float64) time.Duration {
	// An hour without a new comment is as much as four hours of age.
	wait := max(c.every(min(c.age, 4*c.quiet)), c.interval)
	if c.budget > 0 && 2*c.reads >= c.budget {
		// Half of the day's reads may be spent at that pace; the rest must last for it.
		wait = max(wait, 2*day/time.Duration(c.budget)*time.Duration(max(c.posts, 1)))
	}
	return wait + time.Duration(0.2*draw*float64(wait))
}

// every is the pace at an age.
func (c cadence) every(age time.Duration) time.Duration {
	scale := func(d time.Duration) time.Duration {
		return time.Duration(float64(d) * float64(c.unit) / float64(time.Minute))
	}
	for _, tier := range tiers() {
		if age < scale(tier.until) {
			return scale(tier.every)
		}
	}
	return scale(coldEvery)
}
