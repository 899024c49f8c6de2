package main

import "github.com/spf13/cobra"

// webhooksCommand is for whoever looks after the receivers of leads.
func webhooksCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "webhooks", Short: "Look after the receivers of leads: their secrets, and a sample to try them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(secretCommand(environ), sampleCommand(environ))
	return cmd
}
