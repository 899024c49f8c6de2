package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// usageError says that the command line is wrong, as opposed to the world.
type usageError struct{ message string }

// Error is what is wrong, and how it would be right.
func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return &usageError{message: fmt.Sprintf(format, args...)}
}

// command is the tree of subcommands.
func command(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "enqueue",
		Short: "Gives jobs to rows that are there already",
		Long: `enqueue gives jobs to rows that are there already: it runs polls now, delivers
webhooks again, sends emails that were left, and looks for answers. The workers do
the work; enqueue only puts it into their queue, in DATABASE_URL.

It is safe to stop with Ctrl-C and to run twice: each batch of rows is one
transaction, and a row whose job waits or runs gets no second one.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.`,
		Example: `  enqueue webhooks --since 24h --dry-run     what would be delivered again
  enqueue webhooks --since 24h               deliver it
  enqueue scrape --campaign 0b9c…            poll a campaign's posts now
  enqueue notifications --status failed      try emails again that failed
  enqueue replies --account aZ3k…            read an account's inbox now`,
		Version:       version,
		Args:          wantSubcommand,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("say what to enqueue: %s", strings.Join(subcommandNames(cmd), ", "))
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%s", err) })
	root.AddCommand(scrapeCommand(environ), webhooksCommand(environ), notificationsCommand(environ), repliesCommand(environ))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	return root
}

func wantSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("unknown command %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return usagef("unknown command %q; known are %s", args[0], strings.Join(subcommandNames(cmd), ", "))
}

func subcommandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			names = append(names, c.Name())
		}
	}
	return names
}

// subcommand is what the four of them differ in.
type subcommand[K comparable] struct {
	statuses statuses
	source   func(q *store.Queries, f filter) source[K]

	check     func(f *filter, o options) error // what the flags say together; nil: nothing more
	named     namedFunc                        // what is said of rows named by --id; nil: nothing
	perSecond int                              // default of --per-second; 0: there is no such flag
}

// namedFunc refuses ids that no row has, and notes those that the filter leaves out.
type namedFunc func(ctx context.Context, db store.DBTX, q *store.Queries, f filter, notes io.Writer) error

// options are the flags that say how, not which rows.
type options struct {
	dryRun, json bool
	limit, batch int
	perSecond    int
}

// attach gives a command the flags that all share, and makes it run.
func (s subcommand[K]) attach(cmd *cobra.Command, environ []string) *cobra.Command {
	var f filter
	var o options
	f.addFlags(cmd.Flags(), s.statuses, time.Now())
	o.addFlags(cmd.Flags())
	if s.perSecond > 0 {
		cmd.Flags().IntVar(&o.perSecond, "per-second", s.perSecond, "put no more than `n` jobs a second into the queue (0: as fast as can be)")
	}
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("unexpected argument %q; a row is named with --id", args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if s.check != nil {
			if err := s.check(&f, o); err != nil {
				return err
			}
		}
		if err := errors.Join(f.complete(s.statuses), o.check()); err != nil {
			return err
		}
		return s.run(cmd, environ, f, o)
	}
	return cmd
}

func (s subcommand[K]) run(cmd *cobra.Command, environ []string, f filter, o options) error {
	ctx := cmd.Context()
	pool, err := openDatabase(ctx, environ)
	if err != nil {
		return err
	}
	defer pool.Close()
	queries := store.New()
	if err := checkScope(ctx, pool, queries, f); err != nil {
		return err
	}
	if s.named != nil && len(f.ids) > 0 {
		if err := s.named(ctx, pool, queries, f, cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	client, err := queue.NewInserter(pool, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
	if err != nil {
		return err
	}
	w := &walk[K]{
		pool: pool, queries: queries, client: client, source: s.source(queries, f), options: o,
		pace:   newPace(o.perSecond),
		report: report{Command: cmd.Name(), DryRun: o.dryRun, Statuses: f.statuses},
	}
	if err := w.run(ctx, cmd.ErrOrStderr()); err != nil {
		return err
	}
	return w.report.print(cmd.OutOrStdout(), o.json)
}

func (o *options) addFlags(set *pflag.FlagSet) {
	set.BoolVar(&o.dryRun, "dry-run", false, "count, list up to 20 rows, and change nothing")
	set.IntVar(&o.limit, "limit", 0, "look at no more than `n` matching rows, in the order of their ids (0: all)")
	set.IntVar(&o.batch, "batch", 500, "`rows` a transaction, 1 to 5000")
	set.BoolVar(&o.json, "json", false, "print one JSON object at the end, also for errors")
}

func (o *options) check() error {
	if o.limit < 0 {
		return usagef("--limit %d is below 0, which already means all", o.limit)
	}
	if o.perSecond < 0 {
		return usagef("--per-second %d is below 0, which already means as fast as can be", o.perSecond)
	}
	if o.batch < 1 || o.batch > 5000 {
		return usagef("--batch %d is not between 1 and 5000", o.batch)
	}
	return nil
}
