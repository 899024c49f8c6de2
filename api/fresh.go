package api

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// readyFor is how long the answer of a database to "are you there" is good for.
	readyFor = time.Second
	// gaugesFor is how long figures that are counted in the database are good for.
	gaugesFor = 5 * time.Second
)

// fresh is a value that costs a query. However many ask at once, one query is under way,
// whose answer all of them get, and which is good for a while: the routes that use it are
// open to everybody who can reach the port.
type fresh[T any] struct {
	lives time.Duration
	read  func() T // bounded by itself: who asks first may leave before the answer

	mu      sync.Mutex
	value   T
	ends    time.Time     // of the value's life
	reading chan struct{} // closed when the read under way is done; nil: there is none
}

// get returns the value, or false when ctx ends first.
func (f *fresh[T]) get(ctx context.Context) (T, bool) {
	f.mu.Lock()
	if f.reading == nil && time.Now().Before(f.ends) {
		defer f.mu.Unlock()
		return f.value, true
	}
	if f.reading == nil {
		f.reading = make(chan struct{})
		go f.renew(f.reading)
	}
	done := f.reading
	f.mu.Unlock()
	select {
	case <-done:
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.value, true
	case <-ctx.Done():
		var none T
		return none, false
	}
}

func (f *fresh[T]) renew(done chan struct{}) {
	value := f.read()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.value, f.ends, f.reading = value, time.Now().Add(f.lives), nil
	close(done)
}

// cached is a collector whose figures are good for a while.
type cached struct {
	prometheus.Collector

	metrics *fresh[[]prometheus.Metric]
}

// Cached keeps the figures of a collector for some seconds and lets one collection at a
// time count them: each is a query, and anybody who reaches /metrics can ask.
func Cached(collector prometheus.Collector) prometheus.Collector {
	return &cached{Collector: collector, metrics: &fresh[[]prometheus.Metric]{
		lives: gaugesFor,
		read: func() (metrics []prometheus.Metric) {
			found := make(chan prometheus.Metric)
			go func() {
				defer close(found)
				collector.Collect(found)
			}()
			for m := range found {
				metrics = append(metrics, m)
			}
			return metrics
		},
	}}
}

// Collect implements prometheus.Collector.
func (c *cached) Collect(ch chan<- prometheus.Metric) {
	metrics, _ := c.metrics.get(context.Background()) // the collector bounds its queries
	for _, m := range metrics {
		ch <- m
	}
}
