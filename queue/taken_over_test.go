package queue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a process that was taken over hears of it and does not put itself back on
// the list, while its lease is over.
func TestInstanceHearsThatItWasTakenOver(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	frozen := &Instance{ID: "frozen", Pool: pool, Lease: NewLease("one"), Logger: newJSONLogger(&logs{})}
	alive := &Instance{ID: "alive", Pool: pool, Logger: frozen.Logger}
	for _, i := range []*Instance{frozen, alive} {
		if err := i.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := frozen.Lease.Check(); err != nil {
		t.Errorf("a process that beats has no lease: %v", err)
	}
	execSQL(t, pool, "UPDATE workers.instances SET beat_at = now() - interval '11 s' WHERE id = 'frozen'")
	execSQL(t, pool, "UPDATE workers.instances SET steady_since = now() - interval '11 s' WHERE id = 'alive'")
	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	frozen.last = moment{frozen.last.monotonic.Add(-12 * time.Second), frozen.last.wall.Add(-12 * time.Second)}
	frozen.Lease.beat = frozen.last

	ended := make(chan error, 1)
	go func() { ended <- frozen.Run(t.Context()) }()
	err := receive(t, "the end", ended)
	if !errors.Is(err, ErrTakenOver) || !strings.HasPrefix(err.Error(), "no heartbeat for 1") {
		t.Errorf("it ended by %v", err)
	}
	if err := frozen.Lease.Check(); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("its lease: %v", err)
	}
	if got := instances(t, pool); !cmp.Equal(got, []string{"alive"}) {
		t.Errorf("the list holds %v", got)
	}
}

// Ensure nobody ends because the database was away for all: every row is still there.
func TestInstanceOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	var all []*Instance
	for _, id := range []string{"one", "two", "three"} {
		i := &Instance{ID: id, Pool: pool, Lease: NewLease("one"), Logger: newJSONLogger(&logs{})}
		all = append(all, i)
		if err := i.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	execSQL(t, pool, "UPDATE workers.instances SET beat_at = now() - interval '1 min', steady_since = now() - interval '1 h'")
	for range 3 {
		for _, i := range all {
			if err := i.Beat(t.Context()); err != nil {
				t.Errorf("%s: %v", i.ID, err)
			}
		}
	}
}

// Ensure a process whose jobs hold every connection of their pool beats all the same,
// through a restart of the database too.
func TestInstanceBeatsOnItsOwnConnection(t *testing.T) {
	t.Parallel()
	jobs, err := store.Open(t.Context(), store.Options{
		URL: storetest.New(t).Config().ConnString(), Application: "busy", MaxConnections: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(jobs.Close)
	beats, err := OpenBeats(t.Context(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(beats.Close)
	var held []*pgxpool.Conn
	for range jobs.Config().MaxConns {
		c, err := jobs.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Release)
		held = append(held, c)
	}
	i := &Instance{ID: "busy", Pool: beats, Lease: NewLease("one"), Logger: newJSONLogger(&logs{})}
	if err := i.Beat(t.Context()); err != nil {
		t.Fatalf("all connections are busy: %v", err)
	}
	// What a restart of the server does to the connection.
	var cut bool
	err = held[0].QueryRow(t.Context(), `SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE application_name = 'busy' AND pid <> ALL ($1::int[])`,
		[]uint32{held[0].Conn().PgConn().PID(), held[1].Conn().PgConn().PID()}).Scan(&cut)
	if err != nil || !cut {
		t.Fatalf("the connection was not cut (%v)", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for i.Beat(ctx) != nil {
		if ctx.Err() != nil {
			t.Fatal("it does not come back")
		}
	}
}

// Ensure jobs that run for a process nobody lists are put back, but not those that
// it has only just begun.
func TestInstanceTakesUpStrays(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	alive := &Instance{ID: "alive", Pool: pool, Logger: newJSONLogger(&logs{})}
	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	execSQL(t, pool, "UPDATE workers.instances SET steady_since = now() - interval '11 s'")
	execSQL(t, pool, `INSERT INTO workers.river_job (args, kind, queue, state, attempt, attempted_at, attempted_by, max_attempts)
		SELECT jsonb_build_object('row_id', n), 'try', 'email', 'running', 2, now() - since, ids, 5
		FROM (VALUES (1, '{alive}'::text[], interval '1 min'), (2, '{alive,gone}', interval '11 s'),
		             (3, '{gone}', interval '9 s'), (4, '{gone,alive}', interval '1 min')) AS v (n, ids, since)`)
	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[int64]string{1: "running", 2: "available", 3: "running", 4: "running"}
	if diff := cmp.Diff(want, statesByRow(t, pool)); diff != "" {
		t.Errorf("jobs by row (-want +got):\n%s", diff)
	}
}

// Ensure a frozen process that has rows locked holds up nobody once it is taken over.
func TestInstanceEndsConnectionsOfTheDead(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	opened := func(id string) *Instance {
		own, err := store.Open(t.Context(), store.Options{
			URL: pool.Config().ConnString(), Application: Application(id), MaxConnections: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(own.Close)
		i := &Instance{ID: id, Pool: own, Logger: newJSONLogger(&logs{})}
		if err := i.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
		return i
	}
	frozen, alive, bystander := opened("frozen"), opened("alive"), opened("frozen too")
	execSQL(t, pool, `INSERT INTO workers.river_job (args, kind, queue, state, attempt, attempted_at, attempted_by, max_attempts)
		VALUES ('{"row_id": 1}', 'try', 'email', 'running', 1, now(), '{frozen}', 5)`)
	begin := func(i *Instance) pgx.Tx {
		tx, err := i.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
		return tx
	}
	locking := begin(frozen)
	if _, err := locking.Exec(t.Context(), "SELECT FROM workers.river_job FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	reading := begin(bystander)

	execSQL(t, pool, "UPDATE workers.instances SET beat_at = now() - interval '11 s' WHERE id = 'frozen'")
	execSQL(t, pool, "UPDATE workers.instances SET steady_since = now() - interval '11 s' WHERE id = 'alive'")
	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := statesByRow(t, pool); got[1] != "available" {
		t.Errorf("its job is %s", got[1])
	}
	if _, err := locking.Exec(t.Context(), "SELECT"); err == nil {
		t.Error("its transaction goes on")
	}
	if _, err := reading.Exec(t.Context(), "SELECT"); err != nil {
		t.Errorf("the transaction of another is cut: %v", err)
	}
}

// Ensure the others hear at once that the dead leader's place is free.
func TestInstanceAnnouncesTheFreePlace(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	execSQL(t, pool, `INSERT INTO workers.river_leader (name, leader_id, elected_at, expires_at)
		VALUES ('default', 'dead', now(), now() + interval '1 h')`)
	heard, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Release()
	if _, err := heard.Exec(t.Context(), `LISTEN "workers.river_leadership"`); err != nil {
		t.Fatal(err)
	}
	released, err := store.New().LeaderReleaseOf(t.Context(), pool, "dead")
	if err != nil || released != 1 {
		t.Fatalf("released %d (%v)", released, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	n, err := heard.Conn().WaitForNotification(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"leader_id" : "dead", "action" : "resigned"}`; n.Payload != want { // as River's own
		t.Errorf("they hear %s, want %s", n.Payload, want)
	}
}
