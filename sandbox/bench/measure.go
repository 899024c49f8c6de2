package bench

import "time"

// measure is one figure that a case gives, by its name in the JSON.
type measure string

const (
	rate       measure = "per_second"
	lateRate   measure = "per_second_in_second_half"
	ofNoop     measure = "of_noop" // the rate, by that of River's no-op jobs in the same run
	offered    measure = "offered_per_second"
	p50        measure = "p50_ms"
	p95        measure = "p95_ms"
	p99        measure = "p99_ms"
	longest    measure = "max_ms"
	missing    measure = "not_arrived" // within the patience that there is
	answerP95  measure = "answer_p95_ms"
	workerCPU  measure = "worker_cpu_s_per_1000"
	serverCPU  measure = "postgres_cpu_s_per_1000"
	bothCPU    measure = "cpu_s_per_1000" // worker and Postgres
	wal        measure = "wal_bytes_each"
	statements measure = "statements_per_1000"
	commits    measure = "transactions_per_1000"
	peakRSS    measure = "peak_rss_mb"

	idleCommits    measure = "transactions_per_minute"
	idleStatements measure = "statements_per_minute"
	idleWAL        measure = "wal_bytes_per_minute"
	idleWorkerCPU  measure = "worker_cpu_s_per_minute"
	idleServerCPU  measure = "postgres_cpu_s_per_minute"
)

// figures are what one run of a case gave. A figure that could not be had is missing.
type figures map[measure]float64

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
