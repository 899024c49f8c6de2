package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// demo is what the flags ask for.
type demo struct {
	options

	kill       killing
	keep, exit bool
}

func demoCommand() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run one campaign from comment to lead, and compare all sides",
		Long: `demo runs the real worker against pretend services: one post with more than 120
comments, 42 people to write to, a receiver that fails twice. It ends with a table
of the script, the database, the worker's counters and what the services received,
and with exit code 1 when any two disagree.

On a terminal it stays up afterwards until Ctrl-C.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(cmd.Context(), newScreen(os.Stdout))
		},
	}
	d.addFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&d.keep, "keep", false, "stay up at the end, also without a terminal")
	f.BoolVar(&d.exit, "exit", false, "end at once, also on a terminal")
	f.IntVar(&d.kill.after, "kill-after", 0, "kill -9 a worker after this many messages, and start it again")
	f.IntVar(&d.kill.times, "kills", 1, "how often to do so, each after as many messages more")
	cmd.MarkFlagsMutuallyExclusive("keep", "exit")
	return cmd
}

// check refuses flags that cannot come true.
func (d *demo) check(want figures) error {
	if d.kill.after == 0 {
		d.kill.times = 0
	}
	most := want.FirstDMs + want.BackupLinks
	if d.kill.after < 0 || d.kill.times < 0 || d.kill.after*d.kill.times > most {
		return fmt.Errorf("--kill-after times --kills must be between 0 and %d, the number of messages", most)
	}
	return d.options.check()
}

func (d *demo) run(ctx context.Context, out *screen) (err error) {
	want := newWorld().expected()
	if err := d.check(want); err != nil {
		return err
	}
	out.printf("\nOne campaign: %d comments, %d people to write to, %d addresses to get.\n\n",
		want.Comments, want.FirstDMs, want.Addresses)
	s, err := raise(ctx, d.options, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	start := time.Now()
	out.printf("\nOn purpose, the receiver fails %d times and Unipile reports a timeout for a DM\nthat went out.\n\n", receiverFailures)
	slow := s.watch(ctx, out, want, d.kill)
	if slow != nil && !errors.Is(slow, errTooSlow) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return errors.Join(slow, s.logs())
	}

	r, err := s.compare(ctx, want, d.kill.times > 0)
	if err != nil {
		return err
	}
	out.printf("\n")
	r.print(out.out, out.terminal)
	stay := d.keep || out.terminal && !d.exit
	out.printPages(s.pages(), stay)
	switch {
	case slow != nil:
		return errors.Join(slow, s.logs())
	case !r.ok():
		return errors.Join(errors.New("the sides disagree: see the table"), s.logs())
	}
	out.printf("\nAll sides agree after %.1fs.\n", time.Since(start).Seconds())
	if stay {
		out.printf("Ctrl-C ends it.\n")
		<-ctx.Done()
	}
	return nil
}

// printPages lists what there is to look at.
func (s *screen) printPages(pages []page, up bool) {
	heading := "Look around:"
	if !up {
		heading = "Pages of this run (--keep leaves them up):"
	}
	s.printf("\n%s\n", heading)
	for _, p := range pages {
		login := ""
		if p.user != "" {
			login = "   " + p.user + " / " + p.password
		}
		s.printf("  %-17s %s%s\n", p.name, p.url, login)
	}
}
