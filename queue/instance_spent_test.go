package queue

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure that a job which has used up its attempts, and may be what kills the
// workers, is not run again when its worker died, but discarded at once, so that its
// row can have another; one that has attempts left is run again.
func TestInstanceSparesTheOthersASpentJob(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	alive := &Instance{ID: "alive", Pool: pool, Logger: newJSONLogger(&logs{})}
	for _, i := range []*Instance{alive, {ID: "dead", Pool: pool, Logger: alive.Logger}} {
		if err := i.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	execSQL(t, pool, "UPDATE workers.instances SET beat_at = now() - interval '11 s' WHERE id = 'dead'")
	execSQL(t, pool, "UPDATE workers.instances SET steady_since = now() - interval '11 s' WHERE id = 'alive'")
	execSQL(t, pool, `INSERT INTO workers.river_job (args, kind, queue, state, attempt, attempted_at, attempted_by, max_attempts)
		SELECT jsonb_build_object('row_id', attempt), 'try', 'messages', 'running', attempt, now() - interval '1 h', '{dead}', 3
		FROM unnest(ARRAY[2, 3, 7]) AS attempt`)

	if err := alive.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[int64]string{2: "available", 3: "discarded", 7: "discarded"}
	if diff := cmp.Diff(want, statesByRow(t, pool)); diff != "" {
		t.Errorf("jobs by attempt after the beat (-want +got):\n%s", diff)
	}

	b := newBench(t, pool, Tuning{}, nil, func(_ context.Context, job *river.Job[tryArgs]) error {
		if job.Args.RowID != 2 {
			t.Errorf("the job of attempt %d of 3 is run again", job.Args.RowID)
		}
		return nil
	})
	want = map[int64]string{2: "completed", 3: "discarded", 7: "discarded"}
	for start := time.Now(); !cmp.Equal(want, statesByRow(t, b.pool)); {
		if time.Since(start) > deadline {
			t.Fatalf("jobs by attempt in the end (-want +got):\n%s", cmp.Diff(want, statesByRow(t, b.pool)))
		}
	}
}

// statesByRow maps the row that a job is about to the job's state.
func statesByRow(t *testing.T, pool *pgxpool.Pool) map[int64]string {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT (args ->> 'row_id')::bigint, state::text FROM workers.river_job")
	if err != nil {
		t.Fatal(err)
	}
	states := map[int64]string{}
	var id int64
	var state string
	_, err = pgx.ForEachRow(rows, []any{&id, &state}, func() error {
		states[id] = state
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return states
}
