package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/store"
)

// lookFirstCommand lets messages be looked for before they are sent for the first time.
func lookFirstCommand(environ []string) *cobra.Command {
	var all, untilOff, off bool
	var span time.Duration
	cmd := &cobra.Command{
		Use:   "look-first ACCOUNT | --all",
		Short: "Look into the chat before somebody is written to, as after a restore",
		Long: `look-first lets an account, or all of them, look into the chat with a person before each
message that was never tried. What stands there already is recorded as sent and not sent
again. Where the account wrote something else to that person within a day, a first message
waits for you: "worker leads settle" lists those.

Switch it on when the database may have forgotten what was sent: after a restore from a
backup, after a failover to a replica that was behind. It costs one or two reads a message
and no write. LOOK_BEFORE_FIRST_DM=true is the same for all accounts, for good.`,
		Example: `  worker accounts look-first --all --for 48h
  worker accounts look-first Jq3vT0m2QpyXh7KcWz9LrA --until-off
  worker accounts look-first --all --off`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case all == (len(args) == 1):
				return wrongUsage(cmd, errors.New("name one account, or --all"))
			case !onlyOne(span > 0, untilOff, off):
				return wrongUsage(cmd, errors.New("say for how long: one of --for 48h, --until-off and --off"))
			}
			id, whose := "", "all accounts"
			if !all {
				id, whose = args[0], "account "+args[0]
			}
			return withSession(cmd.Context(), environ, func(a session) error {
				if !all {
					if err := a.known(cmd.Context(), id); err != nil {
						return err
					}
				}
				if off {
					return a.lookFirstOff(cmd, id, whose)
				}
				err := a.q.FirstLookSet(cmd.Context(), a.pool, store.FirstLookSetParams{AccountID: id, Seconds: span.Seconds()})
				if err != nil {
					return fmt.Errorf("switch on first looks of %s: %w", whose, err)
				}
				end := "until you switch it off"
				if span > 0 {
					end = "for " + span.String()
				}
				terminal.Fprintf(cmd.OutOrStdout(), "%s: the chat is looked into before each first try, %s\n", whose, end)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all accounts, also those to come")
	cmd.Flags().DurationVar(&span, "for", 0, "switch it off by itself after that time, such as 48h")
	cmd.Flags().BoolVar(&untilOff, "until-off", false, "leave it on until you switch it off")
	cmd.Flags().BoolVar(&off, "off", false, "switch it off")
	return cmd
}

// lookFirstOff switches it off for one account, or for all, and says what holds for them then:
// what is switched on otherwise stays.
func (a session) lookFirstOff(cmd *cobra.Command, id, whose string) error {
	rows, err := a.q.FirstLookEnd(cmd.Context(), a.pool, id)
	if err != nil {
		return fmt.Errorf("switch off first looks of %s: %w", whose, err)
	}
	if rows == 0 {
		return fmt.Errorf("it is not switched on for %s; `worker accounts show ACCOUNT` tells what holds", whose)
	}
	looks, err := a.q.FirstLookList(cmd.Context(), a.pool, id)
	if err != nil {
		return fmt.Errorf("list first looks of %s: %w", whose, err)
	}
	out := cmd.OutOrStdout()
	switch still := saidOfFirstLooks(looks, a.lookFirst); {
	case still != lookFirstIsOff:
		terminal.Fprintf(out, "%s: switched off, but it is still %s\n", whose, still)
	case id == "":
		terminal.Fprintf(out, "%s: messages are sent without a look from now on; "+
			"for accounts that it is switched on for by name it stays on\n", whose)
	default:
		terminal.Fprintf(out, "%s: messages are sent without a look from now on\n", whose)
	}
	return nil
}

// printFirstLooks says whether chats are looked into before first messages, and why.
func printFirstLooks(out io.Writer, looks []store.FirstLook, always bool) {
	terminal.Fprintf(out, "look first     %s\n", saidOfFirstLooks(looks, always))
}

const lookFirstIsOff = "off"

func saidOfFirstLooks(looks []store.FirstLook, always bool) string {
	switch {
	case always:
		return "on, by LOOK_BEFORE_FIRST_DM"
	case len(looks) == 0:
		return lookFirstIsOff
	}
	l := looks[0]
	said := "on for this account"
	if l.AccountID == "" {
		said = "on for all accounts"
	}
	if l.Until == nil {
		return said + ", until you switch it off"
	}
	return said + ", until " + l.Until.UTC().Format(time.RFC3339)
}

// onlyOne reports whether one of several is set.
func onlyOne(set ...bool) bool {
	n := 0
	for _, is := range set {
		if is {
			n++
		}
	}
	return n == 1
}
