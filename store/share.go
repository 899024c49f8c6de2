package store

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// WithShare marks what ctx does as the work of one kind, such as a queue, so that its
// connections count together: a kind whose statements all wait for a lock may hold some
// of the pool, but not what others need. What is not marked (the queue itself, health,
// metrics) is never made to wait here.
func WithShare(ctx context.Context, kind string) context.Context {
	return context.WithValue(ctx, shareKey{}, kind)
}

type shareKey struct{}

type takenKey struct{}

// shares divides the connections of a pool between kinds of work. A kind may hold twice as
// many as are free: alone two thirds, beside a second one as busy two fifths. So there are
// always some for one that comes, however many kinds there are. A fifth of the pool is
// for what is no kind's.
type shares struct {
	usable int

	mu      sync.Mutex
	total   int
	held    map[string]int
	holders map[*pgx.Conn]string
	changed chan struct{} // closed when a connection comes back
}

func newShares(connections int32) *shares {
	return &shares{
		usable: int(connections - max(connections/5, 1)), held: map[string]int{}, holders: map[*pgx.Conn]string{},
		changed: make(chan struct{}),
	}
}

// TraceAcquireStart implements pgxpool.AcquireTracer: it waits until the kind has room. When
// ctx ends before, the pool finds that itself and asks for no connection.
func (s *shares) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	kind, ok := ctx.Value(shareKey{}).(string)
	if !ok {
		return ctx
	}
	for {
		s.mu.Lock()
		if s.held[kind] < 2*(s.usable-s.total) {
			s.held[kind]++
			s.total++
			s.mu.Unlock()
			return context.WithValue(ctx, takenKey{}, kind)
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx
		}
	}
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (s *shares) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	kind, ok := ctx.Value(takenKey{}).(string)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if data.Err != nil {
		s.giveBack(kind)
		return
	}
	s.holders[data.Conn] = kind
}

// TraceRelease implements pgxpool.ReleaseTracer.
func (s *shares) TraceRelease(_ *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind, ok := s.holders[data.Conn]; ok {
		delete(s.holders, data.Conn)
		s.giveBack(kind)
	}
}

func (s *shares) giveBack(kind string) {
	s.held[kind]--
	s.total--
	close(s.changed)
	s.changed = make(chan struct{})
}

// TraceQueryStart implements pgx.QueryTracer, as whatever traces a pool must.
func (s *shares) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (s *shares) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
