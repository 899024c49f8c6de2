package queue

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// vitalsBench is a process whose time a test lets pass.
type vitalsBench struct {
	*Vitals

	at time.Time
}

func newVitalsBench() *vitalsBench {
	b := &vitalsBench{at: time.Unix(1e9, 0)}
	b.Vitals = newVitals(Tuning{MaxWorkers: map[string]int{Messages: 2}}, standstill, func() time.Time { return b.at })
	b.beat(true)
	return b
}

// pass lets time pass in which the heart beats, or tries to.
func (b *vitalsBench) pass(d time.Duration, held bool, overdue ...string) {
	for end := b.at.Add(d); b.at.Before(end); {
		b.at = b.at.Add(beatEvery)
		b.beat(held)
		if held {
			b.wait(overdue)
		}
	}
}

// Ensure work that stands still is noticed, and nothing else is.
func TestVitals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		live func(b *vitalsBench)
		want string // part of the error; empty: alive
	}{
		"idle for a day": {live: func(b *vitalsBench) { b.pass(24*time.Hour, true) }},
		"the database is away for one": {live: func(b *vitalsBench) {
			b.begin(Messages, 1)
			b.begin(Messages, 2)
			b.pass(24*time.Hour, false)
		}},
		"it is back, and work goes on": {live: func(b *vitalsBench) {
			b.begin(Messages, 1)
			b.begin(Messages, 2)
			b.pass(time.Hour, false)
			b.pass(standstill-time.Minute, true, Messages)
		}},
		"busy, more waits than it can do": {live: func(b *vitalsBench) {
			for job := range int64(100) {
				end := b.begin(Messages, job)
				b.pass(time.Minute, true, Messages)
				end()
			}
		}},
		"every slot taken by long attempts": {live: func(b *vitalsBench) {
			b.begin(Messages, 1)
			b.begin(Messages, 2)
			b.pass(standstill-time.Minute, true, Messages)
		}},
		"one attempt hangs, others go on": {live: func(b *vitalsBench) {
			b.begin(Messages, 0)
			for job := range int64(20) {
				end := b.begin(Messages, job+1)
				b.pass(time.Minute, true, Messages)
				end()
			}
		}},
		"one attempt hangs, nothing waits": {live: func(b *vitalsBench) { b.begin(Messages, 1); b.pass(time.Hour, true) }},
		"what waited was taken by others": {live: func(b *vitalsBench) {
			for range 20 {
				b.pass(standstill-time.Minute, true, Messages)
				b.pass(beatEvery, true)
			}
		}},
		"a queue of a version that is gone": {live: func(b *vitalsBench) {
			b.begin("gone", 1)
			b.pass(time.Hour, true, "gone")
		}},

		"the heartbeat hangs": {
			live: func(b *vitalsBench) { b.at = b.at.Add(standstill + time.Minute) },
			want: "heartbeat",
		},
		"every attempt hangs": {
			live: func(b *vitalsBench) {
				b.begin(Messages, 1)
				b.begin(Messages, 2)
				b.pass(standstill+time.Minute, true)
			},
			want: "all 2 attempts in queue messages",
		},
		"nothing is fetched": {
			live: func(b *vitalsBench) { b.pass(standstill+time.Minute, true, Webhooks) },
			want: "jobs in queue webhooks",
		},
		"nothing more is fetched": {
			live: func(b *vitalsBench) {
				b.begin(Messages, 1)()
				b.begin(Messages, 2)
				b.pass(standstill+time.Minute, true, Messages)
			},
			want: "a slot is free",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newVitalsBench()
			test.live(b)
			err := b.Check()
			if (err != nil) != (test.want != "") || !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("it tells %v, want %q", err, test.want)
			}
		})
	}
}
