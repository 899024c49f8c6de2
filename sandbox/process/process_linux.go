package process

import "syscall"

// endWithParent lets the kernel end the child when this program ends in whatever way.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
