package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/queue"
)

// starving is set for the process that runs out of file handles: itself another run of
// this test, so that no other test starves with it.
const starving = "WORKER_TEST_STARVING"

// Ensure that a worker which has no file handles left takes no receiver for a bad one, spends
// no try, and delivers as soon as it has some again.
func TestOutOfFileHandles(t *testing.T) {
	t.Parallel()
	if os.Getenv(starving) != "" {
		deliverWithoutHandles(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOutOfFileHandles$", "-test.count=1")
	child.Env = append(os.Environ(), starving+"=1")
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	if err := child.Run(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func deliverWithoutHandles(t *testing.T) {
	t.Helper()
	b := setup(t, func(o *options) { o.settings.Intervals.WebhookLogs = time.Hour })
	b.startWith(queue.Tuning{})
	// All connections to the database, which must not be what is missing.
	var conns []*pgxpool.Conn
	for range b.pool.Config().MaxConns - 4 { // the running queue has some of them for moments
		conn, err := b.pool.Acquire(t.Context())
		b.must(err)
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		conn.Release()
	}
	giveBack := useUpHandles(t)
	const receivers, each = 3, 5
	for n := range receivers {
		b.rows(fmt.Sprintf("%s/%d", b.hookURL, n), each)
	}
	b.run(b.sweeps.WebhookLogs)
	b.until("a try to each receiver has failed for want of a handle", func(context.Context) bool {
		return scalar[int](b, "SELECT count(DISTINCT endpoint_id) FROM workers.webhook_attempts WHERE cause = 'local_error'") == receivers
	})
	giveBack()
	touched := scalar[int](b, `SELECT count(*) FROM workers.webhook_endpoints
		WHERE state <> 'healthy' OR failures > 0 OR last_cause IS NOT NULL OR blocked_until IS NOT NULL`)
	if touched > 0 {
		t.Errorf("%d of %d healthy receivers rest, or count as failing", touched, receivers)
	}
	b.until("everything is delivered", func(context.Context) bool {
		return scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE status = 'sent' AND retry_count = 0") == receivers*each
	})
}

// useUpHandles leaves this process without a file handle until they are given back.
func useUpHandles(t *testing.T) (giveBack func()) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = min(limit.Cur, 512)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for {
		file, err := os.Open(os.DevNull)
		if errors.Is(err, syscall.EMFILE) {
			return func() {
				for _, file := range files {
					_ = file.Close()
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
}
