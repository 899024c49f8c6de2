package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// binary builds the real worker once.
//
//nolint:gochecknoglobals // built once a test run
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bravorevos-worker-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "worker")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", &buildError{out: string(out), err: err}
	}
	return path, nil
})

type buildError struct {
	out string
	err error
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.out }

// process is a running worker binary.
type process struct {
	cmd *exec.Cmd
	log *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// spawn starts the real binary; it dies with the test.
func (o *outside) spawn(t *testing.T) *process {
	t.Helper()
	return o.spawnOf(t, binary)
}

// spawnOf starts a worker of a special build, or in a special way.
func (o *outside) spawnOf(t *testing.T, build func() (string, error), ways ...func(*process)) *process {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(path), log: &syncBuffer{}}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, o.list()...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	for _, way := range ways {
		way(p)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			var lines []string
			for line := range strings.Lines(p.log.String()) {
				// One that polls and finds nothing tells nothing.
				if !strings.Contains(line, `"kind":"poll_comments"`) || !strings.Contains(line, `"outcome":"completed"`) {
					lines = append(lines, line)
				}
			}
			t.Logf("last lines of worker %d:\n%s", p.cmd.Process.Pid, strings.Join(lines[max(0, len(lines)-40):], ""))
		}
	})
	return p
}

// kill ends the process as a crash would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
}

// wait polls a condition on the fakes.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	tooLong := time.After(3 * time.Minute)
	for !ok() {
		select {
		case <-look.C:
		case <-tooLong:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// Ensure workers killed while messages are under way send nobody a second one and
// forget nobody: before the vendor stores the message, after it did and before it
// answers, and at whatever moment the kill falls otherwise.
func TestKilledWhileSending(t *testing.T) {
	t.Parallel()
	const people = 20
	pool := storetest.New(t)
	o := newOutside(t, pool, 200*time.Millisecond)
	o.populate(people)
	o.seed(t, pool)

	// The answer is held after the message was stored.
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", AfterStore: true, Hang: true, Times: 1})
	p := o.spawn(t)
	wait(t, "the first message", func() bool { return len(o.unipile.Sent()) >= 1 })
	p.kill(t)
	o.unipile.ClearFaults()

	// The request is held before it was stored.
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Hang: true, Times: 1})
	p = o.spawn(t)
	wait(t, "a held request", func() bool {
		for _, r := range o.unipile.Requests() {
			if r.FaultName != "" && r.Status == 0 && r.Operation == "start_chat" {
				return len(o.unipile.Sent()) >= 2
			}
		}
		return false
	})
	p.kill(t)
	o.unipile.ClearFaults()

	// In full swing.
	p = o.spawn(t)
	wait(t, "half of the messages", func() bool { return len(o.unipile.Sent()) >= people/2 })
	p.kill(t)

	o.spawn(t)
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	o.assertExactlyOnce(t, people)
	if got := o.receiver.Accepted(); got != people {
		t.Errorf("receiver accepted %d leads, want %d", got, people)
	}
}

// Ensure two workers on one database share the work and double nothing.
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	const people = 20
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(people)
	o.seed(t, pool)
	o.spawn(t)
	o.spawn(t)
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	o.assertExactlyOnce(t, people)
	if got := o.receiver.Duplicates(); got != 0 {
		t.Errorf("receiver got %d duplicates", got)
	}
}

// Ensure the first signal stops softly, with exit code 0 and nothing left running.
func TestStopsSoftly(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(3)
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Delay: 500 * time.Millisecond})
	o.seed(t, pool)
	p := o.spawn(t)
	wait(t, "a message under way", func() bool {
		for _, r := range o.unipile.Requests() {
			if r.Operation == "start_chat" {
				return true
			}
		}
		return false
	})
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("worker ended with %v, want exit code 0", err)
	}
	var running, sending, instances int
	err := pool.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM workers.river_job WHERE state = 'running'),
		(SELECT count(*) FROM workers.messages WHERE state = 'sending'),
		(SELECT count(*) FROM workers.instances)`).Scan(&running, &sending, &instances)
	if err != nil || running != 0 || sending != 0 || instances != 0 {
		t.Errorf("left %d running jobs, %d messages in sending, %d instances (%v)", running, sending, instances, err)
	}
	if sent := len(o.unipile.Sent()); sent == 0 {
		t.Error("the message under way was not finished")
	}
}

// Ensure a second signal ends a worker that still waits for its jobs.
func TestSecondSignalExits(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.environ["SOFT_STOP_TIMEOUT"] = "60s"
	o.environ["UNIPILE_TIMEOUT"] = "20s"
	o.populate(1)
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Hang: true})
	o.seed(t, pool)
	p := o.spawn(t)
	wait(t, "a held request", func() bool {
		for _, r := range o.unipile.Requests() {
			if r.Operation == "start_chat" {
				return true
			}
		}
		return false
	})
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wait(t, "the soft stop", func() bool { return strings.Contains(p.log.String(), `"msg":"stopping"`) })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	if code := p.cmd.ProcessState.ExitCode(); code != exitCut {
		t.Errorf("worker ended with exit code %d, want %d", code, exitCut)
	}
}
