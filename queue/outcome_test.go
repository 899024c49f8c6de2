package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/store"
)

// ending is what an attempt left on the job's row.
type ending struct {
	State    rivertype.JobState
	Attempt  int
	Errors   int
	Earliest time.Duration // when it runs again, from the insert on; zero: never
	Latest   time.Duration
}

// endings of the first attempt. A wait of the schedule is ± 20 %.
var (
	failed    = ending{rivertype.JobStateAvailable, 1, 1, 1600 * time.Millisecond, 2400 * time.Millisecond}
	cancelled = ending{State: rivertype.JobStateCancelled, Attempt: 1, Errors: 1}
	retried   = ending{rivertype.JobStateRetryable, 1, 1, 20 * time.Minute, 20 * time.Minute}
	turned    = ending{rivertype.JobStateScheduled, 0, 0, 30 * time.Minute, 30 * time.Minute}
)

// waits is the ending of an attempt that costs nothing.
func waits(d time.Duration) ending {
	return ending{rivertype.JobStateScheduled, 0, 0, d, d * 12 / 10}
}

// Ensure every error that an outside service can give, alone and in the wrappers of
// jobs, ends an attempt as designed.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const (
		target, account, service             = integrations.ScopeTarget, integrations.ScopeAccount, integrations.ScopeService
		temporary, limited, denied, rejected = integrations.Temporary, integrations.Limited, integrations.Denied, integrations.Rejected
	)
	type vendor struct {
		kind  integrations.Kind
		scope integrations.Scope
		after time.Duration
	}
	alone := map[vendor]ending{
		{temporary, target, 0}:            failed,
		{temporary, account, 0}:           failed,
		{temporary, service, 0}:           failed,
		{temporary, service, time.Hour}:   failed,
		{limited, target, 0}:              waits(time.Minute),
		{limited, account, 0}:             waits(time.Minute),
		{limited, service, 0}:             waits(time.Minute),
		{limited, target, time.Second}:    waits(time.Minute),
		{limited, target, 2 * time.Hour}:  waits(2 * time.Hour),
		{limited, account, 2 * time.Hour}: waits(2 * time.Hour),
		{limited, service, 2 * time.Hour}: waits(2 * time.Hour),
		{denied, target, 0}:               waits(time.Minute),
		{denied, account, 0}:              cancelled,
		{denied, service, 0}:              waits(time.Minute),
		{rejected, target, 0}:             cancelled,
		{rejected, account, 0}:            cancelled,
		{rejected, service, 0}:            cancelled,
	}
	start := time.Now()
	wrappers := map[string]struct {
		wrap func(error) error
		want func(alone ending) ending
	}{
		"alone":    {func(err error) error { return err }, func(e ending) ending { return e }},
		"recorded": {func(err error) error { return &Recorded{Err: err} }, func(ending) ending { return cancelled }},
		"retry at": {
			func(err error) error { return &RetryAt{Err: err, At: start.Add(20 * time.Minute)} },
			func(ending) ending { return retried },
		},
		"not yet": {
			func(err error) error {
				return errors.Join(err, &NotYet{Until: start.Add(30 * time.Minute), Reason: "limit"})
			},
			func(ending) ending { return turned },
		},
	}

	type test struct {
		name string
		err  error
		want ending
	}
	tests := []test{
		{"no vendor", fmt.Errorf("read row: %w", errors.New("no database")), failed},
		{"no vendor, recorded", &Recorded{Err: errors.New("bad template")}, cancelled},
		{"no vendor, retry at", &RetryAt{Err: errors.New("later"), At: start.Add(20 * time.Minute)}, retried},
		{"no vendor, not yet", fmt.Errorf("claim: %w", &NotYet{Until: start.Add(30 * time.Minute), Reason: "limit"}), turned},
		{
			"turn has come meanwhile", &NotYet{Until: start.Add(-time.Hour), Reason: "limit"},
			ending{State: rivertype.JobStateAvailable, Latest: time.Nanosecond},
		},
		{
			"retry at a time that is over", &RetryAt{Err: errors.New("now"), At: start.Add(-time.Hour)},
			ending{State: rivertype.JobStateAvailable, Attempt: 1, Errors: 1, Latest: time.Nanosecond},
		},
		{"success", nil, ending{State: rivertype.JobStateCompleted, Attempt: 1}},
	}
	for v, end := range alone {
		for name, wrapper := range wrappers {
			err := &integrations.Error{Service: "unipile", Operation: "start chat", Kind: v.kind, Scope: v.scope, RetryAfter: v.after, Status: 400}
			tests = append(tests, test{
				fmt.Sprintf("%s of scope %d after %s, %s", v.kind, v.scope, v.after, name),
				fmt.Errorf("send message 1: %w", wrapper.wrap(err)), wrapper.want(end),
			})
		}
	}

	// What comes back at once is held, so that the row is seen as the attempt left it.
	tried := make([]bool, len(tests))
	b := newBench(t, nil, Tuning{MaxWorkers: map[string]int{Messages: 1}}, nil, func(_ context.Context, job *river.Job[tryArgs]) error {
		if tried[job.Args.RowID] {
			return &NotYet{Until: start.Add(time.Hour), Reason: "seen already"}
		}
		tried[job.Args.RowID] = true
		return tests[job.Args.RowID].err
	})
	ids := map[int64]int{}
	for i := range tests {
		ids[b.insert(t, int64(i), nil)] = i
	}
	seen := map[int64]*rivertype.JobRow{}
	for len(seen) < len(tests) {
		if job := b.attempt(t); seen[job.ID] == nil {
			seen[job.ID] = job
		}
	}
	for id, i := range ids {
		t.Run(tests[i].name, func(t *testing.T) {
			t.Parallel()
			got, want := endingOf(seen[id]), tests[i].want
			if diff := cmp.Diff(ending{State: want.State, Attempt: want.Attempt, Errors: want.Errors}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want.Latest == 0 {
				return
			}
			// An attempt took place after start, and was over before it was seen.
			earliest, latest := start.Add(want.Earliest), time.Now().Add(want.Latest)
			if at := seen[id].ScheduledAt; at.Before(earliest.Truncate(time.Microsecond)) || at.After(latest) {
				t.Errorf("it runs again at %s, want %s to %s", at, earliest, latest)
			}
		})
	}
}

