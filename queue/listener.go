package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rowsChannel carries the name of a table that got rows to handle; triggers of
// the migrations send it.
const rowsChannel = "workers_rows"

// Listener wakes a function when producers wrote rows into its table, so that a
// row is picked up at once instead of at the next periodic sweep.
type Listener struct {
	Pool   *pgxpool.Pool
	Logger *slog.Logger
	// Wake is called by table name. Calls of one table never overlap, and rows
	// that come while it runs make it run once more.
	Wake map[string]func(context.Context) error
	// Reconnect is the pause after a lost connection, default 1 s.
	Reconnect time.Duration
	// Silence is how long a connection may say nothing before it is asked whether
	// it lives, default 30 s. One that died without a word wakes nobody.
	Silence time.Duration
}

// pingTimeout is more than a server that lives needs for nothing.
const pingTimeout = 5 * time.Second

// Run listens until ctx ends. After each (re)connection every table is woken,
// since rows may have come meanwhile.
func (l *Listener) Run(ctx context.Context) {
	pending := make(map[string]chan struct{}, len(l.Wake))
	var wg sync.WaitGroup
	defer wg.Wait()
	for table, wake := range l.Wake {
		signal := make(chan struct{}, 1)
		pending[table] = signal
		wg.Go(func() { l.serve(ctx, table, signal, wake) })
	}
	for ctx.Err() == nil {
		err := l.listen(ctx, pending)
		if ctx.Err() != nil {
			return
		}
		l.Logger.WarnContext(ctx, "row listener lost its connection; periodic sweeps go on", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(cmp.Or(l.Reconnect, time.Second)):
		}
	}
}

func (l *Listener) listen(ctx context.Context, pending map[string]chan struct{}) error {
	// A connection of its own: one that waits for notifications is of no use to
	// the pool, and one that listens must not go back to it.
	conn, err := pgx.ConnectConfig(ctx, l.Pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+rowsChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for _, signal := range pending {
		poke(signal)
	}
	for {
		n, err := l.next(ctx, conn)
		if err != nil {
			return fmt.Errorf("wait for notification: %w", err)
		}
		if signal, ok := pending[n.Payload]; ok {
			poke(signal)
		}
	}
}

// next waits for a notification on a connection that lives.
func (l *Listener) next(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	silence := cmp.Or(l.Silence, 30*time.Second)
	for {
		wait, cancel := context.WithTimeout(ctx, silence)
		n, err := conn.WaitForNotification(wait)
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return n, err
		}
		ping, cancel := context.WithTimeout(ctx, pingTimeout)
		err = conn.Ping(ping)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("after silence: %w", err)
		}
	}
}

func (l *Listener) serve(ctx context.Context, table string, signal <-chan struct{}, wake func(context.Context) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signal:
		}
		if err := wake(ctx); err != nil && ctx.Err() == nil {
			l.Logger.WarnContext(ctx, "sweep after notification failed; the periodic one follows", "table", table, "error", err)
		}
	}
}

// poke leaves one mark: a hundred notifications while a sweep runs are one more sweep.
func poke(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}
