package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// logPipe hands log lines to a file that may stop taking them, as a pipe does whose
// reader stands still. Whoever writes a line waits until the file has it, so that a
// crash loses none, but never for long: a log that nobody reads must not stop work. What
// the file does not take is kept up to a limit, and beyond that counted and left out.
type logPipe struct {
	file     io.Writer
	limit    int           // bytes that wait
	patience time.Duration // of who writes a line, until the file is known to be stuck

	wake chan struct{} // holds one mark
	end  chan struct{}

	mu      sync.Mutex
	waiting []byte
	written chan struct{} // closed when what waits now was written
	stuck   bool          // somebody waited in vain, and nothing was written since
	dropped int64         // lines in all
	told    int64         // of those, how many the log itself says
	notice  func(lines int64) []byte
}

const (
	logLimit    = 4 << 20
	logPatience = 250 * time.Millisecond
	// How long the end of the process waits for a file that takes nothing.
	logFarewell = time.Second
)

func newLogPipe(file io.Writer) *logPipe { return startLogPipe(file, logLimit, logPatience) }

func startLogPipe(file io.Writer, limit int, patience time.Duration) *logPipe {
	p := &logPipe{
		file: file, limit: limit, patience: patience, wake: make(chan struct{}, 1), end: make(chan struct{}),
		written: make(chan struct{}),
		notice:  func(lines int64) []byte { return fmt.Appendf(nil, "%d log lines dropped\n", lines) },
	}
	go p.run()
	return p
}

// Write takes one line. It does not fail: what a log says about itself nobody reads.
func (p *logPipe) Write(line []byte) (int, error) {
	p.mu.Lock()
	if len(p.waiting)+len(line) > p.limit {
		p.dropped++
		p.mu.Unlock()
		return len(line), nil
	}
	p.waiting = append(p.waiting, line...)
	written, stuck := p.written, p.stuck
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	if !stuck && !within(written, p.patience) {
		p.mu.Lock()
		p.stuck = true
		p.mu.Unlock()
	}
	return len(line), nil
}

func (p *logPipe) run() {
	for {
		select {
		case <-p.wake:
		case <-p.end:
			return
		}
		for p.flush() {
		}
	}
}

// flush writes what waits, then how many lines are missing behind it, and reports
// whether there was anything.
func (p *logPipe) flush() bool {
	p.mu.Lock()
	lines, written, lost, notice := p.waiting, p.written, p.dropped-p.told, p.notice
	p.waiting, p.written, p.told = nil, make(chan struct{}), p.dropped
	p.mu.Unlock()
	defer close(written)
	if len(lines) == 0 && lost == 0 {
		return false
	}
	_, err := p.file.Write(lines)
	if err == nil && lost > 0 {
		_, _ = p.file.Write(notice(lost))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stuck = false
	if err != nil { // its reader is gone, say
		missing := int64(bytes.Count(lines, []byte("\n")))
		p.dropped, p.told = p.dropped+missing, p.told+missing
	}
	return true
}

// Dropped is how many lines nobody will read.
func (p *logPipe) Dropped() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped
}

// tellBy lets the log say in its own format how many lines are missing.
func (p *logPipe) tellBy(notice func(lines int64) []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notice = notice
}

// Close waits a moment for what the file has not taken yet.
func (p *logPipe) Close() {
	p.mu.Lock()
	rest, written := len(p.waiting), p.written
	p.mu.Unlock()
	if rest > 0 {
		within(written, logFarewell)
	}
	close(p.end)
}

// within waits until done is closed, and reports whether that was in time.
func within(done <-chan struct{}, patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
