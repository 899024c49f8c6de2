package api_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/bravorevos/workers/api"
	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a platform learns whether the process lives, which is no question of the
// database, and whether it may get traffic, which is.
func TestHealth(t *testing.T) {
	t.Parallel()
	const notReady = "the database does not answer or is not migrated; see the log"
	ok := map[string]any{"status": "ok", "version": "v1.2.3"}
	for name, test := range map[string]struct {
		pool     func(testing.TB) *pgxpool.Pool
		mock     bool
		stopping bool
		healthz  map[string]any
		readyz   map[string]any
		status   int // of readyz
	}{
		"ready": {
			pool:    storetest.New,
			healthz: ok, readyz: map[string]any{"status": "ready", "version": "v1.2.3"}, status: 200,
		},
		"mock mode": {
			pool: storetest.New, mock: true,
			healthz: map[string]any{"status": "ok", "version": "v1.2.3", "mode": "mock"},
			readyz:  map[string]any{"status": "ready", "version": "v1.2.3", "mode": "mock"}, status: 200,
		},
		"not migrated": {
			pool:    storetest.Empty,
			healthz: ok, readyz: map[string]any{"status": "not ready", "version": "v1.2.3", "error": notReady}, status: 503,
		},
		"database is away": {
			pool:    away,
			healthz: ok, readyz: map[string]any{"status": "not ready", "version": "v1.2.3", "error": notReady}, status: 503,
		},
		"stopping": {
			pool: storetest.New, stopping: true,
			healthz: ok, readyz: map[string]any{"status": "stopping", "version": "v1.2.3"}, status: 503,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.pool(t), func(cfg *api.Config) { cfg.MockMode = test.mock })
			if test.stopping {
				close(b.stopping)
			}
			got := b.call(t, http.MethodGet, "/healthz", "")
			if diff := cmp.Diff(test.healthz, got.decode(t)); diff != "" || got.status != http.StatusOK {
				t.Errorf("healthz: status %d (-want +got):\n%s", got.status, diff)
			}
			got = b.call(t, http.MethodGet, "/readyz", "")
			if diff := cmp.Diff(test.readyz, got.decode(t)); diff != "" || got.status != test.status {
				t.Errorf("readyz: status %d, want %d (-want +got):\n%s", got.status, test.status, diff)
			}
			if tells := strings.Contains(b.logs.String(), `msg="not ready"`); tells != (test.readyz["error"] != nil) {
				t.Errorf("the log tells the cause: %t\n%s", tells, b.logs)
			}
		})
	}
}

// Ensure a platform is told to restart a worker whose work stands still, and that the log
// says why.
func TestHealthOfAStandstill(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.New(t), func(cfg *api.Config) {
		cfg.Alive = func() error { return errors.New("the heartbeat has not come round for 6m0s") }
	})
	got := b.call(t, http.MethodGet, "/healthz", "")
	want := map[string]any{"status": "stuck", "version": "v1.2.3", "error": "the heartbeat has not come round for 6m0s"}
	if diff := cmp.Diff(want, got.decode(t)); diff != "" || got.status != http.StatusServiceUnavailable {
		t.Errorf("healthz: status %d (-want +got):\n%s", got.status, diff)
	}
	if !strings.Contains(b.logs.String(), "work stands still") {
		t.Errorf("the log does not tell it:\n%s", b.logs)
	}
}

// Ensure Prometheus can read what is served, with the queue and the funnel in it.
func TestMetrics(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.New(t), nil)
	page := b.call(t, http.MethodGet, "/metrics", "")
	if page.status != http.StatusOK {
		t.Fatalf("status %d: %s", page.status, page.body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page.body))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for name, family := range families {
		got[name] = len(family.GetMetric())
	}
	if got["workers_funnel_total"] == 0 {
		t.Error("the funnel is missing")
	}
	delete(got, "workers_funnel_total")
	kinds := len(jobs.Kinds())
	want := map[string]int{
		"workers_job_attempts_total": 6 * kinds, "workers_job_duration_seconds": kinds,
		"workers_queue_jobs": 7 * 5, "workers_queue_oldest_job_seconds": 7,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

// Ensure a database that is away does not take the other figures with it.
func TestMetricsWithoutDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.Empty(t), nil)
	got := b.call(t, http.MethodGet, "/metrics", "")
	funnel, depth := strings.Contains(string(got.body), "workers_funnel_total"), strings.Contains(string(got.body), "workers_queue_jobs")
	if got.status != http.StatusOK || !funnel || depth {
		t.Errorf("status %d:\n%s", got.status, got.body)
	}
}
