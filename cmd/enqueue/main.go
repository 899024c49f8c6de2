// Command enqueue gives jobs to rows that are there already: polls to run now,
// webhooks to deliver again, emails to send, inboxes to read.
//
// It changes rows only together with the job that follows, a batch a transaction,
// so it may be stopped at any time and run any number of times. It must not do the
// work itself; the workers do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/queue"
)

// version is stamped at build time with -ldflags "-X main.version=…".
var version = "dev"

// Exit codes, which scripts rely on.
const (
	exitDone        = 0
	exitFailed      = 1
	exitWrongUsage  = 2
	exitInterrupted = 130 // as a shell says it: 128 and SIGINT
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal rolls back the batch at hand; a second one ends the process.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	stdout, stderr = terminal.NewWriter(stdout), terminal.NewWriter(stderr)
	root := command(environ)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(queue.WithClock(ctx, queue.NewClock(nil, nil)))
	if err == nil {
		return exitDone
	}
	failure := report{Command: cmd.Name()}
	stopped, begun := errors.AsType[*stoppedError](err)
	if begun {
		failure = stopped.report
	}
	code := exitCode(ctx, err)
	failure.Error = strings.TrimSpace(err.Error())
	if code == exitInterrupted && !begun {
		failure.Interrupted, failure.Error = true, "stopped before anything was done"
	}
	// The flags may be what is wrong, so they cannot be asked.
	if slices.Contains(args, "--json") || slices.Contains(args, "--json=true") {
		_ = failure.print(stdout, true)
		return code
	}
	if begun && failure.Handled > 0 {
		_ = failure.print(stdout, false)
	}
	fmt.Fprintln(stderr, "enqueue:", failure.Error)
	if code == exitWrongUsage {
		terminal.Fprintf(stderr, "See `%s --help`.\n", cmd.CommandPath())
	}
	return code
}

func exitCode(ctx context.Context, err error) int {
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitWrongUsage
	}
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return exitFailed
}
