package integrations

import (
	"errors"
	"net"
	"slices"
	"syscall"
)

// isLocal tells that this machine has run out of file handles, memory or ports.
func isLocal(err error) bool {
	return isAny(err, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL)
}

func isUnreachable(err error) bool {
	if isAny(err, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN) {
		return true
	}
	// Without a port left the kernel says "no such address"; but for IPv6 it says so
	// on a machine that has none.
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || !errors.Is(err, syscall.EADDRNOTAVAIL) {
		return false
	}
	target, ok := op.Addr.(*net.TCPAddr)
	return ok && target.IP.To4() == nil
}

func isAny(err error, numbers ...syscall.Errno) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && slices.Contains(numbers, errno)
}

// routed reports whether this machine has a way out at all. "No route" to an IPv6
// address from a machine without IPv6 is no outage of ours: the service has to be
// reachable over IPv4, as nearly all are.
//
// It asks the kernel for the way to root name servers; connecting a UDP socket sends
// nothing. https://www.iana.org/domains/root/servers
func routed() bool {
	for _, address := range []string{"198.41.0.4:53", "[2001:503:ba3e::2:30]:53"} {
		if conn, err := net.Dial("udp", address); err == nil { //nolint:noctx // returns at once
			_ = conn.Close()
			return true
		}
	}
	return false
}
