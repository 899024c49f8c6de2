package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/store"
)

// Clock tells the database's time, by which everything is due. The clock of this machine
// may be wrong, and is used only to measure how much time has passed since the database
// told its own: with each heartbeat. Where a statement can decide by now(), it should;
// this is for what Go must compute, and for the times that River writes.
//
// It is never ahead of the database by more than a round trip, and behind only by what a
// round trip takes: what is written as due now is due at once.
type Clock struct {
	logger *slog.Logger

	mu     sync.Mutex
	anchor time.Time     // a reading of the monotonic clock
	base   time.Time     // the database's time at the anchor; zero: not measured yet
	offset time.Duration // by how much the machine's clock is ahead
	wrong  bool          // and that this was told
}

// ClockTolerance is by how much the machine's clock may differ before somebody is told.
const ClockTolerance = 2 * time.Second

// NewClock returns a clock that tells the machine's time until it is set, and reports
// on the way by how much the two differ. The logger and the registerer may be nil.
func NewClock(logger *slog.Logger, reg prometheus.Registerer) *Clock {
	c := &Clock{logger: logger}
	if reg != nil {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "workers_clock_offset_seconds",
			Help: "By how much the clock of this machine is ahead of the database's; negative: behind.",
		}, func() float64 { return c.Offset().Seconds() }))
	}
	return c
}

// Now is the database's time. A nil clock, as in a test of one job, tells the machine's.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.base.IsZero() {
		return time.Now()
	}
	return c.base.Add(time.Since(c.anchor))
}

// NowOrNil leaves it to the database where River lets it: with Now, this makes the clock
// a rivertype.TimeGenerator.
func (c *Clock) NowOrNil() *time.Time { return nil }

var _ rivertype.TimeGenerator = (*Clock)(nil)

// Offset is by how much the machine's clock was ahead when the two were last compared.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// Measure asks the database for its time.
func (c *Clock) Measure(ctx context.Context, db store.DBTX) error {
	asked := time.Now()
	told, err := store.New().ClockNow(ctx, db)
	if err != nil {
		return fmt.Errorf("ask the database for its time: %w", err)
	}
	_ = c.set(ctx, told, asked, time.Now())
	return nil
}

// set takes what the database told as its time between two moments, and reports whether
// its clock was set meanwhile.
func (c *Clock) set(ctx context.Context, told, asked, answered time.Time) (stepped bool) {
	told = told.Round(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	// The answer was under way for an unknown part of the time. An earlier measurement
	// that says less about that stays, as long as the new one does not contradict it.
	behind, ahead := told, told.Add(answered.Sub(asked))
	if known := c.base.Add(answered.Sub(c.anchor)); known.Before(behind) || known.After(ahead) {
		stepped = !c.base.IsZero() && (behind.Sub(known) > ClockTolerance || known.Sub(ahead) > ClockTolerance)
		c.anchor, c.base = answered, told
	}
	middle := asked.Add(answered.Sub(asked) / 2)
	c.offset = middle.Round(0).Sub(told)
	c.tell(ctx, c.offset.Abs()-answered.Sub(asked)/2 > ClockTolerance)
	return stepped
}

// tell says once that the clocks differ, and once that they do no longer.
func (c *Clock) tell(ctx context.Context, wrong bool) {
	if wrong == c.wrong || c.logger == nil {
		return
	}
	c.wrong = wrong
	if !wrong {
		c.logger.InfoContext(ctx, "the clock of this machine agrees with the database's again")
		return
	}
	c.logger.WarnContext(ctx, "the clock of this machine is wrong: work goes by the database's. "+ClockAdvice,
		"ahead", c.offset.Round(time.Millisecond))
}

// ClockAdvice is what to do about a clock that is wrong.
const ClockAdvice = "Let chrony or systemd-timesyncd set the clocks of this machine and of the database's"

type clockKey struct{}

// WithClock lets [Now] tell this clock's time.
func WithClock(ctx context.Context, c *Clock) context.Context {
	return context.WithValue(ctx, clockKey{}, c)
}

// Now is the database's time for what runs in a worker process: each attempt, each sweep
// and each request has the clock in its context. Elsewhere, as in a test of one job, it
// is the machine's.
func Now(ctx context.Context) time.Time {
	c, _ := ctx.Value(clockKey{}).(*Clock)
	return c.Now()
}

// SetClock measures the clock of ctx, for commands: no heartbeat sets theirs.
func SetClock(ctx context.Context, db store.DBTX) error {
	if c, ok := ctx.Value(clockKey{}).(*Clock); ok {
		return c.Measure(ctx, db)
	}
	return nil
}

// Later is the later of two times.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Earlier is the earlier of two times.
func Earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
