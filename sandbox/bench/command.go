package bench

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// Command is "sandbox bench".
func Command() *cobra.Command {
	o := defaults()
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the real worker beside River's no-op jobs, on the same Postgres",
		Long:  help(),
		Example: `  go run ./sandbox bench --scenario drain --runs 1            # the quickest answer
  go run ./sandbox bench --scenario backlog --backlog 1000000 --backlog-time 2m
  go run ./sandbox bench --json before.json                   # all of it, to compare with later
  go run ./sandbox bench --set shared_buffers=4GB --set wal_compression=lz4`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out, o.Log = cmd.OutOrStdout(), cmd.ErrOrStderr()
			if o.Dir == "" {
				o.DatabaseURL = cmp.Or(o.DatabaseURL, os.Getenv("DATABASE_URL"))
			}
			return Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.Scenarios, "scenario", nil, "only these, with commas between")
	f.StringVar(&o.Case, "case", "", "only lines whose name holds this, such as \"200 receivers\"")
	f.IntVar(&o.Runs, "runs", o.Runs, "how often; medians are shown")
	f.StringVar(&o.JSON, "json", "", "write everything to this file, too")
	f.IntVar(&o.Rows, "rows", o.Rows, "rows of a drain")
	f.DurationVar(&o.Limit, "limit", o.Limit, "a drain that takes longer is broken off; its rate is that of the time it had")
	f.IntVar(&o.NoopJobs, "noop-jobs", o.NoopJobs, "jobs of the yardstick")
	f.IntVar(&o.Backlog, "backlog", o.Backlog, "rows of the backlog")
	f.DurationVar(&o.BacklogTime, "backlog-time", o.BacklogTime, "how long the backlog is followed")
	f.IntSliceVar(&o.Rates, "rates", o.Rates, "rows and answers a second")
	f.DurationVar(&o.Length, "length", o.Length, "how long each rate is kept up, after a second that does not count")
	f.IntVar(&o.Hanging, "hanging", o.Hanging, "rows a second for ten receivers of which one hangs")
	f.DurationVar(&o.HangingTime, "hanging-time", o.HangingTime, "how long")
	f.DurationVar(&o.Idle, "idle", o.Idle, "how long a worker without work is watched")
	f.StringVar(&o.DatabaseURL, "database-url", "",
		"server to make databases on, dropped at the end (default $DATABASE_URL, else a private server)")
	f.StringVar(&o.Dir, "dir", "", "where the private server lives, on the disk that is to be measured (default a temporary one)")
	f.StringToStringVar(&o.Settings, "set", nil, "setting of the private server, such as shared_buffers=4GB")
	cmd.MarkFlagsMutuallyExclusive("database-url", "dir")
	return cmd
}

func help() string {
	var text strings.Builder
	text.WriteString(`bench builds cmd/worker, runs it as in production against a Postgres that waits for its
disk, writes rows as producers do, and takes the webhooks in receivers of its own, on this
machine. River's no-op jobs on the same Postgres in the same run are the yardstick: a
figure of another machine says little, its ratio to the yardstick much.

Scenarios, of which all run unless --scenario names some; the last two run once:

`)
	for _, s := range scenarios() {
		fmt.Fprintf(&text, "  %-10s%s\n", s.name, s.about)
	}
	text.WriteString(`
How it is measured:

  - A drain begins with the commit that makes all its rows due, before a worker that is
    running, and ends when the last row is sent, as the database has it.
  - A rate is kept up whether or not the worker can follow. Times count from the commit of
    a row, as its producer sees it, to the head of the request at the receiver.
  - CPU is that of the processes: of the workers, and of all of Postgres. The receivers'
    and the producers' own is not counted, and takes from the same cores.
  - Statements and transactions are those of the worker's database without this program's.
  - Bytes of WAL are those of the server without the whole pages that a checkpoint brings,
    since none comes in between.
  - What a drain begins with, such as finding out which row is for whom, is shared among what
    was delivered: one that was broken off looks dearer than it would be to the end.
  - Whatever was slow or fast: a row that is sent and never arrived, or arrived twice,
    ends the bench with exit code 1.

Progress goes to standard error, the tables, in Markdown, to standard output.`)
	return text.String()
}
