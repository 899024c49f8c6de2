package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bravorevos/workers/sandbox/postgres"
	"github.com/bravorevos/workers/sandbox/process"
)

func withPostgresCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "with-postgres -- COMMAND [ARGUMENT…]",
		Short: "Run a command with DATABASE_URL set to a Postgres that ends with it",
		Long: `with-postgres starts a private Postgres, runs the command with DATABASE_URL naming
it, and ends with the command's exit code. Where DATABASE_URL is set already, it
starts nothing and runs the command as it is.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPostgres(cmd.Context(), os.Getenv("DATABASE_URL"), args)
		},
	}
	cmd.Flags().SetInterspersed(false) // what follows the command is the command's
	return cmd
}

// withPostgres runs a command, on a private server unless databaseURL names one.
// The error is an [exitError] when the command fails.
func withPostgres(ctx context.Context, databaseURL string, args []string) (err error) {
	environ := os.Environ()
	if databaseURL == "" {
		server, err := postgres.Start(ctx, postgres.Options{Log: os.Stderr})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		environ = append(environ, "DATABASE_URL="+server.URL())
	}
	return runCommand(ctx, environ, args)
}

// runCommand runs a command to its end and passes signals on. What a terminal
// sends on Ctrl-C reaches the command by itself, so that is not passed on: many
// programs take a second one as "at once".
func runCommand(ctx context.Context, environ, args []string) error {
	fromTerminal := []os.Signal{os.Interrupt, syscall.SIGQUIT}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, append(fromTerminal, syscall.SIGTERM, syscall.SIGHUP)...)
	defer signal.Stop(signals)
	if ctx.Err() != nil {
		return context.Cause(ctx) // a signal came while the server started
	}
	onTerminal := term.IsTerminal(int(os.Stdin.Fd()))

	cmd := exec.CommandContext(context.WithoutCancel(ctx), args[0], args[1:]...) // ctx ends on the signals passed on
	cmd.Env = environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	p, err := process.Spawn(cmd)
	if err != nil {
		return fmt.Errorf("run %s: %w", args[0], err)
	}
	for {
		select {
		case s := <-signals:
			if !onTerminal || !slices.Contains(fromTerminal, s) {
				p.Signal(s.(syscall.Signal))
			}
		case <-p.Exited():
			if code := p.ExitCode(); code != 0 {
				return &exitError{code}
			}
			return nil
		}
	}
}
