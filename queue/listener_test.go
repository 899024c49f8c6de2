package queue

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store/storetest"
)

// listening runs a listener until the returned function is called, which waits for
// its end. Both tables wake at the connection; the test has seen that.
func listening(t *testing.T, l *Listener, woken ...<-chan struct{}) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { l.Run(ctx) })
	stop = func() {
		cancel()
		wg.Wait()
	}
	t.Cleanup(stop)
	for _, table := range woken {
		receive(t, "the wake at the connection", table)
	}
	return stop
}

// waker makes a function that tells when it was woken.
func waker() (woken chan struct{}, wake func(context.Context) error) {
	woken = make(chan struct{}, 100)
	return woken, func(context.Context) error {
		woken <- struct{}{}
		return nil
	}
}

func notify(t *testing.T, pool *pgxpool.Pool, table string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), "SELECT pg_notify('workers_rows', $1)", table); err != nil {
		t.Fatal(err)
	}
}

// Ensure a notification wakes its table, once, and no other.
func TestListenerWakes(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	leads, wakeLeads := waker()
	posts, wakePosts := waker()
	l := &Listener{
		Pool: pool, Logger: slog.New(slog.DiscardHandler),
		Wake: map[string]func(context.Context) error{"leads": wakeLeads, "posts": wakePosts},
	}
	stop := listening(t, l, leads, posts)
	for range 3 {
		notify(t, pool, "leads")
		receive(t, "leads to wake", leads)
		notify(t, pool, "a table of somebody else")
	}
	notify(t, pool, "posts")
	receive(t, "posts to wake", posts)
	stop()
	if len(leads)+len(posts) != 0 {
		t.Errorf("woken %d and %d times more than rows came", len(leads), len(posts))
	}
}

// Ensure rows that come while a sweep runs cause one more run, however many come:
// none is missed, and sweeps of a table never overlap.
func TestListenerRunsOnceMore(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	posts, wakePosts := waker()
	leads := make(chan struct{}, 100)
	release := make(chan struct{}, 100)
	var running, overlaps atomic.Int32
	l := &Listener{
		Pool: pool, Logger: slog.New(slog.DiscardHandler),
		Wake: map[string]func(context.Context) error{
			"posts": wakePosts,
			"leads": func(ctx context.Context) error {
				if running.Add(1) > 1 {
					overlaps.Add(1)
				}
				defer running.Add(-1)
				leads <- struct{}{}
				return wait(ctx, release)
			},
		},
	}
	stop := listening(t, l, posts, leads) // leads now runs, and is held
	for range 5 {
		notify(t, pool, "leads")
	}
	notify(t, pool, "posts")
	receive(t, "posts, which were told of after all leads", posts)
	release <- struct{}{}
	receive(t, "the run for the five", leads)
	release <- struct{}{}
	notify(t, pool, "leads")
	receive(t, "the run for the row that came after them", leads)
	release <- struct{}{}
	stop()
	if len(leads) != 0 || overlaps.Load() != 0 {
		t.Errorf("%d runs too many, %d overlapped", len(leads), overlaps.Load())
	}
}

// Ensure a sweep that fails is told of, and does not end the listening.
func TestListenerGoesOnAfterFailure(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	var l logs
	leads := make(chan struct{}, 100)
	listener := &Listener{
		Pool: pool, Logger: newJSONLogger(&l),
		Wake: map[string]func(context.Context) error{"leads": func(context.Context) error {
			leads <- struct{}{}
			return errors.New("no database")
		}},
	}
	stop := listening(t, listener, leads)
	notify(t, pool, "leads")
	receive(t, "leads to wake again", leads)
	stop()
	lines := l.lines(t, "sweep after notification failed; the periodic one follows")
	// The second may have ended after the stop, and is then of no interest.
	if len(lines) == 0 || lines[0]["table"] != "leads" || lines[0]["error"] != "no database" || lines[0]["level"] != "WARN" {
		t.Errorf("the log tells %v", lines)
	}
}

