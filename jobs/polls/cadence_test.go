package polls

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCadence(t *testing.T) {
	t.Parallel()
	const never = 1000 * day // no new comment since the post was read first
	tests := []struct {
		name string
		c    cadence
		want time.Duration
	}{
		{"a new post", cadence{age: time.Minute, quiet: time.Minute}, 5 * time.Minute},
		{"a young one", cadence{age: 119 * time.Minute, quiet: never}, 5 * time.Minute},
		{"as often as its owner wants", cadence{age: time.Minute, quiet: never, interval: time.Minute}, time.Minute},
		{"never more often than its owner wants", cadence{age: time.Minute, quiet: 0, interval: time.Hour}, time.Hour},
		{"of the first day", cadence{age: 3 * time.Hour, quiet: never}, 15 * time.Minute},
		{"of the first week", cadence{age: 3 * day, quiet: never}, 45 * time.Minute},
		{"an old one", cadence{age: 30 * day, quiet: never}, 6 * time.Hour},
		{"an old one that moves", cadence{age: 30 * day, quiet: time.Minute}, 5 * time.Minute},
		{"an old one that moved an hour ago", cadence{age: 30 * day, quiet: time.Hour}, 15 * time.Minute},
		{"an old one that moved yesterday", cadence{age: 30 * day, quiet: day}, 45 * time.Minute},
		{"half of the reads are left", cadence{age: time.Minute, reads: 49, budget: 100, posts: 1}, 5 * time.Minute},
		{"less than half of them are", cadence{age: time.Minute, reads: 50, budget: 100, posts: 1}, 28*time.Minute + 48*time.Second},
		{"and shared by three posts", cadence{age: time.Minute, reads: 50, budget: 100, posts: 3}, 86*time.Minute + 24*time.Second},
		{"compressed by sixty", cadence{age: 3 * time.Minute, quiet: never, interval: time.Second, unit: time.Second}, 15 * time.Second},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := tc.c
			if c.interval == 0 {
				c.interval = 5 * time.Minute
			}
			if c.unit == 0 {
				c.unit = time.Minute
			}
			if got := c.wait(0); got != tc.want {
				t.Errorf("waits %s, want %s", got, tc.want)
			}
			if got := c.wait(1); got != tc.want+tc.want/5 {
				t.Errorf("waits at most %s, want %s", got, tc.want+tc.want/5)
			}
		})
	}
}

// Ensure no post is read more often than its owner wants, and a quiet one less and less.
func TestCadenceCoolsDown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Minute
		}
		c := cadence{
			age: minutes("age", 20000), interval: minutes("interval", 600), unit: time.Minute,
			reads: rapid.IntRange(0, 200).Draw(t, "reads"), budget: rapid.IntRange(1, 200).Draw(t, "budget"), posts: rapid.IntRange(0, 9).Draw(t, "posts"),
		}
		c.quiet = min(c.age, minutes("quiet", 20000))
		draw := rapid.Float64Range(0, 1).Draw(t, "draw")
		before := c.wait(draw)
		if before < c.interval {
			t.Fatalf("waits %s", before)
		}
		more := minutes("passes", 20000)
		c.age, c.quiet = c.age+more, c.quiet+more
		if after := c.wait(draw); after < before {
			t.Fatalf("waits %s, and %s later only %s", before, more, after)
		}
	})
}

// Ensure an account stays within its reads of a day, however many posts it has, and
// that those of one post are used.
func TestCadenceKeepsTheBudget(t *testing.T) {
	t.Parallel()
	for posts, least := range map[int]int{1: 60, 3: 60, 10: 50} {
		var reads []time.Duration // when, since the posts were published
		next := make([]time.Duration, posts)
		most, firstDay := 0, 0
		for now := time.Duration(0); now < week; now += time.Minute {
			for i := range next {
				if now < next[i] {
					continue
				}
				for len(reads) > 0 && reads[0] <= now-25*time.Hour {
					reads = reads[1:]
				}
				if len(reads) >= 100 {
					next[i] = reads[0] + 25*time.Hour // what postpone does
					continue
				}
				reads = append(reads, now)
				most = max(most, len(reads))
				if now < day {
					firstDay++
				}
				c := cadence{age: now, quiet: now, interval: 5 * time.Minute, unit: time.Minute, reads: len(reads), budget: 100, posts: posts}
				next[i] = now + c.wait(0.5)
			}
		}
		t.Logf("%d posts: %d reads on the first day, at most %d in any", posts, firstDay, most)
		if most > 100 || firstDay < least {
			t.Errorf("%d posts: %d reads on the first day, at most %d in any; want %d or more, and at most 100", posts, firstDay, most, least)
		}
	}
}
