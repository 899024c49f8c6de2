package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// fullPipe is one that takes nothing more, until somebody reads.
func fullPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
	if err := writer.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = writer.Write(bytes.Repeat([]byte(".\n"), 2048))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return reader, writer
}

// spawnWithLog starts the real worker with this file as its standard error.
func (o *outside) spawnWithLog(t *testing.T, log *os.File) *process {
	t.Helper()
	return o.spawnOf(t, binary, func(p *process) { p.cmd.Stderr = log })
}

// Ensure a log that nobody reads stops neither the work of a real process nor its end, and
// that somebody who begins to read finds what was kept.
func TestLogThatNobodyReads(t *testing.T) {
	t.Parallel()
	const people = 5
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(people)
	o.seed(t, pool)
	reader, writer := fullPipe(t)
	p := o.spawnWithLog(t, writer)
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	o.assertExactlyOnce(t, people)

	_ = writer.Close() // the worker has its own
	var log []string
	var reading sync.WaitGroup
	read := make(chan string, 1)
	reading.Go(func() {
		lines := bufio.NewScanner(reader)
		for lines.Scan() {
			if line := strings.TrimLeft(lines.Text(), "."); line != "" {
				log = append(log, line)
				if strings.Contains(line, `"worker started"`) {
					read <- line
				}
			}
		}
	})
	select {
	case <-read:
	case <-time.After(60 * time.Second):
		t.Error("what was written before anybody read is lost")
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("worker ended with %v, want exit code 0", err)
	}
	reading.Wait()
	text := strings.Join(log, "\n")
	if got := strings.Count(text, `"kind":"deliver_webhook"`); got < people {
		t.Errorf("%d attempts at deliveries are in the log, want %d or more", got, people)
	}
	assertContains(t, text, `"msg":"stopped"`)
}

// Ensure a process whose log takes nothing ends when it is told to, softly and by a
// second signal.
func TestEndsWithoutLog(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]bool{"softly": false, "at once": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			o := newOutside(t, pool, 0)
			o.environ["SOFT_STOP_TIMEOUT"], o.environ["UNIPILE_TIMEOUT"] = "60s", "20s"
			_, writer := fullPipe(t)
			p := o.spawnWithLog(t, writer)
			const leads = "SELECT EXISTS (SELECT FROM workers.river_leader)"
			until(t, pool, "the worker to work", leads)
			want := exitDone
			if second {
				want = exitCut // it would wait for the message
				o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Hang: true})
				o.populate(1)
				o.seed(t, pool)
				until(t, pool, "a message under way", "SELECT EXISTS (SELECT FROM workers.messages WHERE state = 'sending')")
				if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				until(t, pool, "the soft stop", "SELECT NOT ("+leads[len("SELECT "):]+")")
			}
			if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = p.cmd.Wait()
			if code := p.cmd.ProcessState.ExitCode(); code != want {
				t.Errorf("worker ended with exit code %d, want %d", code, want)
			}
		})
	}
}

// Ensure a log whose reader is gone does not end the process.
func TestLogWhoseReaderIsGone(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(1)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := o.spawnWithLog(t, writer)
	p.untilListed(t, pool)
	if _, err := bufio.NewReader(reader).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_, _ = reader.Close(), writer.Close()
	o.seed(t, pool)
	until(t, pool, "the lead delivered", everyLeadDelivered, 1)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("worker ended with %v, want exit code 0", err)
	}
}

// Ensure lines beyond the limit are counted and told once the log is read again, in its
// own format, and that no line waits longer than it may.
func TestLogPipe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		p := startLogPipe(writer, 100, time.Second)
		logger := newLogger(config.Config{LogFormat: "json", LogLevel: "info"}, p)
		start := time.Now()
		for i := range 10 {
			logger.Info(fmt.Sprintf("line %d of forty characters or so", i)) //nolint:sloglint // all of one length
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("ten lines were held up for %s, want a second: once it is known that nobody reads, none waits", took)
		}
		// One is being written, one waits: each is longer than half of the limit.
		if got := p.Dropped(); got != 8 {
			t.Errorf("%d lines dropped, want 8", got)
		}
		var text strings.Builder
		var reading sync.WaitGroup
		reading.Go(func() { _, _ = io.Copy(&text, reader) })
		synctest.Wait()
		logger.Info("read again")
		p.Close()
		_ = writer.Close()
		reading.Wait()
		assertContains(t, text.String(), "line 0", "line 1", `"lines":8`, "read again")
		if strings.Contains(text.String(), "line 2") {
			t.Errorf("more was kept than the limit allows:\n%s", text.String())
		}
	})
}

// Ensure the end of a process waits for lines, but not for ever.
func TestLogPipeCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		p := startLogPipe(writer, 1000, time.Millisecond)
		for range 3 {
			_, _ = p.Write([]byte("line\n"))
		}
		start := time.Now()
		p.Close()
		if took := time.Since(start); took != logFarewell {
			t.Errorf("closing took %s, want %s", took, logFarewell)
		}
		_ = reader.Close()
		synctest.Wait()
	})
}
