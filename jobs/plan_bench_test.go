package jobs

import (
	"testing"
	"time"

	"github.com/bravorevos/workers/store"
)

// One plan of an account looks at planAhead messages, however many wait.
func BenchmarkPlanTurns(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	open := make([]store.MessageListOpenRow, planAhead)
	for i := range open {
		open[i] = store.MessageListOpenRow{ID: int64(i), Purpose: store.PurposeFirstDM, State: store.MessageQueued}
	}
	for b.Loop() {
		sit := situation{now: now, gap: time.Second, pots: map[string]*pot{
			store.ActionFirstDM: {windows: []window{{1000, time.Hour}, {1000, 24 * time.Hour}}},
			store.ActionAnswer:  {windows: []window{{30, time.Hour}}},
		}}
		if turns := planTurns(sit, open, time.Hour); len(turns) != planAhead {
			b.Fatalf("%d turns", len(turns))
		}
	}
}
