package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/pacing"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// unset gives a rule back to the worker's default.
const unset = "default"

func setCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set ACCOUNT",
		Short: "Change the limits and the working hours of an account",
		Long: `set changes the rules of one account; "default" gives a rule back to the worker's own
default (see "worker help environment"), and 0 stops that kind of write. Working hours
are "always" or like "mon-fri 08:00-19:00", with more parts after ";".

--warm-up starts an account low: a fifth of its limits today, all of them in two weeks.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSession(cmd.Context(), environ, func(a session) error { return a.set(cmd, args[0]) })
		},
	}
	for _, l := range limitFlags(&store.AccountSetRulesParams{}) {
		cmd.Flags().String(l.flag, "", l.help)
	}
	cmd.Flags().String("time-zone", "", `zone of the working hours, such as Europe/Berlin, or "default"`)
	cmd.Flags().String("working-hours", "", `when it writes, such as "mon-fri 08:00-19:00"; "always" or "default"`)
	cmd.Flags().String("warm-up", "", `"now" starts warming up, "off" ends it`)
	return cmd
}

// limitFlag is a limit and where it is kept.
type limitFlag struct {
	flag, help string
	value      **int32
}

func limitFlags(r *store.AccountSetRulesParams) []limitFlag {
	return []limitFlag{
		{"first-dms-per-hour", "first messages in any hour", &r.FirstDmsPerHour},
		{"first-dms-per-day", "first messages in any 24 hours", &r.FirstDmsPerDay},
		{"answers-per-hour", "messages to people who wrote, in any hour", &r.AnswersPerHour},
		{"answers-per-day", "messages to people who wrote, in any 24 hours", &r.AnswersPerDay},
		{"public-replies-per-hour", "public replies in any hour", &r.PublicRepliesPerHour},
		{"public-replies-per-day", "public replies in any 24 hours", &r.PublicRepliesPerDay},
		{"invitations-per-hour", "invitations in any hour", &r.InvitationsPerHour},
		{"invitations-per-day", "invitations in any 24 hours", &r.InvitationsPerDay},
		{"comment-reads-per-day", "reads of comments in any 24 hours", &r.CommentReadsPerDay},
	}
}

func (a session) set(cmd *cobra.Command, id string) error {
	ctx := cmd.Context()
	if err := a.known(ctx, id); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		rules, err := a.rules(ctx, tx, id)
		if err != nil {
			return err
		}
		if cmd.Flags().NFlag() == 0 {
			return wrongUsage(cmd, errors.New("nothing to set: name a rule, such as --first-dms-per-day 40"))
		}
		if err := readRules(cmd, &rules); err != nil {
			return wrongUsage(cmd, err)
		}
		if err := a.q.AccountSetRules(ctx, tx, rules); err != nil {
			return fmt.Errorf("set rules of account %s: %w", id, err)
		}
		if cmd.Flags().Changed("comment-reads-per-day") {
			if err := a.q.ScrapeJobHasten(ctx, tx, id); err != nil {
				return fmt.Errorf("hasten posts of account %s: %w", id, err)
			}
		}
		terminal.Fprintf(cmd.OutOrStdout(), "account %s is changed: `worker accounts show %s` tells what it may do\n", id, id)
		return nil
	})
}

// rules reads what holds now.
func (a session) rules(ctx context.Context, tx pgx.Tx, id string) (store.AccountSetRulesParams, error) {
	if err := a.q.AccountEnsure(ctx, tx, id); err != nil {
		return store.AccountSetRulesParams{}, fmt.Errorf("make row of account %s: %w", id, err)
	}
	now, err := a.q.AccountLock(ctx, tx, id)
	if err != nil {
		return store.AccountSetRulesParams{}, fmt.Errorf("read account %s: %w", id, err)
	}
	return store.AccountSetRulesParams{
		ID: id, FirstDmsPerHour: now.FirstDmsPerHour, FirstDmsPerDay: now.FirstDmsPerDay,
		AnswersPerHour: now.AnswersPerHour, AnswersPerDay: now.AnswersPerDay,
		PublicRepliesPerHour: now.PublicRepliesPerHour, PublicRepliesPerDay: now.PublicRepliesPerDay,
		InvitationsPerHour: now.InvitationsPerHour, InvitationsPerDay: now.InvitationsPerDay,
		CommentReadsPerDay: now.CommentReadsPerDay, TimeZone: now.TimeZone, WorkingHours: now.WorkingHours, WarmUpFrom: now.WarmUpFrom,
	}, nil
}

// readRules puts what was given on the command line into the rules.
func readRules(cmd *cobra.Command, rules *store.AccountSetRulesParams) error {
	given := func(flag string) (string, bool) {
		f := cmd.Flags().Lookup(flag)
		return f.Value.String(), f.Changed
	}
	for _, l := range limitFlags(rules) {
		text, changed := given(l.flag)
		if !changed {
			continue
		}
		*l.value = nil
		if text == unset {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return fmt.Errorf(`--%s %q is neither a number nor "default"`, l.flag, text)
		}
		*l.value = new(int32(n))
	}
	if text, changed := given("time-zone"); changed {
		rules.TimeZone = nil
		if text != unset {
			if _, err := time.LoadLocation(text); err != nil || text == "" {
				return fmt.Errorf("--time-zone %q is not the name of a zone, such as Europe/Berlin", text)
			}
			rules.TimeZone = &text
		}
	}
	if text, changed := given("working-hours"); changed {
		rules.WorkingHours = nil
		if text != unset {
			if _, err := pacing.ParseHours(text, time.UTC); err != nil {
				return fmt.Errorf("--working-hours: %w", err)
			}
			rules.WorkingHours = &text
		}
	}
	switch text, changed := given("warm-up"); {
	case !changed:
	case text == "now":
		rules.WarmUpFrom = new(queue.Now(cmd.Context()))
	case text == "off":
		rules.WarmUpFrom = nil
	default:
		return errors.New(`--warm-up must be "now" or "off"`)
	}
	return nil
}
