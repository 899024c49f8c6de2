package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/config"
)

// command is the tree of subcommands; without one the worker runs.
func command(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "worker",
		Short: "Turns LinkedIn comments into leads",
		Long: `worker polls comments, sends direct messages, reads the answers, delivers leads as
signed webhooks and emails pod members. Its work is rows in Postgres; see docs/.

Without a subcommand it runs until SIGINT or SIGTERM: it then lets running jobs
finish for SOFT_STOP_TIMEOUT, cuts them short after that, and a second signal ends
it at once. Everything is set in the environment: see "worker help environment".`,
		Version:       buildVersion(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runWorker(cmd.Context(), environ, cmd.ErrOrStderr())
		},
	}
	root.AddCommand(
		&cobra.Command{
			Use: "run", Short: "Run the jobs (the default)", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return runWorker(cmd.Context(), environ, cmd.ErrOrStderr())
			},
		},
		migrateCommand(environ),
		&cobra.Command{
			Use: "check", Short: "Try the database, Unipile, Resend and the secrets of campaigns, and say what is wrong", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return check(cmd.Context(), environ, cmd.OutOrStdout()) },
		},
		&cobra.Command{
			Use: "health", Short: "Ask the worker that runs on this machine whether it serves", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return health(cmd.Context(), environ, cmd.OutOrStdout()) },
		},
		accountsCommand(environ),
		campaignsCommand(environ),
		leadsCommand(environ),
		webhooksCommand(environ),
		&cobra.Command{
			Use: "version", Short: "Print the version", Args: cobra.NoArgs,
			Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "worker", buildVersion()) },
		},
		&cobra.Command{
			Use: "environment", Short: "Every environment variable, with default and example",
			Long: environmentHelp(),
		},
	)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(wrongUsage)
	tellUsage(root)
	return root
}

// tellUsage makes wrong arguments of every subcommand a usage error.
func tellUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return wrongUsage(cmd, err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		tellUsage(sub)
	}
}

func wrongUsage(cmd *cobra.Command, err error) error {
	return usageError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
}

// environmentHelp is what "worker help environment" prints.
func environmentHelp() string {
	text := "Environment variables:\n"
	for _, v := range config.Variables() {
		text += fmt.Sprintf("\n%s\n    %s\n", v.Name, v.Doc)
		if v.Default != "" {
			text += fmt.Sprintf("    Default: %s. ", v.Default)
		} else {
			text += "    "
		}
		text += fmt.Sprintf("Example: %s\n", v.Example)
	}
	return text
}

func buildVersion() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "dev" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v = "dev-" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("%s (%s %s/%s)", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
