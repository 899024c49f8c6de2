package unipile_test

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// hasUserTimeout is 1 where the kernel knows such a limit.
const hasUserTimeout = 1

// userTimeout reads the limit of a connection, in milliseconds.
func userTimeout(t *testing.T, conn net.Conn) (ms int) {
	t.Helper()
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Error(err)
		return 0
	}
	err = raw.Control(func(fd uintptr) {
		ms, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
	})
	if err != nil {
		t.Error(err)
	}
	return ms
}

// smallBuffer lets a socket take as little as the kernel allows.
func smallBuffer(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) })
}
