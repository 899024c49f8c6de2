package store

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Ensure that a kind of work that never gives a connection back leaves some for the next
// kind, whatever the size of the pool and however many kinds are stuck, and always some for
// what is no kind's; and that what comes back is there again.
func TestShares(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel() // who would have to wait gets nothing instead
	for size, want := range map[int32]struct{ first, second, atLeast int }{4: {2, 1, 0}, 20: {11, 4, 1}, 100: {54, 18, 1}} {
		s := newShares(size)
		var conns []*pgx.Conn
		take := func(kind string) (n int) {
			for {
				ctx := s.TraceAcquireStart(WithShare(ended, kind), nil, pgxpool.TraceAcquireStartData{})
				if ctx.Value(takenKey{}) == nil {
					return n
				}
				conn := &pgx.Conn{}
				s.TraceAcquireEnd(ctx, nil, pgxpool.TraceAcquireEndData{Conn: conn})
				conns = append(conns, conn)
				n++
			}
		}
		if n := take("webhooks"); n != want.first {
			t.Errorf("of %d the first kind has %d, want %d", size, n, want.first)
		}
		if n := take("polls"); n != want.second {
			t.Errorf("of %d the second kind has %d, want %d", size, n, want.second)
		}
		for _, kind := range []string{"messages"} {
			if n := take(kind); n < want.atLeast {
				t.Errorf("of %d %s has %d, want %d or more", size, kind, n, want.atLeast)
			}
		}
		if left := int(size) - len(conns); left < max(int(size)/5, 1) {
			t.Errorf("of %d %d are left for the queue itself, health and metrics", size, left)
		}
		ctx := s.TraceAcquireStart(ended, nil, pgxpool.TraceAcquireStartData{})
		if ctx != ended {
			t.Error("what is no kind's is counted")
		}
		for _, conn := range conns {
			s.TraceRelease(nil, pgxpool.TraceReleaseData{Conn: conn})
		}
		ctx = s.TraceAcquireStart(WithShare(t.Context(), "polls"), nil, pgxpool.TraceAcquireStartData{})
		s.TraceAcquireEnd(ctx, nil, pgxpool.TraceAcquireEndData{Err: context.Canceled}) // nobody to connect to
		if n := take("webhooks"); n != want.first {
			t.Errorf("of %d it has %d after all came back, want %d", size, n, want.first)
		}
	}
}
