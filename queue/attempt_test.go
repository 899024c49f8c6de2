package queue

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/integrations"
)

// Ensure each attempt is one line, at a level that says whether to look, with ids
// and nothing else of the job, and one count.
func TestAttempts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		queue   string
		last    bool // of the job's attempts
		work    func() error
		outcome string
		level   string
		extra   map[string]any // beside what every line has
	}{
		"success": {
			queue: Messages, work: func() error { return nil }, outcome: "completed", level: "INFO",
		},
		"sweep": {
			queue: Sweeps, work: func() error { return nil }, outcome: "completed", level: "DEBUG",
		},
		"failure": {
			queue: Messages, work: func() error { return errors.New("read row:\nno database") },
			outcome: "failed", level: "WARN", extra: map[string]any{"error": "read row: no database"},
		},
		"failed sweep": {
			queue: Sweeps, work: func() error { return errors.New("no database") },
			outcome: "failed", level: "WARN", extra: map[string]any{"error": "no database"},
		},
		"last failure": {
			queue: Messages, last: true, work: func() error { return errors.New("no database") },
			outcome: "discarded", level: "ERROR", extra: map[string]any{"error": "no database"},
		},
		"not its turn": {
			queue: Messages, last: true,
			work:    func() error { return &NotYet{Until: time.Unix(0, 0), Reason: "limit"} },
			outcome: "waiting", level: "INFO",
			extra: map[string]any{"wait": 0.0, "error": "not before 1970-01-01T00:00:00Z: limit"},
		},
		"rejected by a vendor": {
			queue: Email,
			work: func() error {
				return &integrations.Error{Service: "resend", Operation: "send email", Kind: integrations.Rejected, Status: 422}
			},
			outcome: "cancelled", level: "WARN",
			extra: map[string]any{"error": "resend send email: 422", "error_kind": "rejected"},
		},
		"panic": {
			queue: Messages, work: blowUp, outcome: "failed", level: "WARN",
			extra: map[string]any{"error": "panic: nobody expected this"},
		},
		"last panic": {
			queue: Messages, last: true, work: blowUp, outcome: "discarded", level: "ERROR",
			extra: map[string]any{"error": "panic: nobody expected this"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := true
			b := newBench(t, nil, Tuning{}, nil, func(context.Context, *river.Job[tryArgs]) error {
				if !first {
					return &NotYet{Until: time.Now().Add(time.Hour), Reason: "seen already"}
				}
				first = false
				return test.work()
			})
			opts := &river.InsertOpts{Queue: test.queue, MaxAttempts: 5}
			if test.last {
				opts.MaxAttempts = 1
			}
			id := b.insert(t, 42, opts)
			b.attempt(t)
			b.stop(t)

			lines := b.logs.lines(t, "job attempt")
			reported := 0.0 // attempts with this outcome, a later one that only waits too
			for _, line := range lines {
				if line["outcome"] == test.outcome {
					reported++
				}
			}
			lines = slices.DeleteFunc(lines, func(line map[string]any) bool {
				wait, _ := line["wait"].(float64)
				return wait > 0 // a later attempt that only waits
			})
			if len(lines) != 1 {
				t.Fatalf("%d lines, want one: %v", len(lines), lines)
			}
			line := lines[0]
			if took, ok := line["took"].(float64); !ok || took < 0 || took > float64(deadline) {
				t.Errorf("it took %v", line["took"])
			}
			delete(line, "took")
			delete(line, "time")
			want := map[string]any{
				"msg": "job attempt", "level": test.level, "kind": "try", "job": float64(id), "attempt": 1.0,
				"max_attempts": float64(opts.MaxAttempts), "outcome": test.outcome, "args": map[string]any{"row_id": 42.0},
			}
			maps.Copy(want, test.extra)
			if diff := cmp.Diff(want, line); diff != "" {
				t.Errorf("the line (-want +got):\n%s", diff)
			}
			if got := testutil.ToFloat64(b.metrics.Attempts.WithLabelValues("try", test.outcome)); got != reported || got < 1 {
				t.Errorf("%v attempts counted as %s, but %v lines", got, test.outcome, reported)
			}
		})
	}
}

// Ensure a job that a stop or somebody at the console cut short is told apart from
// one that failed.
func TestAttemptsCutShort(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cut     func(ctx context.Context, b *bench, id int64) error
		outcome string
		state   rivertype.JobState
	}{
		"by a stop": {
			func(ctx context.Context, b *bench, _ int64) error { return b.client.StopAndCancel(ctx) },
			"interrupted", rivertype.JobStateAvailable,
		},
		"by somebody": {
			func(ctx context.Context, b *bench, id int64) error {
				_, err := b.client.JobCancel(ctx, id)
				return err
			},
			"cancelled", rivertype.JobStateCancelled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			running := make(chan struct{})
			b := newBench(t, nil, Tuning{}, nil, func(ctx context.Context, _ *river.Job[tryArgs]) error {
				close(running)
				<-ctx.Done()
				return &RetryAt{Err: ctx.Err(), At: time.Now().Add(time.Hour)}
			})
			id := b.insert(t, 1, nil)
			receive(t, "the job to run", running)
			if err := test.cut(t.Context(), b, id); err != nil {
				t.Fatal(err)
			}
			if got := b.attempt(t).State; got != test.state {
				t.Errorf("the job is %s, want %s", got, test.state)
			}
			lines := b.logs.lines(t, "job attempt")
			if len(lines) != 1 || lines[0]["outcome"] != test.outcome {
				t.Errorf("the lines are %v, want one %s", lines, test.outcome)
			}
			if got := testutil.ToFloat64(b.metrics.Attempts.WithLabelValues("try", test.outcome)); got != 1 {
				t.Errorf("%v attempts counted as %s", got, test.outcome)
			}
			b.outcomes.retryAt.Range(func(id, at any) bool {
				t.Errorf("the time %s of job %d is kept for ever", at, id)
				return true
			})
		})
	}
}

// Ensure an alert can be written before the first failure: every series is there.
func TestMetricsStartAtZero(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	NewMetrics(registry, []string{"send_dm", "prune"})
	var want strings.Builder
	want.WriteString("# HELP workers_job_attempts_total Attempts at jobs, by kind and outcome.\n# TYPE workers_job_attempts_total counter\n")
	for _, kind := range []string{"prune", "send_dm"} {
		for _, outcome := range []string{"cancelled", "completed", "discarded", "failed", "interrupted", "waiting"} {
			want.WriteString(`workers_job_attempts_total{kind="` + kind + `",outcome="` + outcome + `"} 0` + "\n")
		}
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want.String()), "workers_job_attempts_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "workers_job_duration_seconds"); err != nil || n != 2 {
		t.Errorf("%d series of durations (%v), want 2", n, err)
	}
}

// Ensure River's own lines stay out of the log up to a warning, in groups too.
func TestRiverLogger(t *testing.T) {
	t.Parallel()
	var l logs
	logger := riverLogger(newJSONLogger(&l)).With("id", "one").WithGroup("group")
	logger.Info("River: job errored")
	logger.Warn("River: soft stop timeout", "jobs", 2)
	var line map[string]any
	if err := json.Unmarshal(l.b.Bytes(), &line); err != nil {
		t.Fatalf("%v of %q", err, l.b.String())
	}
	delete(line, "time")
	want := map[string]any{
		"msg": "River: soft stop timeout", "level": "WARN", "component": "river", "id": "one", "group": map[string]any{"jobs": 2.0},
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
