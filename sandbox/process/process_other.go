//go:build !linux

package process

import "syscall"

// endWithParent does nothing where the kernel has no such service.
func endWithParent(*syscall.SysProcAttr) {}
