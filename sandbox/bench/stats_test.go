package bench

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Ensure a percentile is a value that was measured, and never one below its rank.
func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		name   string
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{"none", nil, 95, 0},
		{"one", []time.Duration{7}, 50, 7},
		{"middle of hundred", hundred, 50, 50},
		{"p95 of hundred", hundred, 95, 95},
		{"p99 of hundred", hundred, 99, 99},
		{"longest", hundred, 100, 100},
		{"shortest", hundred, 0, 1},
		{"middle of two", []time.Duration{1, 9}, 50, 1},
		{"p95 of ten", hundred[:10], 95, 10},
	} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("%s: percentile %v is %d, want %d", c.name, c.p, got, c.want)
		}
	}
}

// Ensure the median lies in the middle and the values keep the order of the runs.
func TestSpread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values           []float64
		median, min, max float64
	}{
		{[]float64{4}, 4, 4, 4},
		{[]float64{9, 1, 5}, 5, 1, 9},
		{[]float64{4, 1, 2, 3}, 2.5, 1, 4},
	} {
		want := Spread{c.median, c.min, c.max, c.values}
		if diff := cmp.Diff(want, spreadOf(c.values)); diff != "" {
			t.Errorf("spread of %v (-want +got):\n%s", c.values, diff)
		}
	}
}

// Ensure a rate is that of the gaps between things, in whatever order they come.
func TestAchieved(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_795_426_202, 0)
	times := []time.Time{start.Add(2 * time.Second), start, start.Add(time.Second)}
	if got := achieved(times); got != 1 {
		t.Errorf("three in two seconds are %v a second, want 1", got)
	}
	if got := achieved(times[:1]); got != 0 {
		t.Errorf("one is %v a second, want 0", got)
	}
}

// Ensure the rows of producers come at their rate and each exactly once, and that the
// first that fails ends all.
func TestPacer(t *testing.T) {
	t.Parallel()
	seen := make([]bool, 100)
	began := time.Now()
	err := pacer{perSecond: 1000, n: len(seen)}.run(t.Context(), func(_ context.Context, i int) error {
		if seen[i] {
			t.Errorf("%d was called twice", i)
		}
		seen[i] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 99*time.Millisecond {
		t.Errorf("100 at 1,000 a second took %s only", took)
	}
	for i, ok := range seen {
		if !ok {
			t.Errorf("%d was not called", i)
		}
	}
	broken := errors.New("broken")
	err = pacer{perSecond: 1e6, n: 100}.run(t.Context(), func(_ context.Context, i int) error {
		if i == 50 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v, want %v", err, broken)
	}
}
