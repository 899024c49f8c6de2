package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrLeaseLost is the cause of what ends because this process was silent for so
// long that others may have taken over its work.
var ErrLeaseLost = errors.New("this worker lost its lease: it was silent for too long, and others may have taken over its work")

const (
	// How long a heartbeat lets the process act. It ends before others judge the
	// process dead, whose clock starts when the beat reaches the database.
	leaseFor = silentFor - 2*time.Second
	// How often the lease of running attempts is looked at.
	leaseLook = 250 * time.Millisecond
)

// Lease says whether this process may still act. Each heartbeat renews it. A process
// that was frozen, suspended or cut off from the database finds it over before it
// does anything that cannot be taken back.
type Lease struct {
	instance string

	mu      sync.Mutex
	beat    moment          // start of the last heartbeat that got through
	held    context.Context //nolint:containedctx // ends with the lease; those of attempts follow it
	revoke  context.CancelCauseFunc
	renewed chan struct{} // closed when a lost lease is held again
	now     func() moment
}

// moment is one time by two clocks: the monotonic one stands still while a virtual
// machine is suspended, and the wall clock may be set back.
type moment struct{ monotonic, wall time.Time }

func now() moment {
	t := time.Now()
	return moment{t, t.Round(0)}
}

// since is how much time passed by the clock that saw more of it.
func (m moment) since(earlier moment) time.Duration {
	return max(m.monotonic.Sub(earlier.monotonic), m.wall.Sub(earlier.wall))
}

// NewLease returns one for the instance of this id, not held until it is renewed.
func NewLease(instance string) *Lease {
	l := &Lease{instance: instance, now: now, renewed: make(chan struct{})}
	l.held, l.revoke = context.WithCancelCause(context.Background())
	l.revoke(ErrLeaseLost)
	return l
}

// Check returns [ErrLeaseLost] when the last heartbeat is too old.
func (l *Lease) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.check()
}

func (l *Lease) check() error {
	if l.beat.wall.IsZero() || l.now().since(l.beat) >= leaseFor {
		l.revoke(ErrLeaseLost)
		return ErrLeaseLost
	}
	return nil
}

// renew extends the lease from the start of a heartbeat that got through.
func (l *Lease) renew(beat moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.check() // what began before a gap ends, although the lease is held again
	l.beat = beat
	if l.held.Err() != nil {
		l.held, l.revoke = context.WithCancelCause(context.Background())
		close(l.renewed)
		l.renewed = make(chan struct{})
	}
}

// watch ends the running attempts when the lease is lost.
func (l *Lease) watch(ctx context.Context) {
	look := time.NewTicker(leaseLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			_ = l.Check()
		}
	}
}

// await returns when the lease is held, or ctx ended.
func (l *Lease) await(ctx context.Context) error {
	for {
		l.mu.Lock()
		lost, renewed := l.check(), l.renewed
		l.mu.Unlock()
		if lost == nil {
			return nil
		}
		select {
		case <-renewed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// guard runs an attempt under the lease. It neither begins nor ends without: River
// cannot tell two attempts at a job apart, so what a process that was taken over
// reports would count for the attempt that runs elsewhere. Such a process stays
// here until it ends. One that only lost the database for a while goes on.
func (l *Lease) guard(ctx context.Context, work func(context.Context) error) error {
	if err := l.await(ctx); err != nil {
		return err
	}
	defer func() { _ = l.await(ctx) }() // after a panic too
	attempt, release := l.attach(ctx)
	defer release()
	err := work(attempt)
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(attempt), ErrLeaseLost) {
		err = fmt.Errorf("%w: %w", ErrLeaseLost, err)
	}
	if errors.Is(err, ErrLeaseLost) {
		return snooze(0, err) // no fault of the job: it costs no attempt
	}
	return err
}

// attach gives an attempt the lease: its context ends with it.
func (l *Lease) attach(ctx context.Context) (context.Context, context.CancelFunc) {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, leaseKey{}, l))
	stop := context.AfterFunc(held, func() { cancel(ErrLeaseLost) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

type leaseKey struct{}

// CheckLease returns [ErrLeaseLost] when the process that runs this attempt may no
// longer act. Jobs ask right before a step that cannot be taken back.
func CheckLease(ctx context.Context) error {
	if l, ok := ctx.Value(leaseKey{}).(*Lease); ok {
		return l.Check()
	}
	return nil // no worker process: a test of one job
}

// InstanceOf is the id of the process that runs this attempt, as [Instance] lists it;
// empty without a lease.
func InstanceOf(ctx context.Context) string {
	if l, ok := ctx.Value(leaseKey{}).(*Lease); ok {
		return l.instance
	}
	return ""
}
