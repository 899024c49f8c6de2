//go:build !linux

package unipile

import (
	"syscall"
	"time"
)

// limitUndelivered does nothing where the kernel knows no such limit: there only the
// process itself gives a connection up.
func limitUndelivered(time.Duration) func(network, address string, c syscall.RawConn) error {
	return nil
}
