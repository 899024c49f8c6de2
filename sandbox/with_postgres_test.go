package main

import (
	"context"
	"errors"
	"testing"
)

// Ensure the command's exit code comes through, on a server of its own, which is
// there while the command runs, and on a given one, which is left alone.
func TestWithPostgres(t *testing.T) {
	t.Parallel()
	const given = "postgres://nobody@127.0.0.1:1/none"
	tests := []struct {
		name, databaseURL, script string
		want                      int
	}{
		{"success", given, "exit 0", 0},
		{"failure", given, "exit 7", 7},
		{"killed", given, "kill -9 $$", 137},
		{"own server", "", `case "$DATABASE_URL" in postgres://*) exit 7;; *) exit 1;; esac`, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := withPostgres(t.Context(), tt.databaseURL, []string{"sh", "-c", tt.script})
			if got := exitCode(t.Context(), err); got != tt.want {
				t.Errorf("exit code %d (%v), want %d", got, err, tt.want)
			}
		})
	}
}

// Ensure a command that does not exist is an error of ours and no exit code.
func TestWithPostgresUnknownCommand(t *testing.T) {
	t.Parallel()
	err := withPostgres(t.Context(), "postgres://127.0.0.1:1/none", []string{"there-is-no-such-command"})
	if _, passed := errors.AsType[*exitError](err); err == nil || passed {
		t.Errorf("error is %v, want that the command cannot run", err)
	}
}

// Ensure a signal to this program reaches the command.
//
//nolint:paralleltest // a signal to this process would reach the commands of other tests
func TestRunCommandPassesSignals(t *testing.T) {
	script := `trap "exit 9" TERM; kill -TERM $PPID; while :; do sleep 0.01; done`
	err := runCommand(t.Context(), nil, []string{"sh", "-c", script})
	if got := exitCode(t.Context(), err); got != 9 {
		t.Errorf("exit code %d (%v), want 9", got, err)
	}
}

// Ensure nothing is run when a signal came before the command could start.
func TestRunCommandInterruptedBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := runCommand(ctx, nil, []string{"sh", "-c", "exit 7"})
	if got := exitCode(ctx, err); got != interrupted {
		t.Errorf("exit code %d (%v), want %d", got, err, interrupted)
	}
}
