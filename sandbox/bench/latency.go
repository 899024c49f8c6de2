package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// latency writes rows at a rate and measures from the commit of each to its arrival.
type latency struct {
	perSecond float64
	receivers int
	hanging   int           // of them, which never answer
	length    time.Duration // after the warm-up
	patience  time.Duration // for what has not arrived when the last row is written
}

func (o latency) run(ctx context.Context, b *bench) (f figures, r remarks, err error) {
	d, err := b.server.database(ctx)
	if err != nil {
		return nil, remarks{}, err
	}
	defer func() { err = errors.Join(err, d.drop(ctx)) }()
	sink, err := newSink(ctx, b.secret, o.receivers, o.hanging)
	if err != nil {
		return nil, remarks{}, err
	}
	defer sink.close()
	workers, err := b.start(ctx, d, 1, nil)
	if err != nil {
		return nil, remarks{}, err
	}
	defer func() {
		if workers != nil {
			err = errors.Join(err, b.stop(workers))
		}
	}()

	if _, err := d.produce(ctx, sink.urls, pacer{o.perSecond, o.rows(warmUp)}); err != nil {
		return nil, remarks{}, err
	}
	from, err := d.snapshot(ctx, workers)
	if err != nil {
		return nil, remarks{}, err
	}
	rows, err := d.produce(ctx, sink.urls, pacer{o.perSecond, o.rows(o.length)})
	if err != nil {
		return nil, remarks{}, err
	}
	all, err := o.wait(ctx, sink)
	if err != nil {
		return nil, remarks{}, err
	}
	if all {
		if err := d.waitSent(ctx, o.hangs(sink)); err != nil {
			return nil, remarks{}, err
		}
	}
	to, err := d.snapshot(ctx, workers)
	if err != nil {
		return nil, remarks{}, err
	}
	mb, known := peak(workers)
	sink.letGo()
	err = b.stop(workers)
	if workers = nil; err != nil {
		return nil, remarks{}, err
	}

	f, arrived := o.evaluate(rows, sink)
	f.per(arrived, from, to, d.server.counted)
	if known {
		f[peakRSS] = mb
	}
	if err := f.countCommits(ctx, d, from, arrived); err != nil {
		return nil, remarks{}, err
	}
	r, err = d.verify(ctx, sink, o.hangs(sink), all)
	return f, r, err
}

// rows are those of a time.
func (o latency) rows(d time.Duration) int { return int(o.perSecond * d.Seconds()) }

// hangs is the URL of who never answers, if there is one.
func (o latency) hangs(sink *sink) string {
	if o.hanging == 0 {
		return ""
	}
	return sink.urls[len(sink.urls)-1]
}

// wait gives the last rows their time and tells whether all arrived that can.
func (o latency) wait(ctx context.Context, sink *sink) (bool, error) {
	n := 0
	for _, written := range []int{o.rows(warmUp), o.rows(o.length)} {
		for i := range written {
			if i%o.receivers < o.receivers-o.hanging {
				n++
			}
		}
	}
	return within(ctx, sink.expect(n), o.patience)
}

// evaluate leaves out those who never answer, and tells how many rows arrived.
func (o latency) evaluate(rows []produced, sink *sink) (f figures, arrived float64) {
	var took []time.Duration
	var committed, arrivals []time.Time
	absent := 0
	for _, row := range rows {
		committed = append(committed, row.committed)
		if row.receiver >= o.receivers-o.hanging {
			continue
		}
		if at, ok := sink.arrived(row.id); ok {
			// The row is seen by others a little before its producer knows.
			took = append(took, max(at.Sub(row.committed), 0))
			arrivals = append(arrivals, at)
		} else {
			absent++
		}
	}
	f = figures{offered: achieved(committed), rate: achieved(arrivals), missing: float64(absent)}
	f.latencies(took)
	return f, float64(len(took))
}

// latencies adds the percentiles of how long things took, if there were any.
func (f figures) latencies(took []time.Duration) {
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	for m, p := range map[measure]float64{p50: 50, p95: 95, p99: 99, longest: 100} {
		f[m] = milliseconds(percentile(took, p))
	}
}

// idle watches a worker that has nothing to do.
func (b *bench) idle(ctx context.Context) (f figures, err error) {
	d, err := b.server.database(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.drop(ctx)) }()
	workers, err := b.start(ctx, d, 1, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.stop(workers)) }()
	// Until Postgres has heard of what the start did.
	if err := pause(ctx, reported); err != nil {
		return nil, err
	}
	from, err := d.snapshot(ctx, workers)
	if err == nil {
		err = pause(ctx, b.Idle)
	}
	if err != nil {
		return nil, err
	}
	to, err := d.snapshot(ctx, workers)
	if err != nil {
		return nil, fmt.Errorf("watch an idle worker: %w", err)
	}
	used := figures{}
	minutes := to.at.Sub(from.at).Minutes()
	used.per(minutes*1000, from, to, d.server.counted)
	f = figures{idleCommits: float64(to.commits-from.commits) / minutes, idleWAL: used[wal] * 1000}
	for per, minutely := range map[measure]measure{
		statements: idleStatements, workerCPU: idleWorkerCPU, serverCPU: idleServerCPU,
	} {
		if value, known := used[per]; known {
			f[minutely] = value
		}
	}
	if mb, known := peak(workers); known {
		f[peakRSS] = mb
	}
	return f, nil
}

// reported is how late Postgres hears of transactions at most.
const reported = 11 * time.Second
