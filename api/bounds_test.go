package api_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/bravorevos/workers/api"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store/storetest"
)

// counter counts queries.
type counter struct{ queries atomic.Int64 }

// TraceQueryStart implements pgx.QueryTracer.
func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.queries.Add(1)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Ensure those who ask for readiness and metrics cannot keep the database busy, however
// many they are: what one of them is told is good for all who ask meanwhile.
func TestStrangersCannotKeepTheDatabaseBusy(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	counted := &counter{}
	config := pool.Config()
	config.ConnConfig.Tracer = counted
	probe, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(probe.Close)
	registry := prometheus.NewRegistry()
	registry.MustRegister(api.Cached(queue.NewDepthCollector(probe)))
	b := newBench(t, pool, func(c *api.Config) { c.Probe, c.Metrics = probe, registry })
	for _, path := range []string{"/readyz", "/metrics"} {
		before := counted.queries.Load()
		const callers = 200
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for range callers {
			wg.Go(func() {
				<-begin
				resp, err := http.Get(b.url + path)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%s: status %d", path, resp.StatusCode)
				}
			})
		}
		close(begin)
		wg.Wait()
		// A busy machine may take so long for all of them that an answer goes stale now and then.
		if n := counted.queries.Load() - before; n == 0 || n > callers/4 {
			t.Errorf("%d calls of %s made %d queries", callers, path, n)
		}
	}
}
