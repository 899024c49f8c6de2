package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/store"
)

// attempts writes one log line and one metric an attempt. It stands outside
// Outcomes, so it sees what River is told.
type attempts struct {
	river.MiddlewareDefaults

	logger  *slog.Logger
	metrics *Metrics
	lease   *Lease  // may be nil
	clock   *Clock  // may be nil
	vitals  *Vitals // may be nil
}

// Work runs the attempt and reports it, a panic too.
func (a *attempts) Work(ctx context.Context, job *rivertype.JobRow, doInner func(context.Context) error) (err error) {
	ctx, start := WithClock(store.WithShare(ctx, job.Queue), a.clock), time.Now()
	defer a.vitals.begin(job.Queue, job.ID)()
	defer func() {
		panicked := recover()
		if panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
		a.report(ctx, job, time.Since(start), err)
		if panicked != nil {
			panic(panicked) // River records the trace
		}
	}()
	if a.lease != nil {
		return a.lease.guard(ctx, doInner)
	}
	return doInner(ctx)
}

func (a *attempts) report(ctx context.Context, job *rivertype.JobRow, took time.Duration, err error) {
	outcome := outcomeOf(ctx, job, err)
	a.metrics.Attempts.WithLabelValues(job.Kind, outcome).Inc()
	a.metrics.Durations.WithLabelValues(job.Kind).Observe(took.Seconds())

	level := slog.LevelInfo
	switch {
	case outcome == "completed" && job.Queue == Sweeps:
		level = slog.LevelDebug // they run all the time and mostly find nothing
	case outcome == "failed" || outcome == "cancelled":
		level = slog.LevelWarn
	case outcome == "discarded":
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("kind", job.Kind),
		slog.Int64("job", job.ID),
		slog.Any("args", json.RawMessage(job.EncodedArgs)), // ids only, by rule
		slog.Int("attempt", job.Attempt),
		slog.Int("max_attempts", job.MaxAttempts),
		slog.String("outcome", outcome),
		slog.Duration("took", took.Round(time.Microsecond)),
	}
	if snooze, ok := errors.AsType[*river.JobSnoozeError](err); ok {
		attrs = append(attrs, slog.Duration("wait", snooze.Duration.Round(time.Millisecond)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", oneLine(err)))
	}
	if vendor := integrations.As(err); vendor != nil {
		attrs = append(attrs, slog.String("error_kind", vendor.Kind.String()))
	}
	a.logger.LogAttrs(ctx, level, "job attempt", attrs...)
}

// oneLine is what went wrong, without River's words for what becomes of it.
func oneLine(err error) string {
	text := err.Error()
	if snooze, ok := errors.AsType[*river.JobSnoozeError](err); ok {
		text = strings.TrimPrefix(text, snooze.Error()+": ")
	} else if cancel, ok := errors.AsType[*river.JobCancelError](err); ok {
		text = cancel.Unwrap().Error()
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// outcomes an attempt can have; the metric starts at zero for each.
func outcomes() []string {
	return []string{"completed", "waiting", "failed", "cancelled", "discarded", "interrupted"}
}

func outcomeOf(ctx context.Context, job *rivertype.JobRow, err error) string {
	if err == nil {
		return "completed"
	}
	if cancelledRemotely(ctx) {
		return "cancelled"
	}
	if interrupted(ctx, err) || errors.Is(err, ErrLeaseLost) {
		return "interrupted"
	}
	if _, ok := errors.AsType[*river.JobSnoozeError](err); ok {
		return "waiting"
	}
	if _, ok := errors.AsType[*river.JobCancelError](err); ok {
		return "cancelled"
	}
	if job.Attempt >= job.MaxAttempts {
		return "discarded"
	}
	return "failed"
}
