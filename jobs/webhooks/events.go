package webhooks

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/store"
)

// EndpointEvents tells operators what becomes of receivers of webhooks: a line in the
// log and a counter each. A nil one tells nobody.
type EndpointEvents struct {
	logger   *slog.Logger
	events   *prometheus.CounterVec
	attempts *prometheus.CounterVec
}

// NewEndpointEvents registers the counters, each at zero.
func NewEndpointEvents(reg prometheus.Registerer, logger *slog.Logger) *EndpointEvents {
	e := &EndpointEvents{
		logger: logger,
		events: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "workers_webhook_endpoint_events_total",
			Help: "What became of receivers of webhooks: failing, disabled, recovered.",
		}, []string{"event"}),
		attempts: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "workers_webhook_attempts_total",
			Help: "Tries to deliver a webhook, by what came of them.",
		}, []string{"cause"}),
	}
	for _, event := range []string{eventFailing, eventDisabled, eventRecovered} {
		e.events.WithLabelValues(event)
	}
	for _, cause := range causes() {
		e.attempts.WithLabelValues(cause)
	}
	return e
}

// causes is the closed list of what can come of a try.
func causes() []string {
	list := []string{store.CauseDelivered}
	for _, cause := range integrations.Causes() {
		list = append(list, string(cause))
	}
	return list
}

func (e *EndpointEvents) attempt(cause string) {
	if e == nil {
		return
	}
	if cause == "" {
		cause = store.CauseDelivered
	}
	e.attempts.WithLabelValues(cause).Inc()
}

func (e *EndpointEvents) endpoint(ctx context.Context, endpoint store.WebhookEndpoint, event string) {
	if e == nil || event == "" {
		return
	}
	e.events.WithLabelValues(event).Inc()
	level := slog.LevelWarn
	if event == eventRecovered {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("event", event),
		slog.Int64("endpoint", endpoint.ID),
		slog.String("host", webhook.HostOf(endpoint.Url)), // path and query hold tokens
		slog.String("last_cause", store.Value(endpoint.LastCause)),
	}
	if endpoint.FailingSince != nil {
		attrs = append(attrs, slog.Time("failing_since", *endpoint.FailingSince), slog.Int("failures", int(endpoint.Failures)))
	}
	if endpoint.DisabledReason != nil {
		attrs = append(attrs, slog.String("reason", *endpoint.DisabledReason))
	}
	e.logger.LogAttrs(ctx, level, "webhook endpoint", attrs...)
}
