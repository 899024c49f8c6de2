package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start the demo's world and leave it up to play with",
		Long: `serve starts Postgres, the pretend services and the worker on a seeded campaign,
and prints the environment with which further commands can join.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), o, newScreen(os.Stdout))
		},
	}
	o.addFlags(cmd)
	return cmd
}

// serve runs until ctx ends or a worker does.
func serve(ctx context.Context, o options, out *screen) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	out.printf("\n")
	s, err := raise(ctx, o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	out.printf("\n")
	settings := s.environment()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		out.printf("export %s='%s'\n", name, settings[name])
	}
	out.printPages(s.pages(), true)
	out.printf("\nCtrl-C ends it.\n")
	for {
		if err := s.alive(); err != nil {
			return errors.Join(err, s.logs())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}
