package pacing_test

import (
	"testing"
	"time"

	"github.com/bravorevos/workers/pacing"
)

func backlog(n int64) (pacing.Account, []pacing.Waiting) {
	a := account()
	for i := range 100 {
		a.Pots["first"].Writes = append(a.Pots["first"].Writes, ago(time.Duration(i)*14*time.Minute))
	}
	waiting := make([]pacing.Waiting, n)
	for i := range waiting {
		waiting[i] = pacing.Waiting{ID: int64(i), Pot: "first", Source: string(rune('a' + i%5))}
	}
	return a, waiting
}

// When will each of ten thousand people be served: a hundred days.
func BenchmarkPlanAll(b *testing.B) {
	a, waiting := backlog(10_000)
	h, err := pacing.ParseHours("mon-fri 08:00-19:00", zone(b, "Europe/Berlin"))
	if err != nil {
		b.Fatal(err)
	}
	a.Pots["first"].Hours = h
	for b.Loop() {
		if turns := a.Plan(waiting, time.Time{}); len(turns) != len(waiting) {
			b.Fatalf("%d turns", len(turns))
		}
	}
}

// The next half minute of an account on which a thousand people wait.
func BenchmarkPlanStretch(b *testing.B) {
	a, waiting := backlog(1000)
	for b.Loop() {
		a.Plan(waiting, noon.Add(30*time.Second))
	}
}
