package unipile

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitUndelivered lets the kernel give up a connection on which something was not
// acknowledged for that long: https://man7.org/linux/man-pages/man7/tcp.7.html
func limitUndelivered(d time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
		})
		if err != nil {
			return err
		}
		return failed
	}
}
