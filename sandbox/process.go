package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// process is a child that ends with this program, however that ends.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the child is gone
}

// spawn starts a child from a thread that lives as long as the child: the kernel
// ends the child together with the thread that started it.
func spawn(cmd *exec.Cmd) (*process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	endWithParent(cmd.SysProcAttr)
	p := &process{cmd: cmd, exited: make(chan struct{})}
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

// exitCode is how the child ended, as a shell would say it. Call it after exited.
func (p *process) exitCode() int {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return p.cmd.ProcessState.ExitCode()
}

// signal is without effect on a child that has ended.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }
