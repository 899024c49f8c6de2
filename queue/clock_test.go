package queue

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure the clock tells the database's time, whatever the machine's says: never later
// than it is there, and earlier only by what the answer was under way.
func TestClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, ahead := range map[string]time.Duration{
			"ahead": 10 * time.Minute, "behind": -10 * time.Minute, "right": 0,
		} {
			database := func() time.Time { return time.Now().Add(-ahead) }
			c := NewClock(nil, nil)
			measure := func(there, back time.Duration) {
				asked := time.Now()
				time.Sleep(there)
				told := database()
				time.Sleep(back)
				_ = c.set(t.Context(), told, asked, time.Now())
			}
			behind := func() time.Duration { return database().Sub(c.Now()) }
			measure(time.Millisecond, 50*time.Millisecond)
			if got := behind(); got != 50*time.Millisecond {
				t.Errorf("%s: %s behind after a slow answer, want the time that it took", name, got)
			}
			measure(time.Millisecond, time.Millisecond)
			time.Sleep(time.Minute)
			measure(time.Second, time.Second)
			if got := behind(); got != time.Millisecond {
				t.Errorf("%s: %s behind, want what the best answer took", name, got)
			}
			if got := c.Offset(); got != ahead {
				t.Errorf("%s: offset %s, want %s", name, got, ahead)
			}
		}
	})
}

// Ensure a database whose clock is set is followed, and that this is reported.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := NewClock(nil, nil)
		for i, step := range []time.Duration{0, time.Second, time.Hour, -time.Hour} {
			told := time.Now().Add(step)
			stepped := c.set(t.Context(), told, time.Now(), time.Now())
			if want := i > 1; stepped != want {
				t.Errorf("step to %s: reported %t, want %t", step, stepped, want)
			}
			if got := c.Now(); !got.Equal(told) {
				t.Errorf("step to %s: the clock tells %s, want %s", step, got, told)
			}
		}
	})
}

// Ensure somebody is told once when the clocks differ by more than two seconds, and once
// when they do no longer; a slow answer is no difference.
func TestClockIsToldWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logs
		const (
			wrong = "the clock of this machine is wrong: work goes by the database's. " + ClockAdvice
			right = "the clock of this machine agrees with the database's again"
		)
		c := NewClock(newJSONLogger(&log), nil)
		measure := func(ahead, took time.Duration) {
			asked := time.Now()
			time.Sleep(took)
			c.set(t.Context(), time.Now().Add(-ahead), asked, time.Now())
		}
		measure(time.Second, 0)
		measure(0, 3*time.Second)
		if told := log.lines(t, wrong); len(told) != 0 {
			t.Errorf("told of nothing: %v", told)
		}
		for range 2 {
			for range 3 {
				measure(10*time.Minute, 0)
			}
			for range 3 {
				measure(0, 0)
			}
		}
		for _, message := range []string{wrong, right} {
			if told := log.lines(t, message); len(told) != 2 {
				t.Errorf("told %d times, want 2: %s", len(told), message)
			}
		}
	})
}

// Ensure jobs are inserted at the database's time, in every way that this product inserts
// them, and that a wait ends by it.
func TestInsertedByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	client, err := NewInserter(pool, newJSONLogger(&logs{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if _, err := client.Insert(ctx, tryArgs{RowID: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.InsertMany(ctx, []river.InsertManyParams{{Args: tryArgs{RowID: 2}}}); err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := client.InsertTx(ctx, tx, tryArgs{RowID: 3}, nil); err != nil {
			return err
		}
		_, err := client.InsertManyTx(ctx, tx, []river.InsertManyParams{{Args: tryArgs{RowID: 4}}})
		if err != nil {
			return err
		}
		var same int // now() of the transaction is told by nothing but the database
		err = tx.QueryRow(ctx, `SELECT count(*) FROM workers.river_job
			WHERE args ->> 'row_id' IN ('3', '4') AND scheduled_at = now() AND created_at = now()`).Scan(&same)
		if err == nil && same != 2 {
			t.Errorf("%d of 2 jobs have the time of their transaction", same)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range int64(4) {
		job, err := client.JobGet(ctx, id+1)
		if err != nil || job.State != rivertype.JobStateAvailable || job.ScheduledAt.Year() < 2000 {
			t.Errorf("job %d: %+v (%v)", id+1, job, err)
		}
	}
}

// Ensure a leader gives its place up when the database's clock was set, and that nobody
// else's is taken.
func TestClockSetEndsLeadership(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	for leader, left := range map[string]int{"this": 0, "another": 1} {
		_, err := pool.Exec(t.Context(), `INSERT INTO workers.river_leader (name, leader_id, elected_at, expires_at)
			VALUES ('default', $1, now(), now() + interval '1 hour')
			ON CONFLICT (name) DO UPDATE SET leader_id = excluded.leader_id`, leader)
		if err != nil {
			t.Fatal(err)
		}
		instance := &Instance{ID: "this", Pool: pool, Clock: NewClock(nil, nil), Logger: newJSONLogger(&logs{})}
		instance.Clock.set(t.Context(), time.Now().Add(time.Hour), time.Now(), time.Now())
		if err := instance.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
		var leaders int
		err = pool.QueryRow(t.Context(), "SELECT count(*) FROM workers.river_leader").Scan(&leaders)
		if err != nil || leaders != left {
			t.Errorf("%s leads: %d leaders left, want %d (%v)", leader, leaders, left, err)
		}
	}
}
