// Package process runs the programs of the sandbox: children that end with it, and
// among them the real worker, built, started and stopped as a platform would.
//
// It must not know what a worker is for: who starts one says its environment.
package process

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Process is a child that ends with this program, however that ends.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

// Spawn starts a child from a thread that lives as long as the child: the kernel
// ends the child together with the thread that started it.
func Spawn(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	endWithParent(cmd.SysProcAttr)
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the state of the process says how it ended
			close(p.exited)
		}
	}()
	return p, <-started
}

// ID is the child's process id.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Exited is closed when the child is gone.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// ExitCode is how the child ended, as a shell would say it. Call it after Exited.
func (p *Process) ExitCode() int {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Signal is without effect on a child that has ended.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }
