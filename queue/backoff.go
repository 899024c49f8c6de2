package queue

import (
	"math/rand/v2"
	"time"
)

// Schedule is how long to wait before each further try. After its end the last
// wait repeats, as long as the job has attempts.
type Schedule []time.Duration

// DefaultSchedule suits short outages of a vendor.
var DefaultSchedule = Schedule{
	2 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour,
}

// Wait returns how long to wait after the given number of failed tries (1 is the
// first), with ±20 % jitter so that receivers which failed together are not
// tried together.
func (s Schedule) Wait(failed int) time.Duration {
	if len(s) == 0 {
		s = DefaultSchedule
	}
	d := s[min(max(failed, 1), len(s))-1]
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}
