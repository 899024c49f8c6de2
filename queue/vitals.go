package queue

import (
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Vitals notice that the work of this process stands still, which only a restart ends:
// something blocks it, and nothing reports an error. They are told what happens anyway
// and ask nobody, so that looking at them is free and never waits.
//
// A database that is away is no standstill: it comes back, and the work goes on. So
// only what lasted while the lease was held counts.
type Vitals struct {
	patience time.Duration
	now      func() time.Time

	mu        sync.Mutex
	beatTried time.Time // when the heartbeat last came round, whatever came of it
	heldSince time.Time // zero: the lease is not held
	queues    map[string]*queueVitals
}

// queueVitals are those of one queue.
type queueVitals struct {
	running  map[int64]time.Time // when the attempts at hand began, by job
	started  time.Time           // when the last attempt began
	overdue  time.Time           // since when jobs wait that could run; zero: none
	capacity int
}

// standstill is how long nothing must move. Every attempt ends within a minute, and
// a queue with a free slot takes what could run within a second.
const standstill = 5 * time.Minute

// overdueAfter is how long a job waits that an idle worker would have taken long ago.
const overdueAfter = time.Minute

// NewVitals watches the queues of a client with this tuning.
func NewVitals(tuning Tuning, reg prometheus.Registerer) *Vitals {
	v := newVitals(tuning, standstill, time.Now)
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "workers_standstill",
		Help: "1 while the work of this process stands still and only a restart helps.",
	}, func() float64 {
		if v.Check() != nil {
			return 1
		}
		return 0
	}))
	return v
}

func newVitals(tuning Tuning, patience time.Duration, now func() time.Time) *Vitals {
	v := &Vitals{patience: patience, now: now, beatTried: now(), queues: map[string]*queueVitals{}}
	for _, name := range Names() {
		v.queues[name] = &queueVitals{running: map[int64]time.Time{}, started: now(), capacity: tuning.workers(name)}
	}
	return v
}

// Check returns an error when work stands still.
func (v *Vitals) Check() error {
	if v == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	if silent := now.Sub(v.beatTried); silent > v.patience {
		return fmt.Errorf("the heartbeat has not come round for %s", silent.Round(time.Second))
	}
	if v.heldSince.IsZero() || now.Sub(v.heldSince) < v.patience {
		return nil
	}
	for _, name := range Names() {
		if err := v.queues[name].check(name, now, v.heldSince, v.patience); err != nil {
			return err
		}
	}
	return nil
}

func (q *queueVitals) check(name string, now, heldSince time.Time, patience time.Duration) error {
	stuck := 0
	for _, began := range q.running {
		if now.Sub(latest(began, heldSince)) > patience {
			stuck++
		}
	}
	if stuck > 0 && stuck == q.capacity {
		return fmt.Errorf("all %d attempts in queue %s have run for more than %s", stuck, name, patience)
	}
	if len(q.running) < q.capacity && !q.overdue.IsZero() && now.Sub(latest(q.overdue, q.started, heldSince)) > patience {
		return fmt.Errorf("jobs in queue %s have waited for more than %s, and none was begun although a slot is free",
			name, patience)
	}
	return nil
}

// begin and end tell of an attempt.
func (v *Vitals) begin(queue string, job int64) (end func()) {
	if v == nil {
		return func() {}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	q, known := v.queues[queue]
	if !known {
		return func() {}
	}
	q.started = v.now()
	q.running[job] = q.started
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(q.running, job)
	}
}

// beat tells that the heartbeat came round, and whether the lease is held.
func (v *Vitals) beat(held bool) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.beatTried = v.now()
	switch {
	case !held:
		v.heldSince = time.Time{}
	case v.heldSince.IsZero():
		v.heldSince = v.beatTried
	}
}

// wait tells in which queues jobs wait that could run.
func (v *Vitals) wait(overdue []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	waits := make(map[string]bool, len(overdue))
	for _, name := range overdue {
		waits[name] = true
	}
	for name, q := range v.queues {
		switch {
		case !waits[name]:
			q.overdue = time.Time{}
		case q.overdue.IsZero():
			q.overdue = v.now()
		}
	}
}

func latest(times ...time.Time) (last time.Time) {
	for _, t := range times {
		last = Later(last, t)
	}
	return last
}
