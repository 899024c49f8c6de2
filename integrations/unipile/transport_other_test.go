//go:build !linux

package unipile_test

import (
	"net"
	"syscall"
	"testing"
)

// hasUserTimeout is 0 where the kernel knows no such limit.
const hasUserTimeout = 0

func userTimeout(*testing.T, net.Conn) int { return 0 }

// smallBuffer leaves the socket as it is.
func smallBuffer(_, _ string, _ syscall.RawConn) error { return nil }
