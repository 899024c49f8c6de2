package postgres

import "syscall"

// endWithParent lets the kernel end the child, with PostgreSQL's immediate
// shutdown, when this program ends in whatever way.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
