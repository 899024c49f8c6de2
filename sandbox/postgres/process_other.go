//go:build !linux

package postgres

import "syscall"

// endWithParent does nothing where the kernel has no such service. The server
// of a killed program ends there when the next Start removes its directory.
func endWithParent(*syscall.SysProcAttr) {}