func endingOf(job *rivertype.JobRow) ending {
	return ending{State: job.State, Attempt: job.Attempt, Errors: len(job.Errors)}
}

// Ensure a refusal of an account stops what was refused, and nothing else.
func TestOutcomesPauseAccounts(t *testing.T) {
	t.Parallel()
	const humans = -1 // until a human lifts it
	denied := func(status int) *integrations.Error {
		return &integrations.Error{Operation: "start chat", Kind: integrations.Denied, Scope: integrations.ScopeAccount, Status: status}
	}
	limited := func(operation string, after time.Duration) *integrations.Error {
		return &integrations.Error{
			Operation: operation, Kind: integrations.Limited, Scope: integrations.ScopeAccount,
			Type: "errors/limit_exceeded", RetryAfter: after,
		}
	}
	type pause struct {
		Action, Reason string
		Lasts          time.Duration
	}
	for name, test := range map[string]struct {
		queue string
		err   *integrations.Error
		want  []pause
	}{
		"session is over":      {Messages, denied(401), []pause{{"everything", "status 401", humans}}},
		"account is unknown":   {Messages, denied(404), []pause{{"everything", "status 404", unknownAccountWait}}},
		"first DMs":            {Messages, limited("start chat", time.Hour), []pause{{"first_dm", "errors/limit_exceeded", time.Hour}}},
		"answers":              {Messages, limited("send message", time.Hour), []pause{{"answer", "errors/limit_exceeded", time.Hour}}},
		"polls":                {Polls, limited("list comments", time.Hour), []pause{{"polls", "errors/limit_exceeded", time.Hour}}},
		"limit without number": {Polls, limited("list comments", 0), []pause{{"polls", "errors/limit_exceeded", limitedFloor}}},
		"reads of messages":    {Inbox, limited("list messages", time.Hour), nil},
		"one target": {Messages, &integrations.Error{
			Operation: "start chat", Kind: integrations.Limited, Scope: integrations.ScopeTarget, RetryAfter: time.Hour,
		}, nil},
		"the whole service": {Messages, &integrations.Error{Kind: integrations.Denied, Scope: integrations.ScopeService}, nil},
		"a passing failure": {Messages, &integrations.Error{Kind: integrations.Temporary, Scope: integrations.ScopeAccount}, nil},
		"a rejected target": {Messages, &integrations.Error{Kind: integrations.Rejected, Scope: integrations.ScopeAccount}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const accountID = "Jq3vT0m2QpyXh7KcWz9LrA"
			test.err.Service, test.err.AccountID = "unipile", accountID
			start := time.Now()
			b := newBench(t, nil, Tuning{}, nil, func(context.Context, *river.Job[tryArgs]) error {
				// As jobs do that write it to their row.
				return &Recorded{Err: fmt.Errorf("work: %w", test.err)}
			})
			b.insert(t, 1, &river.InsertOpts{Queue: test.queue})
			b.attempt(t)
			account := accountID
			pauses, err := store.New().PauseListActive(t.Context(), b.pool, &account)
			if err != nil {
				t.Fatal(err)
			}
			var got []pause
			for i, p := range pauses {
				lasts := time.Duration(humans)
				if p.Until != nil {
					// It began after start, and is not over.
					lasts = test.want[min(i, len(test.want)-1)].Lasts
					if p.Until.Before(start.Add(lasts).Truncate(time.Microsecond)) || p.Until.After(time.Now().Add(lasts)) {
						lasts = p.Until.Sub(start)
					}
				}
				got = append(got, pause{p.Action, p.Reason, lasts})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if lines := b.logs.lines(t, "account paused"); len(lines) != len(test.want) {
				t.Errorf("%d lines tell of a pause, want %d", len(lines), len(test.want))
			}
		})
	}
}

