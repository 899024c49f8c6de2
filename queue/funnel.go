package queue

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Funnel counts what went through the funnel in this process. The database has
// the truth; these are for graphs and alerts. Each room names its own steps.
type Funnel struct{ steps *prometheus.CounterVec }

// NewFunnel registers the counters, each step at zero.
func NewFunnel(reg prometheus.Registerer, steps ...string) *Funnel {
	f := &Funnel{steps: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "workers_funnel_total",
		Help: "What went through the funnel, by step.",
	}, []string{"step"})}
	for _, step := range steps {
		f.steps.WithLabelValues(step)
	}
	return f
}

// Count adds to a step.
func (f *Funnel) Count(step string, n int) { f.steps.WithLabelValues(step).Add(float64(n)) }

// Step is the counter of a step.
func (f *Funnel) Step(step string) prometheus.Counter { return f.steps.WithLabelValues(step) }
