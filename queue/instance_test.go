package queue

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure what a silent process was running is taken up at once, and what a living
// one or a process that said good-bye runs is left alone.
func TestInstanceTakesUpWorkOfTheDead(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	var l logs
	instance := func(id string) *Instance { return &Instance{ID: id, Pool: pool, Logger: newJSONLogger(&l)} }
	for _, id := range []string{"dead", "alive"} {
		if err := instance(id).Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	execSQL(t, pool, "UPDATE workers.instances SET beat_at = now() - interval '11 s' WHERE id = 'dead'")
	execSQL(t, pool, "UPDATE workers.instances SET steady_since = now() - interval '11 s' WHERE id = 'alive'")
	execSQL(t, pool, `INSERT INTO workers.river_leader (name, leader_id, elected_at, expires_at)
		VALUES ('default', 'dead', now(), now() + interval '15 s')`)
	execSQL(t, pool, `INSERT INTO workers.river_job (args, kind, queue, state, attempt, attempted_at, attempted_by, max_attempts)
		SELECT jsonb_build_object('by', attempted_by), 'try', 'email', 'running', 2, now(), attempted_by, 5
		FROM (VALUES ('{dead}'::text[]), ('{alive,dead}'), ('{dead,alive}'), ('{unknown}')) AS v (attempted_by)`)

	if err := instance("alive").Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := pool.Query(t.Context(), "SELECT array_to_string(attempted_by, ','), state::text, attempt FROM workers.river_job")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for rows.Next() {
		var by, state string
		var attempt int
		if err := rows.Scan(&by, &state, &attempt); err != nil {
			t.Fatal(err)
		}
		if attempt != 2 {
			t.Errorf("the job of %s counts %d attempts, want 2", by, attempt)
		}
		got[by] = state
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	const available, running = string(rivertype.JobStateAvailable), string(rivertype.JobStateRunning)
	want := map[string]string{"dead": available, "alive,dead": available, "dead,alive": running, "unknown": running}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs by who attempted them (-want +got):\n%s", diff)
	}
	if got := instances(t, pool); !cmp.Equal(got, []string{"alive"}) {
		t.Errorf("the list holds %v", got)
	}
	var leaders int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM workers.river_leader").Scan(&leaders); err != nil || leaders != 0 {
		t.Errorf("%d leaders are left (%v)", leaders, err)
	}
	if lines := l.lines(t, "took up the work of a dead worker"); len(lines) != 1 || lines[0]["instance"] != "dead" || lines[0]["jobs"] != 2.0 {
		t.Errorf("the log tells %v", lines)
	}
}

// Ensure what runs for longer than any job may is put back, although its worker lives, and
// discarded where it has no attempt left; a row that somebody holds is left for later.
func TestInstanceTakesUpOverdueJobs(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	var l logs
	alive := &Instance{ID: "alive", Pool: pool, Logger: newJSONLogger(&l)}
	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	execSQL(t, pool, "UPDATE workers.instances SET steady_since = now() - interval '11 s'")
	execSQL(t, pool, `
		INSERT INTO workers.river_job (args, kind, queue, state, attempt, attempted_at, attempted_by, max_attempts)
		SELECT jsonb_build_object('row_id', v.row), 'try', 'email', 'running', v.attempt, now() - v.age::interval, '{alive}', 3
		FROM (VALUES (1, 1, '76 s'), (2, 3, '76 s'), (3, 1, '60 s'), (4, 1, '1 h')) AS v (row, attempt, age)`)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM workers.river_job WHERE args ->> 'row_id' = '4' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[int64]string{1: "available", 2: "discarded", 3: "running", 4: "running"}
	if diff := cmp.Diff(want, statesByRow(t, pool)); diff != "" {
		t.Errorf("jobs after the beat (-want +got):\n%s", diff)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines := l.lines(t, "took up jobs that ran for longer than any may"); len(lines) != 1 || lines[0]["jobs"] != 2.0 {
		t.Errorf("the log tells %v", lines)
	}
}

// Ensure a heartbeat tells the vitals where jobs wait that somebody should run: not those
// of a paused queue, nor those whose time has not come or has only just.
func TestInstanceLooksForOverdueJobs(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	execSQL(t, pool, `INSERT INTO workers.river_queue (name, updated_at, paused_at)
		SELECT v.name, now(), v.paused_at
		FROM (VALUES ('webhooks', NULL::timestamptz), ('email', now()), ('polls', NULL), ('inbox', NULL)) AS v (name, paused_at)`)
	execSQL(t, pool, `INSERT INTO workers.river_job (args, kind, queue, state, scheduled_at, max_attempts)
		SELECT '{}', 'try', v.queue, v.state::workers.river_job_state, now() + v.due::interval, 3
		FROM (VALUES ('webhooks', 'available', '-61 s'), ('email', 'available', '-1 h'), ('polls', 'available', '-50 s'),
			('inbox', 'scheduled', '-1 h')) AS v (queue, state, due)`)
	b := newVitalsBench()
	alive := &Instance{ID: "alive", Pool: pool, Vitals: b.Vitals, Logger: newJSONLogger(&logs{})}
	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, q := range b.queues {
		if waits := !q.overdue.IsZero(); waits != (name == Webhooks) {
			t.Errorf("queue %s: overdue %t", name, waits)
		}
	}
}

// Ensure that after an outage of the database, when everybody was silent, the first
// to come back does not take the others for dead.
func TestInstanceSparesOthersAfterOutage(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	first := &Instance{ID: "first", Pool: pool, Logger: newJSONLogger(&logs{})}
	other := &Instance{ID: "other", Pool: pool, Logger: newJSONLogger(&logs{})}
	for _, i := range []*Instance{first, other} {
		if err := i.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	execSQL(t, pool, "UPDATE workers.instances SET beat_at = now() - interval '1 min', steady_since = now() - interval '1 h'")
	if err := first.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := instances(t, pool); !cmp.Equal(got, []string{"first", "other"}) && !cmp.Equal(got, []string{"other", "first"}) {
		t.Errorf("the list holds %v, want both", got)
	}
}

// Ensure a process beats as long as it runs, and leaves the list at its end.
func TestInstanceRun(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	instance := &Instance{ID: "one", Pool: pool, Logger: newJSONLogger(&logs{})}
	if err := instance.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	execSQL(t, pool, "UPDATE workers.instances SET beat_at = now() - interval '5 s'")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := instance.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	for start, fresh := time.Now(), false; !fresh; {
		if err := pool.QueryRow(t.Context(), "SELECT beat_at > now() - interval '3 s' FROM workers.instances").Scan(&fresh); err != nil {
			t.Fatal(err)
		}
		if time.Since(start) > deadline {
			t.Fatal("it does not beat")
		}
	}
	cancel()
	receive(t, "the end", ended)
	if got := instances(t, pool); len(got) != 0 {
		t.Errorf("the list still holds %v", got)
	}
}

func instances(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	var ids []string
	if err := pool.QueryRow(t.Context(), "SELECT coalesce(array_agg(id), '{}') FROM workers.instances").Scan(&ids); err != nil {
		t.Fatal(err)
	}
	return ids
}

func execSQL(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
