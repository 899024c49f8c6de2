package messages

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/bravorevos/workers/store"
)

// ledgerCollector reads what waits and what is paused when metrics are scraped.
type ledgerCollector struct {
	*store.Queries

	pool *pgxpool.Pool

	messages *prometheus.Desc
	paused   *prometheus.Desc
}

// NewLedgerCollector reports messages that are not settled, by state, and paused
// accounts, by what they may not do.
func NewLedgerCollector(pool *pgxpool.Pool) prometheus.Collector {
	return &ledgerCollector{
		Queries: store.New(), pool: pool,
		messages: prometheus.NewDesc("workers_messages_open",
			"Messages that are queued, being sent, or of unknown outcome.", []string{"state"}, nil),
		paused: prometheus.NewDesc("workers_accounts_paused",
			"LinkedIn accounts that are paused, by what they may not do.", []string{"action"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *ledgerCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.messages
	ch <- c.paused
}

// Collect implements prometheus.Collector; every label value is there, at zero if need be.
func (c *ledgerCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	messages, err := c.MessageCountOpen(ctx, c.pool)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.messages, err)
		return
	}
	pauses, err := c.PauseCountActive(ctx, c.pool)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.paused, err)
		return
	}
	byState := map[string]int64{store.MessageQueued: 0, store.MessageSending: 0, store.MessageUnknown: 0}
	for _, m := range messages {
		byState[m.State] = m.Messages
	}
	byAction := map[string]int64{
		store.ActionEverything: 0, store.ActionPolls: 0,
	}
	for _, pot := range store.Pots() {
		byAction[pot] = 0
	}
	for _, p := range pauses {
		byAction[p.Action] = p.Accounts
	}
	gauges := func(desc *prometheus.Desc, values map[string]int64) {
		for label, n := range values {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), label)
		}
	}
	gauges(c.messages, byState)
	gauges(c.paused, byAction)
}
