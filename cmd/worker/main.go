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

// Exit codes, which scripts rely on.
const (
	exitDone       = 0
	exitFailed     = 1
	exitWrongUsage = 2
)

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal stops softly; from then on a second one ends the process.
	context.AfterFunc(ctx, stop)

	err := command(os.Environ()).ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errReported) {
		fmt.Fprintln(os.Stderr, "worker:", err)
	}
	return exitCode(err)
}

// errReported ends the process with a failure that was printed already.
var errReported = errors.New("reported")

// usageError says that the command line is wrong, as opposed to the world.
type usageError struct{ error }

func exitCode(err error) int {
	if _, ok := errors.AsType[usageError](err); ok {
		return exitWrongUsage
	}
	if err != nil {
		return exitFailed
	}
	return exitDone
}
