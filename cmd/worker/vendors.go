package main

import (
	"cmp"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/bravorevos/workers/integrations"
)

// vendorMetrics count exchanges with outside services.
type vendorMetrics struct {
	requests    *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	connections *prometheus.CounterVec
}

func newVendorMetrics(reg prometheus.Registerer) *vendorMetrics {
	return &vendorMetrics{
		requests: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "workers_vendor_requests_total",
			Help: "Exchanges with outside services, by service, operation and status or cause.",
		}, []string{"service", "operation", "status"}),
		durations: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name:    "workers_vendor_request_duration_seconds",
			Help:    "How long exchanges with outside services took.",
			Buckets: prometheus.ExponentialBuckets(0.005, 3, 8), // 5 ms to 11 s
		}, []string{"service", "operation"}),
		connections: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "workers_vendor_connections_total",
			Help: "Connections that exchanges with outside services went over, by service and whether they were opened or reused.",
		}, []string{"service", "connection"}),
	}
}

func (m *vendorMetrics) observe(o integrations.Observation) {
	status := cmp.Or(string(o.Cause), strconv.Itoa(o.Status))
	m.requests.WithLabelValues(o.Service, o.Operation, status).Inc()
	m.durations.WithLabelValues(o.Service, o.Operation).Observe(o.Duration.Seconds())
	switch {
	case o.Reused:
		m.connections.WithLabelValues(o.Service, "reused").Inc()
	case o.Connected:
		m.connections.WithLabelValues(o.Service, "opened").Inc()
	}
}
