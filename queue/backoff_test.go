package queue

import (
	"testing"
	"time"
)

// Ensure each wait is that of its step give or take a fifth, and the last one repeats.
func TestScheduleWait(t *testing.T) {
	t.Parallel()
	schedule := Schedule{time.Minute, time.Hour}
	for name, test := range map[string]struct {
		schedule Schedule
		failed   int
		want     time.Duration
	}{
		"first":              {schedule, 1, time.Minute},
		"second":             {schedule, 2, time.Hour},
		"after the end":      {schedule, 3, time.Hour},
		"long after the end": {schedule, 1 << 40, time.Hour},
		"none failed":        {schedule, 0, time.Minute},
		"less than none":     {schedule, -1, time.Minute},
		"no schedule":        {nil, 2, DefaultSchedule[1]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			least, most := time.Duration(1<<62), time.Duration(0)
			for range 2000 {
				got := test.schedule.Wait(test.failed)
				least, most = min(least, got), max(most, got)
			}
			if least < test.want*8/10 || most > test.want*12/10 {
				t.Errorf("waits are %s to %s, want %s ± 20 %%", least, most, test.want)
			}
			// 2000 draws miss a tenth of the range with a chance of 10^-91.
			if least > test.want*84/100 || most < test.want*116/100 {
				t.Errorf("waits are %s to %s: they are hardly spread", least, most)
			}
		})
	}
}

// Ensure a wait that a vendor asked for is spread, and never shortened.
func TestJitter(t *testing.T) {
	t.Parallel()
	least, most := time.Duration(1<<62), time.Duration(0)
	for range 2000 {
		got := jitter(time.Minute)
		least, most = min(least, got), max(most, got)
	}
	if least < time.Minute || most > 72*time.Second || most-least < 10*time.Second {
		t.Errorf("waits are %s to %s, want 60 s to 72 s", least, most)
	}
}
