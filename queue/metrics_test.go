package queue

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure every queue and state has a figure, and the oldest job an age.
func TestDepthCollector(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	client, err := NewInserter(pool, newJSONLogger(&logs{}))
	if err != nil {
		t.Fatal(err)
	}
	for row, opts := range []river.InsertOpts{
		{Queue: Webhooks},
		{Queue: Webhooks},
		{Queue: Webhooks, ScheduledAt: time.Now().Add(time.Hour)},
		{Queue: Email},
	} {
		if _, err := client.Insert(t.Context(), tryArgs{RowID: int64(row)}, &opts); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range []string{
		"UPDATE workers.river_job SET scheduled_at = now() - interval '90 s' WHERE args ->> 'row_id' = '0'",
		"UPDATE workers.river_job SET state = 'completed', finalized_at = now() WHERE args ->> 'row_id' = '3'",
		// A short wait: River leaves such a job available.
		`INSERT INTO workers.river_job (args, kind, queue, state, scheduled_at, max_attempts) VALUES ('{}', 'try', 'polls', 'available', now() + interval '3 s', 3)`,
		`INSERT INTO workers.river_job (args, kind, queue, state, scheduled_at, max_attempts) VALUES ('{}', 'try', 'retired', 'retryable', now() - interval '1 h', 3)`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]float64{
		"webhooks available": 2, "webhooks scheduled": 1, "polls available": 1,
		"retired retryable": 1, // a queue that this version does not know is not hidden
	}
	for _, name := range Names() {
		for _, state := range []string{"available", "pending", "retryable", "running", "scheduled"} {
			want[name+" "+state] += 0
		}
	}
	counts, ages := gather(t, pool)
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("jobs by queue and state (-want +got):\n%s", diff)
	}
	if age := ages["webhooks"]; age < 90 || age > 90+deadline.Seconds() {
		t.Errorf("the oldest webhook waits for %v s, want 90 and a little", age)
	}
	delete(ages, "webhooks")
	if diff := cmp.Diff(map[string]float64{
		"sweeps": 0, "polls": 0, "messages": 0, "inbox": 0, "email": 0, "upkeep": 0, "retired": 0,
	}, ages); diff != "" {
		t.Errorf("ages of the oldest job (-want +got):\n%s", diff)
	}
}

func gather(t *testing.T, pool *pgxpool.Pool) (counts, ages map[string]float64) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewDepthCollector(pool))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts, ages = map[string]float64{}, map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			key := metric.GetLabel()[0].GetValue()
			if family.GetName() == "workers_queue_oldest_job_seconds" {
				ages[key] = metric.GetGauge().GetValue()
				continue
			}
			counts[key+" "+metric.GetLabel()[1].GetValue()] = metric.GetGauge().GetValue()
		}
	}
	return counts, ages
}

// Ensure a database that is away is told as such, not as empty queues.
func TestDepthCollectorWithoutDatabase(t *testing.T) {
	t.Parallel()
	for name, pool := range map[string]*pgxpool.Pool{"closed": storetest.New(t), "not migrated": storetest.Empty(t)} {
		if name == "closed" {
			pool.Close()
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := prometheus.NewRegistry()
			registry.MustRegister(NewDepthCollector(pool))
			if families, err := registry.Gather(); err == nil {
				t.Errorf("it tells %v", families)
			}
		})
	}
}
