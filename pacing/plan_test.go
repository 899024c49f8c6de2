package pacing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/pacing"
)

//nolint:gochecknoglobals // the time of every test
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// account has a gap of exactly a minute, 20 first messages an hour and 100 a day.
func account() pacing.Account {
	return pacing.Account{
		Now: noon, Gap: pacing.Gap{Min: time.Minute, Max: time.Minute},
		Pots: map[string]*pacing.Pot{
			"first":  {Rank: 2, Limits: []pacing.Limit{{Max: 20, Per: time.Hour}, {Max: 100, Per: 24 * time.Hour}}},
			"answer": {Rank: 0, Limits: []pacing.Limit{{Max: 30, Per: time.Hour}}},
		},
	}
}

func ago(d time.Duration) pacing.Write { return pacing.Write{At: noon.Add(-d)} }

// Ensure in which order and when messages have their turn.
func TestPlan(t *testing.T) {
	t.Parallel()
	in := noon.Add
	first := func(id int64) pacing.Waiting { return pacing.Waiting{ID: id, Pot: "first"} }
	of := func(post string, ids ...int64) (all []pacing.Waiting) {
		for _, id := range ids {
			all = append(all, pacing.Waiting{ID: id, Pot: "first", Source: post})
		}
		return all
	}
	answer := func(id int64) pacing.Waiting { return pacing.Waiting{ID: id, Pot: "answer"} }
	later := func(w pacing.Waiting, d time.Duration) pacing.Waiting { w.NotBefore = in(d); return w }
	tests := []struct {
		name    string
		change  func(a *pacing.Account)
		waiting []pacing.Waiting
		want    string // ids and when, from now
	}{
		{"nothing waits", nil, nil, ""},
		{"one after the other, with the gap", nil, []pacing.Waiting{first(3), first(1), first(2)}, "1 0s, 2 1m0s, 3 2m0s"},
		{"after the gap of the last write", func(a *pacing.Account) { a.NextWrite = in(30 * time.Second) }, []pacing.Waiting{first(1), first(2)}, "1 30s, 2 1m30s"},
		{"not beyond the horizon", func(a *pacing.Account) { a.Gap = pacing.Gap{Min: 6 * time.Minute} }, []pacing.Waiting{first(1), first(2), first(3)}, "1 0s, 2 6m0s"},
		{"not before its time", nil, []pacing.Waiting{later(first(1), 2*time.Minute), later(first(2), -time.Minute)}, "2 0s, 1 2m0s"},
		{"one whose time comes takes its place among the older", nil, []pacing.Waiting{later(first(1), 90*time.Second), first(2), first(3), first(4)}, "2 0s, 3 1m0s, 1 2m0s, 4 3m0s"},
		{"up to the limit of the hour", func(a *pacing.Account) { a.Pots["first"].Limits[0].Max = 2 }, []pacing.Waiting{first(1), first(2), first(3)}, "1 0s, 2 1m0s"},
		{"when the oldest write leaves the hour", func(a *pacing.Account) {
			a.Pots["first"].Limits[0].Max = 2
			a.Pots["first"].Writes = []pacing.Write{ago(10 * time.Minute), ago(55 * time.Minute), ago(2 * time.Hour)}
		}, []pacing.Waiting{first(1), first(2)}, "1 5m0s"},
		{"a write leaves the hour with its last moment", func(a *pacing.Account) {
			a.Pots["first"].Limits[0].Max = 1
			a.Pots["first"].Writes = []pacing.Write{ago(time.Hour)}
		}, []pacing.Waiting{first(1)}, "1 0s"},
		{"when the oldest write leaves the day", func(a *pacing.Account) {
			a.Pots["first"].Limits[1].Max = 1
			a.Pots["first"].Writes = []pacing.Write{ago(24*time.Hour - 3*time.Minute)}
		}, []pacing.Waiting{first(1), first(2)}, "1 3m0s"},
		{"never with a limit of zero", func(a *pacing.Account) { a.Pots["first"].Limits[1].Max = 0 }, []pacing.Waiting{first(1), answer(2)}, "2 0s"},
		{"never in a pot that is not there", nil, []pacing.Waiting{{ID: 1, Pot: "other"}, answer(2)}, "2 0s"},
		{"answers first", nil, []pacing.Waiting{first(1), answer(2), answer(3)}, "2 0s, 3 1m0s, 1 2m0s"},
		{"the account does not idle for an answer that comes later", nil, []pacing.Waiting{first(1), first(2), later(answer(3), 30*time.Second)}, "1 0s, 3 1m0s, 2 2m0s"},
		{"answers beside a full pot", func(a *pacing.Account) {
			a.Pots["first"].Limits[0].Max = 1
			a.Pots["first"].Writes = []pacing.Write{ago(0)}
		}, []pacing.Waiting{answer(2), answer(3), first(1)}, "2 0s, 3 1m0s"},
		{"not while paused", func(a *pacing.Account) { a.Pots["first"].Paused = true }, []pacing.Waiting{first(1), answer(2)}, "2 0s"},
		{"when the pause is over", func(a *pacing.Account) {
			a.Pots["first"].Paused, a.Pots["first"].Until = true, in(4*time.Minute)
		}, []pacing.Waiting{first(1)}, "1 4m0s"},
		{"posts share", nil, slices.Concat(of("a", 1, 2, 3), of("b", 7, 8)), "1 0s, 7 1m0s, 2 2m0s, 8 3m0s, 3 4m0s"},
		{"who was served least recently goes first", func(a *pacing.Account) {
			a.Pots["first"].Writes = []pacing.Write{{At: in(-time.Minute), Source: "a"}, {At: in(-time.Hour), Source: "b"}}
		}, slices.Concat(of("a", 1), of("b", 7)), "7 0s, 1 1m0s"},
		{"a new post before one that was served", func(a *pacing.Account) {
			a.Pots["first"].Writes = []pacing.Write{{At: in(-time.Hour), Source: "a"}}
		}, slices.Concat(of("a", 1), of("b", 7)), "7 0s, 1 1m0s"},
		{"a post whose messages wait stops no other", nil, []pacing.Waiting{
			later(pacing.Waiting{ID: 1, Pot: "first", Source: "a"}, time.Hour), {ID: 2, Pot: "first", Source: "b"},
		}, "2 0s"},
		{"in working hours", func(a *pacing.Account) {
			h, err := pacing.ParseHours("tue 12:05-12:06; tue 12:08-13:00", time.UTC)
			if err != nil {
				t.Error(err)
			}
			a.Pots["first"].Hours = h
		}, []pacing.Waiting{first(1), first(2), first(3), answer(4)}, "4 0s, 1 5m0s, 2 8m0s, 3 9m0s"},
		{"a fifth while warming up", func(a *pacing.Account) {
			a.Pots["first"].Limits[1].Max = 10
			a.Pots["first"].WarmUp.From = in(-time.Hour)
		}, []pacing.Waiting{first(1), first(2), first(3)}, "1 0s, 2 1m0s"},
		{"more when the next day of warming up begins", func(a *pacing.Account) {
			a.Pots["first"].Limits = []pacing.Limit{{Max: 5, Per: 24 * time.Hour}}
			a.Pots["first"].WarmUp.From = in(4*time.Minute - 4*24*time.Hour) // 1, then 2
			a.Pots["first"].Writes = []pacing.Write{ago(time.Hour)}
		}, []pacing.Waiting{first(1), first(2)}, "1 4m0s"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := account()
			if tc.change != nil {
				tc.change(&a)
			}
			given := slices.Clone(tc.waiting)
			var got []string
			for _, turn := range a.Plan(tc.waiting, in(10*time.Minute)) {
				got = append(got, fmt.Sprintf("%d %s", turn.ID, turn.At.Sub(noon)))
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("turns (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(given, tc.waiting); diff != "" {
				t.Errorf("the plan changed what it was given:\n%s", diff)
			}
		})
	}
}

