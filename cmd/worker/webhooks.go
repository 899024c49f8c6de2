package main

import "github.com/spf13/cobra"

// webhooksCommand is for whoever looks after the receivers of leads.
func webhooksCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "webhooks", Short: "Look after the receivers of leads: their secrets, their health, and every try to reach them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(endpointsCommand(environ), endpointCommand(environ), enableCommand(environ), disableCommand(environ), attemptsCommand(environ),
		secretCommand(environ), sampleCommand(environ))
	return cmd
}
