package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// freeze stops the process where it stands, as a suspended machine would.
func (p *process) freeze(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// thaw lets it go on.
func (p *process) thaw(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// thawTakenOver lets a worker go on whose work others have, and expects it to end.
func (p *process) thawTakenOver(t *testing.T) {
	t.Helper()
	p.thaw(t)
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("a worker that was taken over goes on")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(p.log.String(), "took over the work") {
		t.Errorf("it ended with exit code %d, want %d and the reason", code, exitFailed)
	}
}

// untilTakenOver waits until another worker has taken a process for dead.
func (p *process) untilTakenOver(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	until(t, pool, "the frozen worker to be taken over",
		`SELECT NOT EXISTS (SELECT FROM workers.instances WHERE id LIKE '%\_' || $1::int || '\_%')`, p.cmd.Process.Pid)
}

// untilListed waits until a worker beats, so that it can be taken over.
func (p *process) untilListed(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	until(t, pool, "the worker to beat",
		`SELECT EXISTS (SELECT FROM workers.instances WHERE id LIKE '%\_' || $1::int || '\_%')`, p.cmd.Process.Pid)
}

// Ensure Postgres does not cut the name of a worker's connections, by which others
// find them, on a machine of any name.
func TestNameFitsPostgres(t *testing.T) {
	t.Parallel()
	id := fmt.Sprintf(instanceFormat, strings.Repeat("h", 64), 1<<22, "01234567")
	if name := queue.Application(id); len(name) > 63 {
		t.Errorf("%q has %d bytes", name, len(name))
	}
}

// startedChats counts the first messages that reached the vendor, answered or not.
func (o *outside) startedChats() int {
	n := 0
	for _, r := range o.unipile.Requests() {
		if r.Operation == "start_chat" {
			n++
		}
	}
	return n
}

// Ensure a worker that was frozen while the vendor had its request, and wakes up when
// another has done all the work, ends without sending anything.
func TestFrozenWhileSending(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]unipile.Fault{
		"stored":     {Operation: "start_chat", Hang: true, Times: 1, AfterStore: true},
		"not stored": {Operation: "start_chat", Hang: true, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const people = 6
			pool := storetest.New(t)
			o := newOutside(t, pool, 200*time.Millisecond)
			o.populate(people)
			o.seed(t, pool)
			o.unipile.AddFault(fault)
			frozen := o.spawn(t)
			wait(t, "a request", func() bool { return o.startedChats() > 0 })
			frozen.freeze(t)

			o.spawn(t)
			until(t, pool, "all leads delivered", everyLeadDelivered, people)
			frozen.thawTakenOver(t)
			o.assertExactlyOnce(t, people)
		})
	}
}

// Ensure a worker that was frozen after it claimed a message and before it sent it
// does not send it when it wakes up, for another has done so.
func TestFrozenBeforeSending(t *testing.T) {
	t.Parallel()
	const people = 6
	pool := storetest.New(t)
	o := newOutside(t, pool, 200*time.Millisecond)
	o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "300ms", "400ms" // one at a time
	o.populate(people)
	o.seed(t, pool)

	// The claim is committed, and the worker does not hear of it before it is frozen.
	claimed, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	direct := o.environ["DATABASE_URL"]
	o.environ["DATABASE_URL"] = answersAfter(t, direct, func() {
		var n int
		err := pool.QueryRow(t.Context(), "SELECT count(*) FROM workers.messages WHERE state = 'sending'").Scan(&n)
		if err != nil || n == 0 {
			return
		}
		once.Do(func() { close(claimed) })
		select {
		case <-goOn:
		case <-t.Context().Done():
		}
	})
	frozen := o.spawn(t)
	o.environ["DATABASE_URL"] = direct
	wait(t, "a claim", func() bool {
		select {
		case <-claimed:
			return true
		default:
			return false
		}
	})
	frozen.freeze(t)
	close(goOn)
	if n := o.startedChats(); n != 0 {
		t.Fatalf("%d chats are started before the worker heard of its claim", n)
	}

	o.spawn(t)
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	frozen.thawTakenOver(t)
	o.assertExactlyOnce(t, people)
}

// Ensure a worker that nobody took over goes on when it wakes up.
func TestFrozenAlone(t *testing.T) {
	t.Parallel()
	const people = 6
	pool := storetest.New(t)
	o := newOutside(t, pool, 200*time.Millisecond)
	o.populate(people)
	o.seed(t, pool)
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Hang: true, Times: 1, AfterStore: true})
	p := o.spawn(t)
	wait(t, "a request", func() bool { return o.startedChats() > 0 })
	p.freeze(t)
	until(t, pool, "ten seconds of silence", "SELECT max(beat_at) < now() - interval '11 s' FROM workers.instances")
	p.thaw(t)
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	o.assertExactlyOnce(t, people)
	until(t, pool, "the worker to beat on", "SELECT count(*) = 1 AND max(beat_at) > now() - interval '5 s' FROM workers.instances")
}

// Ensure workers that freeze at any moment, one after the other, double and lose
// nothing between them.
func TestFrozenAgainAndAgain(t *testing.T) {
	t.Parallel()
	const people = 40
	pool := storetest.New(t)
	o := newOutside(t, pool, 200*time.Millisecond)
	o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "200ms", "300ms"
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Delay: 100 * time.Millisecond})
	o.populate(people)
	o.seed(t, pool)
	workers := []*process{o.spawn(t), o.spawn(t)}
	for round := range 2 {
		p := workers[round%2]
		p.untilListed(t, pool)
		sent, more := len(o.unipile.Sent()), 1+rand.IntN(4)
		wait(t, "some messages", func() bool { return len(o.unipile.Sent()) >= min(sent+more, 2*people) })
		p.freeze(t)
		p.untilTakenOver(t, pool)
		p.thawTakenOver(t)
		workers[round%2] = o.spawn(t)
	}
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	o.assertExactlyOnce(t, people)
}

// answersAfter is the address of a database each of whose answers arrives when before
// has returned.
func answersAfter(t *testing.T, database string, before func()) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() {
		stop()
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
			if err != nil {
				_ = near.Close()
				continue
			}
			cut := context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
			running.Go(func() {
				_, _ = io.Copy(far, near)
				_ = far.Close()
			})
			running.Go(func() {
				defer cut()
				_, _ = io.Copy(lateWriter{near, before}, far)
				_ = near.Close()
			})
		}
	})
	u.Host = listener.Addr().String()
	return u.String()
}

// lateWriter passes on what it is given when before has returned.
type lateWriter struct {
	to     io.Writer
	before func()
}

func (w lateWriter) Write(p []byte) (int, error) {
	w.before()
	return w.to.Write(p)
}