// Ensure a lost connection is told of and replaced, and every table is then looked
// at, since nobody told of rows that came meanwhile.
func TestListenerReconnects(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		silence time.Duration
		lose    func(ctx context.Context, pool *pgxpool.Pool, network *wire) error
	}{
		"terminated by the server": {time.Hour, func(ctx context.Context, pool *pgxpool.Pool, _ *wire) error {
			var ended bool
			return pool.QueryRow(ctx, `SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE datname = current_database() AND query = 'LISTEN workers_rows'`).Scan(&ended)
		}},
		"dead without a word": {50 * time.Millisecond, func(_ context.Context, _ *pgxpool.Pool, network *wire) error {
			network.swallow()
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			network := newWire(t, pool)
			leads, wakeLeads := waker()
			posts, wakePosts := waker()
			var l logs
			listener := &Listener{
				Pool: network.pool, Logger: newJSONLogger(&l), Reconnect: time.Millisecond, Silence: test.silence,
				Wake: map[string]func(context.Context) error{"leads": wakeLeads, "posts": wakePosts},
			}
			listening(t, listener, leads, posts)
			if err := test.lose(t.Context(), pool, network); err != nil {
				t.Fatal(err)
			}
			receive(t, "leads after the loss", leads)
			receive(t, "posts after the loss", posts)
			if lines := l.lines(t, "row listener lost its connection; periodic sweeps go on"); len(lines) == 0 {
				t.Error("the log does not tell of the loss")
			}
			notify(t, pool, "leads")
			receive(t, "leads on the new connection", leads)
		})
	}
}

// Ensure a connection on which nothing happens is kept.
func TestListenerKeepsQuietConnection(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	leads, wake := waker()
	var l logs
	listener := &Listener{
		Pool: pool, Logger: newJSONLogger(&l), Silence: time.Millisecond,
		Wake: map[string]func(context.Context) error{"leads": wake},
	}
	stop := listening(t, listener, leads)
	asked := false
	for start := time.Now(); !asked && time.Since(start) < deadline; {
		err := pool.QueryRow(t.Context(), `SELECT count(*) > 0 FROM pg_stat_activity
			WHERE datname = current_database() AND query = '-- ping'`).Scan(&asked)
		if err != nil {
			t.Fatal(err)
		}
	}
	if !asked {
		t.Error("the connection was never asked whether it lives")
	}
	notify(t, pool, "leads")
	receive(t, "leads to wake", leads)
	stop()
	if lines := l.lines(t, "row listener lost its connection; periodic sweeps go on"); len(lines) != 0 || len(leads) != 0 {
		t.Errorf("it connected anew: %v", lines)
	}
}

// wire is a network that can die without a word, between a listener and Postgres.
type wire struct {
	pool *pgxpool.Pool // leads through it

	mu    sync.Mutex
	dead  *atomic.Bool // of the connections that are open
	conns []net.Conn
}

func newWire(t *testing.T, pool *pgxpool.Pool) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := pool.Config()
	server := net.JoinHostPort(config.ConnConfig.Host, strconv.Itoa(int(config.ConnConfig.Port)))
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	number, _ := strconv.Atoi(port)
	config.ConnConfig.Host, config.ConnConfig.Port = host, uint16(number)
	w := &wire{dead: &atomic.Bool{}}
	if w.pool, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			w.mu.Lock()
			backend, err := net.Dial("tcp", server)
			if err != nil {
				w.mu.Unlock()
				_ = client.Close()
				continue
			}
			dead := w.dead
			w.conns = append(w.conns, client, backend)
			w.mu.Unlock()
			wg.Go(func() { carry(backend, client, dead) })
			wg.Go(func() { carry(client, backend, dead) })
		}
	})
	t.Cleanup(func() {
		w.pool.Close()
		_ = listener.Close()
		w.mu.Lock()
		for _, conn := range w.conns {
			_ = conn.Close()
		}
		w.mu.Unlock()
		wg.Wait()
	})
	return w
}

// swallow lets everything vanish that is said on the connections open now.
func (w *wire) swallow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead.Store(true)
	w.dead = &atomic.Bool{}
}

func carry(to, from net.Conn, dead *atomic.Bool) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if dead.Load() && err == nil {
			continue
		}
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			_ = to.Close()
			return
		}
	}
}
