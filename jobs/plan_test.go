package jobs

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bravorevos/workers/store"
)

// Ensure in which order and when the messages of an account have their turn.
func TestPlanTurns(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) *time.Time { at := now.Add(d); return &at }
	first := func(id int64) store.MessageListOpenRow {
		return store.MessageListOpenRow{ID: id, Purpose: store.PurposeFirstDM, State: store.MessageQueued}
	}
	backup := func(id int64) store.MessageListOpenRow {
		return store.MessageListOpenRow{ID: id, Purpose: store.PurposeBackupLink, State: store.MessageQueued}
	}
	doubt := func(id int64, notBefore *time.Time) store.MessageListOpenRow {
		return store.MessageListOpenRow{ID: id, Purpose: store.PurposeFirstDM, State: store.MessageUnknown, NotBefore: notBefore}
	}
	later := func(m store.MessageListOpenRow, notBefore *time.Time) store.MessageListOpenRow {
		m.NotBefore = notBefore
		return m
	}
	tests := []struct {
		name   string
		change func(*situation)
		open   []store.MessageListOpenRow
		want   []string // message and seconds from now
	}{
		{"nothing waits", nil, nil, nil},
		{"one after the other, with the gap", nil, []store.MessageListOpenRow{first(1), first(2), first(3)}, []string{"1 0s", "2 1m0s", "3 2m0s"}},
		{"after the gap of the last write", func(s *situation) { s.nextWrite = now.Add(30 * time.Second) }, []store.MessageListOpenRow{first(1), first(2)}, []string{"1 30s", "2 1m30s"}},
		{"not beyond the horizon", func(s *situation) { s.gap = 6 * time.Minute }, []store.MessageListOpenRow{first(1), first(2), first(3)}, []string{"1 0s", "2 6m0s"}},
		{"not before its time", nil, []store.MessageListOpenRow{later(first(1), in(2*time.Minute)), later(first(2), in(-time.Minute))}, []string{"1 2m0s", "2 3m0s"}},
		{"up to the limit of the hour", func(s *situation) { s.pots["first_dm"].windows[0].max = 2 }, []store.MessageListOpenRow{first(1), first(2), first(3)}, []string{"1 0s", "2 1m0s"}},
		{"when the oldest write leaves the hour", func(s *situation) {
			s.pots["first_dm"].windows[0].max = 2
			s.pots["first_dm"].writes = []time.Time{now.Add(-10 * time.Minute), now.Add(-55 * time.Minute), now.Add(-2 * time.Hour)}
		}, []store.MessageListOpenRow{first(1), first(2)}, []string{"1 5m0s"}},
		{"when the oldest write leaves the day", func(s *situation) {
			s.pots["first_dm"].windows[1].max = 1
			s.pots["first_dm"].writes = []time.Time{now.Add(-24*time.Hour + 3*time.Minute)}
		}, []store.MessageListOpenRow{first(1), first(2)}, []string{"1 3m0s"}},
		{"never with a limit of zero", func(s *situation) { s.pots["first_dm"].windows[1].max = 0 }, []store.MessageListOpenRow{first(1), backup(2)}, []string{"2 0s"}},
		{"answers beside a full pot of first messages", func(s *situation) {
			s.pots["first_dm"].windows[0].max = 1
			s.pots["first_dm"].writes = []time.Time{now}
		}, []store.MessageListOpenRow{backup(2), backup(3), first(1)}, []string{"2 0s", "3 1m0s"}},
		{"first messages beside a full pot of answers", func(s *situation) { s.pots["answer"].windows[0].max = 0 }, []store.MessageListOpenRow{backup(2), first(1)}, []string{"1 0s"}},
		{"not while paused", func(s *situation) { s.pots["first_dm"].pause(store.Pause{}) }, []store.MessageListOpenRow{first(1), backup(2)}, []string{"2 0s"}},
		{"when the pause is over", func(s *situation) { s.pots["first_dm"].pause(store.Pause{Until: in(4 * time.Minute)}) }, []store.MessageListOpenRow{first(1)}, []string{"1 4m0s"}},
		{"when the longest of the pauses is over", func(s *situation) {
			for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 2 * time.Minute} {
				s.pots["first_dm"].pause(store.Pause{Until: in(d)})
			}
		}, []store.MessageListOpenRow{first(1)}, []string{"1 5m0s"}},
		{"not while one of the pauses has no end", func(s *situation) {
			s.pots["first_dm"].pause(store.Pause{})
			s.pots["first_dm"].pause(store.Pause{Until: in(time.Minute)})
		}, []store.MessageListOpenRow{first(1)}, nil},
		{"look-ups at once, beside every limit", func(s *situation) {
			s.nextWrite = now.Add(time.Hour)
			s.pots["first_dm"].windows[0].max = 0
		}, []store.MessageListOpenRow{doubt(1, nil), doubt(2, in(time.Minute)), first(3)}, []string{"1 0s", "2 1m0s"}},
		{"no look-up of a stopped account", func(s *situation) { s.reads.pause(store.Pause{}) }, []store.MessageListOpenRow{doubt(1, nil)}, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			sit := situation{now: now, gap: time.Minute, pots: map[string]*pot{
				"first_dm": {windows: []window{{20, time.Hour}, {100, 24 * time.Hour}}},
				"answer":   {windows: []window{{30, time.Hour}, {100, 24 * time.Hour}}},
			}}
			if tc.change != nil {
				tc.change(&sit)
			}
			var got []string
			for _, turn := range planTurns(sit, tc.open, 10*time.Minute) {
				at := turn.At
				if at.IsZero() {
					at = now
				}
				got = append(got, fmt.Sprintf("%d %s", turn.MessageID, at.Sub(now)))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("turns (-want +got):\n%s", diff)
			}
		})
	}
}

