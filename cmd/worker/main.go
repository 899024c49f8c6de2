// Command worker runs the background jobs of Bravo revOS.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/queue"
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
	exitCut        = 130 // a second signal; as a shell says it: 128 and SIGINT
)

func run() int {
	// The first signal stops softly, a second one ends the process. The channel
	// holds both, so that none is lost however fast they follow each other.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stderr := newLogPipe(os.Stderr)
	defer stderr.Close()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(stderr, "worker: second signal: not waiting for running jobs")
		os.Exit(exitCut)
	}()

	slog.SetDefault(slog.New(libraryLog{newLogger(config.Config{LogFormat: "auto"}, stderr).Handler()}))
	ctx = queue.WithClock(ctx, queue.NewClock(nil, nil))
	return execute(ctx, os.Args[1:], os.Environ(), os.Stdout, stderr)
}

// execute runs a command and returns the exit code. Nothing that strangers wrote reaches
// the terminal but by way of [terminal.Writer].
func execute(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	stdout, stderr = terminal.NewWriter(stdout), terminal.NewWriter(stderr)
	root := command(environ)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errReported) {
		fmt.Fprintln(stderr, "worker:", err)
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