// Ensure the schedule of a kind is walked by failures alone: waiting for one's turn
// is no step of it.
func TestOutcomesSchedule(t *testing.T) {
	t.Parallel()
	steps := []error{errors.New("first failure"), &NotYet{Until: time.Now(), Reason: "limit"}, errors.New("second failure")}
	b := newBench(t, nil, Tuning{}, Schedule{time.Millisecond, time.Hour, 24 * time.Hour}, func(context.Context, *river.Job[tryArgs]) error {
		err := steps[0]
		steps = steps[1:]
		return err
	})
	b.insert(t, 1, nil)
	for i, want := range []ending{
		{State: rivertype.JobStateAvailable, Attempt: 1, Errors: 1},
		{State: rivertype.JobStateAvailable, Attempt: 1, Errors: 1},
		{State: rivertype.JobStateRetryable, Attempt: 2, Errors: 2},
	} {
		started := time.Now()
		job := b.attempt(t)
		if diff := cmp.Diff(want, endingOf(job)); diff != "" {
			t.Fatalf("attempt %d (-want +got):\n%s", i+1, diff)
		}
		if at := job.ScheduledAt; i == 2 && (at.Before(started.Add(48*time.Minute)) || at.After(time.Now().Add(72*time.Minute))) {
			t.Errorf("the third try is at %s, want an hour ± 20 %% from %s", at, started)
		}
	}
}