// Ensure that whatever was written before and whatever waits, no hour and no day of
// the plan holds more writes of a pot than its limit, and no two are too close.
func TestPlanNeverExceedsALimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		ago := rapid.Custom(func(t *rapid.T) time.Time {
			return now.Add(-time.Duration(rapid.IntRange(0, 2*86400).Draw(t, "seconds ago")) * time.Second)
		})
		sit := situation{
			now: now, nextWrite: now.Add(time.Duration(rapid.IntRange(-60, 600).Draw(t, "next write")) * time.Second),
			gap:  time.Duration(rapid.IntRange(0, 120).Draw(t, "gap")) * time.Second,
			pots: map[string]*pot{},
		}
		before := map[string][]time.Time{}
		for _, name := range []string{store.ActionFirstDM, store.ActionAnswer} {
			hour, day := rapid.IntRange(0, 6).Draw(t, "hour"), rapid.IntRange(0, 12).Draw(t, "day")
			p := &pot{windows: []window{{hour, time.Hour}, {day, 24 * time.Hour}}}
			// What was written kept the limits too, as far as they were the same then.
			for _, at := range rapid.SliceOfN(ago, 0, 40).Draw(t, "writes") {
				if withAll := append(slices.Clone(p.writes), at); most(withAll, time.Hour) <= hour && most(withAll, 24*time.Hour) <= day {
					p.writes = withAll
				}
			}
			slices.SortFunc(p.writes, func(a, b time.Time) int { return b.Compare(a) })
			sit.pots[name], before[name] = p, slices.Clone(p.writes)
		}
		pots := map[int64]string{}
		var open []store.MessageListOpenRow
		for id := range rapid.IntRange(0, 60).Draw(t, "waiting") {
			m := store.MessageListOpenRow{ID: int64(id), State: store.MessageQueued, Purpose: rapid.SampledFrom(
				[]string{store.PurposeFirstDM, store.PurposeBackupLink}).Draw(t, "purpose")}
			if rapid.Bool().Draw(t, "delayed") {
				at := now.Add(time.Duration(rapid.IntRange(-600, 7200).Draw(t, "not before")) * time.Second)
				m.NotBefore = &at
			}
			pots[m.ID] = store.Pot(m.Purpose)
			open = append(open, m)
		}

		var last time.Time
		for _, turn := range planTurns(sit, open, 30*time.Hour) {
			at := later(now, turn.At)
			if at.Before(sit.nextWrite) || (!last.IsZero() && at.Sub(last) < sit.gap) {
				t.Fatalf("message %d at %s is too close to the write before", turn.MessageID, at)
			}
			if m := open[turn.MessageID]; m.NotBefore != nil && at.Before(*m.NotBefore) {
				t.Fatalf("message %d has its turn before its time", turn.MessageID)
			}
			last = at
			before[pots[turn.MessageID]] = append(before[pots[turn.MessageID]], at)
		}
		for name, writes := range before {
			for _, w := range sit.pots[name].windows {
				if n := most(writes, w.span); n > w.max {
					t.Fatalf("%d writes of %s within %s, want at most %d", n, name, w.span, w.max)
				}
			}
		}
	})
}

// most is the largest number of times within any span, which holds its beginning
// and not its end.
func most(times []time.Time, span time.Duration) int {
	highest := 0
	for _, from := range times {
		n := 0
		for _, at := range times {
			if !at.Before(from) && at.Before(from.Add(span)) {
				n++
			}
		}
		highest = max(highest, n)
	}
	return highest
}

// Ensure that the real gap lies between its bounds, and both can be reached.
func TestDrawGap(t *testing.T) {
	t.Parallel()
	limits := Limits{GapMin: 2, GapMax: 4}
	drawn := map[time.Duration]bool{}
	for range 1000 {
		drawn[limits.drawGap()] = true
	}
	if diff := cmp.Diff(map[time.Duration]bool{2: true, 3: true, 4: true}, drawn); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}
