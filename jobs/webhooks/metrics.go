package webhooks

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/bravorevos/workers/store"
)

// endpointCollector counts receivers of webhooks when metrics are scraped.
type endpointCollector struct {
	*store.Queries

	pool *pgxpool.Pool

	endpoints *prometheus.Desc
	refused   *prometheus.Desc
}

// NewEndpointCollector reports receivers of webhooks by state.
func NewEndpointCollector(pool *pgxpool.Pool) prometheus.Collector {
	return &endpointCollector{
		Queries: store.New(), pool: pool,
		endpoints: prometheus.NewDesc("workers_webhook_endpoints",
			"Receivers of webhooks, by state. Those that are disabled wait for somebody to enable them.", []string{"state"}, nil),
		refused: prometheus.NewDesc("workers_webhook_rows_refused",
			"Rows of webhook_logs that the database refuses to have changed, and that wait to be tried again.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *endpointCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.endpoints
	ch <- c.refused
}

// Collect implements prometheus.Collector; every state is there, at zero if need be.
func (c *endpointCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	rows, err := c.WebhookEndpointCountStates(ctx, c.pool)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.endpoints, err)
		return
	}
	byState := map[string]int64{}
	for _, row := range rows {
		byState[row.State] = row.Endpoints
	}
	for _, state := range store.EndpointStates() {
		ch <- prometheus.MustNewConstMetric(c.endpoints, prometheus.GaugeValue, float64(byState[state]), state)
	}
	refused, err := c.WebhookRefusalCount(ctx, c.pool)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.refused, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(c.refused, prometheus.GaugeValue, float64(refused))
}
