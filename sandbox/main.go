// Command sandbox is the pretend outside world on one machine: a Postgres, a
// LinkedIn behind Unipile, a Resend and a customer's webhook receiver, with the
// real worker binary running against them. "sandbox demo" runs a whole campaign
// and compares what was scripted, what the database holds and what arrived.
//
// It must not import the product's packages: it knows the worker by its binary,
// its environment and its tables, as production does.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/sandbox/bench"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal stops in order; from then on a second one ends the process.
	context.AfterFunc(ctx, stop)

	err := command().ExecuteContext(ctx)
	if _, passed := errors.AsType[*exitError](err); err != nil && !passed {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
	}
	return exitCode(ctx, err)
}

// exitError ends the process with the exit code of a command.
type exitError struct{ code int }

// Error names the code.
func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// interrupted is the exit code of a program that ended on Ctrl-C.
const interrupted = 130

func exitCode(ctx context.Context, err error) int {
	exit, passed := errors.AsType[*exitError](err)
	switch {
	case err == nil:
		return 0
	case passed:
		return exit.code
	case ctx.Err() != nil:
		return interrupted
	default:
		return 1
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "sandbox",
		Short:         "The pretend outside world, and a demo of the worker in it",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("say what to do: demo, serve, bench or with-postgres; see --help")
		},
	}
	root.AddCommand(demoCommand(), serveCommand(), withPostgresCommand(), bench.Command())
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// addFlags adds the flags of everything that runs workers.
func (o *options) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.databaseURL, "database-url", "",
		"server to make the database on, dropped at the end (default $DATABASE_URL, else a private server)")
	f.IntVar(&o.workers, "workers", 1, "worker processes")
	f.BoolVar(&o.verbose, "verbose", false, "show the workers' logs")
}

func (o *options) check() error {
	if o.workers < 1 {
		return errors.New("--workers must be 1 or more")
	}
	return nil
}
