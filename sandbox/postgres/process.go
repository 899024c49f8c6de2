package postgres

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a running child.
type process struct {
	pid    int
	handle *os.Process
	exited chan struct{} // closed when the child is gone
	err    error         // how it ended; read it after exited
}

// spawn starts a child from a thread that lives as long as the child: the
// kernel ends the child when the thread that started it ends, which would
// otherwise be any idle thread of the Go runtime.
func spawn(cmd *exec.Cmd) (*process, error) {
	p := &process{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid, p.handle = cmd.Process.Pid, cmd.Process
		started <- nil
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, <-started
}

// signal is without effect on a child that has ended.
func (p *process) signal(s syscall.Signal) { _ = p.handle.Signal(s) }
