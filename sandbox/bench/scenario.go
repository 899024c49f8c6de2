package bench

import (
	"context"
	"fmt"
	"time"
)

// scenario is a question about speed. Its cases are lines of one table.
type scenario struct {
	name    string
	about   string // one line for --help
	title   string // of the table
	once    bool   // too long to be repeated unless somebody asks for it
	ratio   bool   // its rates are compared with the yardstick
	columns []column
	cases   func(Options) []benchCase
}

// benchCase is one line.
type benchCase struct {
	name string
	run  func(ctx context.Context, b *bench) (figures, remarks, error)
}

// remarks are what was noticed beside the figures.
type remarks struct {
	problems []string // something was lost, came twice, or is not where it belongs
	notes    []string // worth knowing
}

const noopScenario = "noop"

// patience is what the last rows of a rate have to arrive.
const patience = 15 * time.Second

// scenarios are all, in the order in which they run.
func scenarios() []scenario {
	return []scenario{
		{
			name: noopScenario, title: "Yardstick", columns: throughput(),
			about: "River's no-op jobs, inserted beforehand, 1,000 at once: what the ratios are of",
			cases: func(o Options) []benchCase {
				return []benchCase{{fmt.Sprintf("%s no-op jobs of River", thousands(o.NoopJobs)), alwaysRight((*bench).drainNoop)}}
			},
		},
		{
			name: "drain", title: "Drain: rows that become due at one moment", columns: throughput(), ratio: true,
			about: "--rows webhooks to 1, 20 and 200 receivers; for leads of 20 clients; by 2 and 4 workers at once",
			cases: func(o Options) []benchCase {
				var cases []benchCase
				for _, n := range []int{1, 20, 200} {
					cases = append(cases, o.drain(receivers(n), drain{receivers: n, workers: 1}))
				}
				cases = append(cases, o.drain("20 receivers, leads of 20 clients", drain{receivers: 20, workers: 1, leads: true}))
				for _, n := range []int{2, 4} {
					cases = append(cases, o.drain(fmt.Sprintf("20 receivers, %d workers", n), drain{receivers: 20, workers: n}))
				}
				return cases
			},
		},
		{
			name: "latency", title: "From the commit of a producer's row to its arrival, 20 receivers", columns: timing(),
			about: "rows of producers at --rates; beside it no-op jobs of River at the lowest of them",
			cases: func(o Options) []benchCase {
				lowest := float64(o.Rates[0])
				cases := []benchCase{{
					fmt.Sprintf("River no-op jobs, %d/s", o.Rates[0]),
					alwaysRight(func(b *bench, ctx context.Context) (figures, error) { return b.noopLatency(ctx, lowest) }),
				}}
				for _, perSecond := range o.Rates {
					l := latency{perSecond: float64(perSecond), receivers: 20, length: o.Length, patience: patience}
					cases = append(cases, benchCase{fmt.Sprintf("%d/s", perSecond), l.run})
				}
				return cases
			},
		},
		{
			name: "captured", title: "From the capture of an address to the arrival of its lead, 20 accounts", columns: capturing(),
			about: "people answer at --rates over the pretend Unipile's webhooks",
			cases: func(o Options) []benchCase {
				var cases []benchCase
				for _, perSecond := range o.Rates {
					c := captured{perSecond: float64(perSecond), accounts: 20, length: o.Length, patience: patience}
					cases = append(cases, benchCase{fmt.Sprintf("%d answers/s", perSecond), c.run})
				}
				return cases
			},
		},
		{
			name: "hanging", title: "Nine healthy receivers, from commit to arrival", columns: timing(),
			about: "--hanging rows a second for ten receivers; nine of them without and with a tenth that never answers",
			cases: func(o Options) []benchCase {
				nine := latency{perSecond: float64(o.Hanging) * 0.9, receivers: 9, length: o.HangingTime, patience: patience}
				ten := latency{perSecond: float64(o.Hanging), receivers: 10, hanging: 1, length: o.HangingTime, patience: patience}
				return []benchCase{{"alone", nine.run}, {"beside one that hangs", ten.run}}
			},
		},
		{
			name: "backlog", title: "Backlog", columns: append(throughput(), late()), once: true, ratio: true,
			about: "--backlog rows over 200 receivers, followed for --backlog-time; try --backlog 1000000",
			cases: func(o Options) []benchCase {
				d := drain{rows: o.Backlog, receivers: 200, workers: 1, limit: o.BacklogTime}
				return []benchCase{{thousands(o.Backlog) + " rows, 200 receivers", d.run}}
			},
		},
		{
			name: "idle", title: "A worker that has nothing to do, a minute", columns: idling(), once: true,
			about: "what a worker without work asks of Postgres in --idle",
			cases: func(Options) []benchCase {
				return []benchCase{{"1 worker", alwaysRight((*bench).idle)}}
			},
		},
	}
}

func (o Options) drain(name string, d drain) benchCase {
	d.rows, d.limit = o.Rows, o.Limit
	return benchCase{name, d.run}
}

func receivers(n int) string {
	if n == 1 {
		return "1 receiver"
	}
	return fmt.Sprintf("%d receivers", n)
}

// alwaysRight is for what has no row to lose.
func alwaysRight(run func(*bench, context.Context) (figures, error)) func(context.Context, *bench) (figures, remarks, error) {
	return func(ctx context.Context, b *bench) (figures, remarks, error) {
		f, err := run(b, ctx)
		return f, remarks{}, err
	}
}

// throughput are the columns of how much.
func throughput() []column {
	return []column{
		{rate, "a second", 0, true},
		{ofNoop, "of no-op", 3, true},
		{workerCPU, "worker CPU-s per 1,000", 2, false},
		{serverCPU, "Postgres CPU-s per 1,000", 2, false},
		{wal, "WAL bytes each", 0, false},
		{statements, "statements per 1,000", 0, false},
		{commits, "transactions per 1,000", 0, false},
		{peakRSS, "peak MB", 0, false},
	}
}

func late() column { return column{lateRate, "a second, later half", 0, false} }

// timing are the columns of how soon.
func timing() []column {
	return []column{
		{offered, "written a second", 0, false},
		{rate, "arrived a second", 0, false},
		{p50, "p50 ms", 1, false},
		{p95, "p95 ms", 1, true},
		{p99, "p99 ms", 1, false},
		{longest, "max ms", 0, false},
		{missing, "not arrived", 0, false},
		{bothCPU, "CPU-s per 1,000", 2, false},
		{wal, "WAL bytes each", 0, false},
		{statements, "statements per 1,000", 0, false},
		{commits, "transactions per 1,000", 0, false},
	}
}

func capturing() []column {
	return []column{
		{offered, "answers a second", 0, false},
		{rate, "arrived a second", 0, false},
		{p50, "p50 ms", 1, false},
		{p95, "p95 ms", 1, true},
		{p99, "p99 ms", 1, false},
		{longest, "max ms", 0, false},
		{missing, "not arrived", 0, false},
		{answerP95, "p95 ms since the answer", 0, false},
	}
}

func idling() []column {
	return []column{
		{idleCommits, "transactions", 0, true},
		{idleStatements, "statements", 0, true},
		{idleWorkerCPU, "worker CPU-s", 2, true},
		{idleServerCPU, "Postgres CPU-s", 2, true},
		{idleWAL, "WAL bytes", 0, false},
		{peakRSS, "peak MB", 0, false},
	}
}
