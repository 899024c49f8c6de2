package queue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics are the queue's own figures.
type Metrics struct {
	Attempts  *prometheus.CounterVec   // by kind and outcome
	Durations *prometheus.HistogramVec // seconds, by kind
}

// NewMetrics registers the queue's figures; every kind and outcome starts at
// zero, so that an alert can be written before the first failure.
func NewMetrics(reg prometheus.Registerer, kinds []string) *Metrics {
	m := &Metrics{
		Attempts: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "workers_job_attempts_total",
			Help: "Attempts at jobs, by kind and outcome.",
		}, []string{"kind", "outcome"}),
		Durations: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name:    "workers_job_duration_seconds",
			Help:    "How long attempts at jobs took.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9), // 1 ms to 65 s
		}, []string{"kind"}),
	}
	for _, kind := range kinds {
		m.Durations.WithLabelValues(kind)
		for _, outcome := range outcomes() {
			m.Attempts.WithLabelValues(kind, outcome)
		}
	}
	return m
}

// depthCollector reads how much waits in each queue when metrics are scraped.
type depthCollector struct {
	pool   *pgxpool.Pool
	depth  *prometheus.Desc
	oldest *prometheus.Desc
}

// NewDepthCollector reports jobs by queue and state, and the age of the oldest
// job that could run now, in seconds.
func NewDepthCollector(pool *pgxpool.Pool) prometheus.Collector {
	return &depthCollector{
		pool: pool,
		depth: prometheus.NewDesc("workers_queue_jobs",
			"Jobs that still have work to do, by queue and state.", []string{"queue", "state"}, nil),
		oldest: prometheus.NewDesc("workers_queue_oldest_job_seconds",
			"Age of the oldest job that could run now, by queue.", []string{"queue"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *depthCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.depth
	ch <- c.oldest
}

// Collect implements prometheus.Collector. Finished jobs are not counted: there
// may be millions, and nobody waits for them.
func (c *depthCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	rows, err := c.pool.Query(ctx, `
SELECT queue,
       state::text,
       count(*),
       coalesce(extract(epoch FROM now() - min(scheduled_at) FILTER (WHERE state = 'available')), 0)::float8
FROM workers.river_job
WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
GROUP BY queue, state
LIMIT 1000`)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.depth, err)
		return
	}
	counts := map[[2]string]float64{}
	oldest := map[string]float64{}
	for _, queue := range Names() {
		oldest[queue] = 0
		for _, state := range Active() {
			counts[[2]string{queue, string(state)}] = 0
		}
	}
	var queue, state string
	var n int64
	var age float64
	if _, err := pgx.ForEachRow(rows, []any{&queue, &state, &n, &age}, func() error {
		counts[[2]string{queue, state}] = float64(n)
		oldest[queue] = max(oldest[queue], age)
		return nil
	}); err != nil {
		ch <- prometheus.NewInvalidMetric(c.depth, err)
		return
	}
	for key, n := range counts {
		ch <- prometheus.MustNewConstMetric(c.depth, prometheus.GaugeValue, n, key[0], key[1])
	}
	for queue, age := range oldest {
		ch <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, age, queue)
	}
}