// Ensure the last attempt ends a job with its error kept, and leaves nothing behind
// in memory that only a further try would take away.
func TestOutcomesDiscard(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, Tuning{}, nil, func(context.Context, *river.Job[tryArgs]) error {
		return &RetryAt{Err: errors.New("deliver webhook 1: 503"), At: time.Now().Add(time.Hour)}
	})
	b.insert(t, 1, &river.InsertOpts{MaxAttempts: 1})
	job := b.attempt(t)
	if diff := cmp.Diff(ending{State: rivertype.JobStateDiscarded, Attempt: 1, Errors: 1}, endingOf(job)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := job.Errors[0].Error; got != "deliver webhook 1: 503" {
		t.Errorf("the error kept is %q", got)
	}
	b.outcomes.retryAt.Range(func(id, at any) bool {
		t.Errorf("the time %s of job %d is kept for ever", at, id)
		return true
	})
}

// Ensure a stop costs no attempt: a job cut short goes back as it was, and one that
// came to an end of its own meanwhile is judged by that.
func TestOutcomesStop(t *testing.T) {
	t.Parallel()
	vendor := func(kind integrations.Kind, cause error) error {
		return &integrations.Error{
			Service: "unipile", Operation: "start chat", AccountID: "account", Kind: kind,
			Scope: integrations.ScopeAccount, Type: "canceled", RetryAfter: time.Hour, Err: cause,
		}
	}
	until := time.Now().Add(time.Hour)
	putBack := ending{State: rivertype.JobStateAvailable}
	for name, test := range map[string]struct {
		err    func(ctx context.Context) error
		want   ending
		pauses int
	}{
		"cut short": {context.Context.Err, putBack, 0},
		"exchange cut short": {
			func(ctx context.Context) error { return vendor(integrations.Temporary, ctx.Err()) }, putBack, 0,
		},
		"cut short, and its row has a time": {
			func(ctx context.Context) error { return &RetryAt{Err: ctx.Err(), At: until} }, putBack, 0,
		},
		"not its turn": {
			func(context.Context) error { return &NotYet{Until: until, Reason: "limit"} },
			ending{State: rivertype.JobStateScheduled}, 0,
		},
		"limited": {
			func(context.Context) error { return vendor(integrations.Limited, nil) },
			ending{State: rivertype.JobStateScheduled}, 1,
		},
		"rejected": {
			func(context.Context) error { return vendor(integrations.Rejected, nil) },
			ending{State: rivertype.JobStateCancelled, Attempt: 1, Errors: 1}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			running := make(chan struct{})
			// Put back while the client still fetches, it may begin a second time.
			begun := sync.OnceFunc(func() { close(running) })
			b := newBench(t, nil, Tuning{SoftStopTimeout: time.Millisecond}, nil, func(ctx context.Context, _ *river.Job[tryArgs]) error {
				begun()
				<-ctx.Done()
				return test.err(ctx)
			})
			id := b.insert(t, 1, nil)
			receive(t, "the job to run", running)
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			if err := b.client.Stop(ctx); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, endingOf(b.get(t, id))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			account := "account"
			pauses, err := store.New().PauseListActive(t.Context(), b.pool, &account)
			if err != nil || len(pauses) != test.pauses {
				t.Errorf("%d pauses (%v), want %d", len(pauses), err, test.pauses)
			}
		})
	}
}

// Ensure a panic is a failed attempt like another, recorded with its trace.
func TestOutcomesPanic(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, Tuning{}, nil, func(context.Context, *river.Job[tryArgs]) error {
		return blowUp()
	})
	b.insert(t, 1, nil)
	job := b.attempt(t)
	if diff := cmp.Diff(ending{State: rivertype.JobStateAvailable, Attempt: 1, Errors: 1}, endingOf(job)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if got := job.Errors[0]; got.Error != "nobody expected this" || !strings.Contains(got.Trace, "blowUp") {
		t.Errorf("recorded %q with the trace\n%s", got.Error, got.Trace)
	}
}

func blowUp() error { panic("nobody expected this") }
