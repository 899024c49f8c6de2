package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/integrations"
)

// NotYet is returned by a job whose turn has not come: a limit is full, a gap
// must pass. The job waits until then; it costs no attempt.
type NotYet struct {
	Until  time.Time
	Reason string // a closed set, for the log
}

// Error says until when and why.
func (e *NotYet) Error() string {
	return fmt.Sprintf("not before %s: %s", e.Until.UTC().Format(time.RFC3339), e.Reason)
}

// Recorded wraps an error that is written to the row, which itself says when it
// is due again. The job ends, visible as cancelled with its error; the sweep
// gives the row a new one.
type Recorded struct {
	Err error
	// Limits is the action of the account that a limit stops, where the call alone
	// does not tell.
	Limits string
}

// Error is the error that was recorded.
func (e *Recorded) Error() string { return e.Err.Error() }

// Unwrap gives the error that was recorded.
func (e *Recorded) Unwrap() error { return e.Err }

// RetryAt wraps an error with the time of the next try, where the row and not
// the number of the attempt decides it.
type RetryAt struct {
	Err error
	At  time.Time
}

// Error is the error that is tried again.
func (e *RetryAt) Error() string { return e.Err.Error() }

// Unwrap gives the error that is tried again.
func (e *RetryAt) Unwrap() error { return e.Err }

// Pauser stops an action of an account, for all workers. An until of zero means
// until a human lifts it.
type Pauser interface {
	Pause(ctx context.Context, accountID, action, reason string, until time.Time) error
}

// Outcomes is the only place that decides what happens after an attempt: it
// turns what Work returned into a retry, a wait or an end, and stops accounts.
type Outcomes struct {
	river.MiddlewareDefaults

	Pauser    Pauser
	Schedules map[string]Schedule // by job kind
	Logger    *slog.Logger
	Clock     *Clock // of the client with these outcomes; nil: the machine's

	retryAt sync.Map // job id -> time.Time, from Work to NextRetry
}

const (
	// A vendor that says "wait" without a number gets at least this.
	limitedFloor = time.Minute
	// How often work that waits for a new API key looks whether it came.
	deniedWait = time.Minute
	// How long an account that Unipile does not know rests before it is asked for again.
	unknownAccountWait = 10 * time.Minute
)

// Work runs an attempt and maps its error.
func (o *Outcomes) Work(ctx context.Context, job *rivertype.JobRow, doInner func(context.Context) error) error {
	err := doInner(ctx)
	if err == nil || interrupted(ctx, err) {
		return err // River puts an interrupted job back without spending its attempt
	}
	vendor := integrations.As(err)
	recorded, isRecorded := errors.AsType[*Recorded](err)
	if vendor != nil {
		limits := ""
		if isRecorded {
			limits = recorded.Limits
		}
		o.pause(ctx, job, vendor, limits)
	}
	if notYet, ok := errors.AsType[*NotYet](err); ok {
		return snooze(max(notYet.Until.Sub(o.Clock.Now()), 0), notYet)
	}
	if isRecorded {
		return river.JobCancel(err)
	}
	if retry, ok := errors.AsType[*RetryAt](err); ok {
		// Without a next try River asks for no time, and it would stay here for ever.
		if job.Attempt < job.MaxAttempts && !cancelledRemotely(ctx) {
			o.retryAt.Store(job.ID, retry.At)
		}
		return err
	}
	if vendor == nil {
		return err
	}
	switch vendor.Kind {
	case integrations.Rejected:
		return river.JobCancel(err)
	case integrations.Limited:
		return snooze(jitter(max(vendor.RetryAfter, limitedFloor)), err)
	case integrations.Denied:
		if vendor.Scope == integrations.ScopeAccount {
			return river.JobCancel(err) // the row waits until the account is resumed
		}
		return snooze(jitter(deniedWait), err)
	default:
		return err
	}
}

// snooze lets the job wait without spending an attempt, and keeps the cause for the
// log: River itself drops it.
func snooze(wait time.Duration, cause error) error {
	return fmt.Errorf("%w: %w", river.JobSnooze(wait), cause)
}

// pause stops what the vendor refused for the whole account.
func (o *Outcomes) pause(ctx context.Context, job *rivertype.JobRow, e *integrations.Error, limits string) {
	if e.Scope != integrations.ScopeAccount || e.AccountID == "" {
		return
	}
	action, until := "", time.Time{}
	switch {
	case e.Kind == integrations.Denied && e.Status == 404:
		action, until = "everything", o.Clock.Now().Add(unknownAccountWait)
	case e.Kind == integrations.Denied:
		action = "everything"
	case e.Kind == integrations.Limited:
		action = cmp.Or(limits, limitedAction(job.Queue, e.Operation))
		until = o.Clock.Now().Add(max(e.RetryAfter, limitedFloor))
	}
	if action == "" {
		return
	}
	reason := cmp.Or(e.Type, fmt.Sprintf("status %d", e.Status))
	// The vendor has said it once; a stop must not make us forget it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := o.Pauser.Pause(ctx, e.AccountID, action, reason, until); err != nil {
		o.Logger.ErrorContext(ctx, "account could not be paused", "account", e.AccountID, "action", action, "error", err)
		return
	}
	end := "it is resumed"
	if !until.IsZero() {
		end = until.UTC().Format(time.RFC3339)
	}
	o.Logger.WarnContext(ctx, "account paused", "account", e.AccountID, "action", action, "reason", reason, "until", end)
}

// limitedAction is what a limit stops: reads of posts and the ways to write have
// separate quotas at LinkedIn. Reads of messages have none.
func limitedAction(queueName, operation string) string {
	switch {
	case queueName == Polls:
		return "polls"
	case operation == "start chat":
		return "first_dm"
	case operation == "send message":
		return "answer"
	case operation == "reply to comment":
		return "public_reply"
	case operation == "invite":
		return "invitation"
	default:
		return ""
	}
}

// NextRetry implements river.ClientRetryPolicy: the time that the job's row
// decided, else the schedule of its kind.
func (o *Outcomes) NextRetry(job *rivertype.JobRow) time.Time {
	if at, _ := o.retryAt.LoadAndDelete(job.ID); at != nil {
		// River replaces a time in the past by its own policy.
		return Later(at.(time.Time), o.Clock.Now().Add(time.Millisecond)) //nolint:forcetypeassert // nothing else is stored
	}
	schedule, ok := o.Schedules[job.Kind]
	if !ok {
		schedule = DefaultSchedule
	}
	// The failed attempt is not yet among job.Errors.
	return o.Clock.Now().Add(schedule.Wait(len(job.Errors) + 1))
}

// interrupted reports whether the client cut the attempt short to stop, by the
// rule that River has. The context of middleware has no timeout, so only a stop or
// a remote cancel ends it; a job that came to an end of its own all the same is
// judged by that.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && !cancelledRemotely(ctx) && errors.Is(err, context.Canceled)
}

// cancelledRemotely reports whether somebody cancelled the running job.
func cancelledRemotely(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely)
}

// jitter spreads waits by up to 20 %, so that a thousand jobs do not come back at
// once. It never shortens them: the vendor named the wait.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 + 0.2*rand.Float64()))
}
