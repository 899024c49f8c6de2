// Command worker runs the background jobs of Bravo revOS.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// version is stamped at build time with -ldflags "-X main.version=…".
var version = "dev"

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal stops softly; from then on a second one ends the process.
	context.AfterFunc(ctx, stop)

	err := command(os.Environ()).ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errReported):
		return 1
	default:
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1
	}
}

// errReported ends the process with a failure that was printed already.
var errReported = errors.New("reported")