// Ensure a post with few people is not held up by one with thousands.
func TestSmallPostBesideALargeOne(t *testing.T) {
	t.Parallel()
	a := account()
	var waiting []pacing.Waiting
	for id := range int64(5000) {
		waiting = append(waiting, pacing.Waiting{ID: id, Pot: "first", Source: "large"})
	}
	for id := range int64(5) {
		waiting = append(waiting, pacing.Waiting{ID: 9000 + id, Pot: "first", Source: "small"})
	}
	for i, turn := range a.Plan(waiting, time.Time{})[:10] {
		if small := turn.ID >= 9000; small != (i%2 == 1) {
			t.Errorf("turn %d is that of message %d: the posts do not alternate", i, turn.ID)
		}
	}
}

func TestWarmUp(t *testing.T) {
	t.Parallel()
	w := pacing.WarmUp{From: noon}
	for days, want := range map[int]int{-1: 20, 0: 20, 1: 25, 7: 60, 13: 94, 14: 100, 400: 100} {
		if got := w.Cap(100, noon.AddDate(0, 0, days).Add(time.Hour)); got != want {
			t.Errorf("after %d days %d of 100 are allowed, want %d", days, got, want)
		}
	}
	if got := w.Cap(3, noon); got != 1 {
		t.Errorf("%d of 3 are allowed on the first day, want 1", got)
	}
	if got := w.Cap(0, noon); got != 0 {
		t.Errorf("%d of 0 are allowed", got)
	}
	if got := (pacing.WarmUp{}).Cap(100, noon); got != 100 {
		t.Errorf("%d of 100 are allowed without warm-up", got)
	}
}

// Ensure gaps keep to their bounds, spread between them, and are the same each time.
func TestGap(t *testing.T) {
	t.Parallel()
	g := pacing.Gap{Min: 30 * time.Second, Max: 90 * time.Second}
	var sum time.Duration
	tenths := map[int]int{}
	const n = 20000
	for id := range int64(n) {
		gap := g.After(id)
		if gap < g.Min || gap > g.Max || gap != g.After(id) {
			t.Fatalf("gap after %d is %s", id, gap)
		}
		sum += gap
		tenths[int(10*(gap-g.Min)/(g.Max-g.Min+1))]++
	}
	if mean := sum / n; mean < 54*time.Second || mean > 60*time.Second {
		t.Errorf("gaps are %s on average, want about 57 s", mean)
	}
	for tenth := range 10 {
		if share := 100 * tenths[tenth] / n; share > 30 || (tenths[tenth] == 0 && tenth > 0) {
			t.Errorf("%d %% of the gaps lie in tenth %d", share, tenth)
		}
	}
	if got := (pacing.Gap{Min: 5, Max: 3}).After(1); got != 5 {
		t.Errorf("a gap without room is %d, want its minimum", got)
	}
}

func latestOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
