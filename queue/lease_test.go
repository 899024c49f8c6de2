package queue

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure the lease is over when either clock says so.
func TestLeaseByBothClocks(t *testing.T) {
	t.Parallel()
	const over = leaseFor
	for name, test := range map[string]struct {
		monotonic, wall time.Duration // that passed since the heartbeat
		want            error
	}{
		"just beaten":         {0, 0, nil},
		"nearly over":         {over - 1, over - 1, nil},
		"frozen":              {over, over, ErrLeaseLost},
		"machine suspended":   {time.Millisecond, time.Hour, ErrLeaseLost},
		"wall clock set back": {over, -time.Hour, ErrLeaseLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beat := now()
			l := NewLease("one")
			if err := l.Check(); !errors.Is(err, ErrLeaseLost) {
				t.Errorf("before the first heartbeat: %v", err)
			}
			l.now = func() moment { return moment{beat.monotonic.Add(test.monotonic), beat.wall.Add(test.wall)} }
			l.renew(beat)
			if err := l.Check(); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// Ensure a process that lost the lease begins nothing, and what began under it is
// cut short and reported only when the lease is held again.
func TestLeaseGuards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLease("one")
		go l.watch(t.Context())
		var mu sync.Mutex
		var steps []string
		var err error
		step := func(name string) {
			mu.Lock()
			defer mu.Unlock()
			steps = append(steps, name)
		}
		go func() {
			err = l.guard(t.Context(), func(ctx context.Context) error {
				step("begun")
				<-ctx.Done()
				if got := CheckLease(ctx); !errors.Is(got, ErrLeaseLost) {
					t.Errorf("the attempt finds %v", got)
				}
				step("cut")
				return ctx.Err()
			})
			step("reported")
		}()
		expect := func(when string, want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		expect("without a lease")
		l.renew(now())
		expect("with a lease", "begun")
		<-time.After(leaseFor - time.Second)
		expect("before its end", "begun")
		<-time.After(time.Minute)
		expect("after its end", "begun", "cut")
		l.renew(now())
		expect("when it is held again", "begun", "cut", "reported")
		if snooze, ok := errors.AsType[*river.JobSnoozeError](err); !ok || snooze.Duration != 0 || !errors.Is(err, ErrLeaseLost) {
			t.Errorf("the queue is told %v, want to run it again at once", err)
		}
	})
}

// Ensure what an attempt achieved in spite of a lost lease, and what it says about
// its job, is reported as it is.
func TestLeaseKeepsOutcomes(t *testing.T) {
	t.Parallel()
	for _, want := range []error{nil, errors.New("no database"), river.JobSnooze(time.Hour)} {
		l := NewLease("one")
		l.renew(now())
		got := l.guard(t.Context(), func(context.Context) error {
			l.revoke(ErrLeaseLost) // and found itself alive after all
			return want
		})
		if !errors.Is(got, want) || errors.Is(got, ErrLeaseLost) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// Ensure a stop does not wait for a lease that does not come back.
func TestLeaseLetsStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := NewLease("one").guard(ctx, func(context.Context) error {
		t.Error("it is begun without a lease")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Ensure a heartbeat after a gap ends what began before it, although nobody looked
// at the lease in between: the whole process stood still.
func TestLeaseEndsWithAGap(t *testing.T) {
	t.Parallel()
	l := NewLease("one")
	beat := now()
	l.renew(beat)
	ctx, release := l.attach(t.Context())
	defer release()
	after := moment{beat.monotonic.Add(time.Minute), beat.wall.Add(time.Minute)}
	l.now = func() moment { return after }
	l.renew(after)
	if err := CheckLease(ctx); err != nil {
		t.Errorf("the lease is not held: %v", err)
	}
	receive(t, "the end of the attempt", ctx.Done())
	if !errors.Is(context.Cause(ctx), ErrLeaseLost) {
		t.Errorf("it ended by %v", context.Cause(ctx))
	}
}

// Ensure an attempt that a lost lease cut short is run again and costs the job none
// of its tries.
func TestLeaseCostsNoAttempt(t *testing.T) {
	t.Parallel()
	lease := NewLease("one")
	lease.renew(now())
	running := make(chan struct{}, 1)
	again := false
	b := newBenchUnder(t, storetest.New(t), lease, Tuning{}, nil, func(ctx context.Context, _ *river.Job[tryArgs]) error {
		if again {
			return nil
		}
		again = true
		running <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	id := b.insert(t, 1, &river.InsertOpts{MaxAttempts: 1})
	receive(t, "the job to run", running)
	lease.revoke(ErrLeaseLost)
	lease.renew(now())
	if got := b.attempt(t); got.State != rivertype.JobStateAvailable || got.Attempt != 0 {
		t.Errorf("the job is %s after %d attempts, want available after none", got.State, got.Attempt)
	}
	if got := b.attempt(t); got.State != rivertype.JobStateCompleted || got.Attempt != 1 || got.ID != id {
		t.Errorf("the job is %s at attempt %d, want completed at the first", got.State, got.Attempt)
	}
	if lines := b.logs.lines(t, "job attempt"); len(lines) != 2 || lines[0]["outcome"] != "interrupted" {
		t.Errorf("the log tells %v", lines)
	}
}
