package main

import (
	"strings"
	"testing"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure look-first takes each of its flags for one account and for all, refuses what says
// nothing or two things, and that both it and `accounts show` tell what holds then.
func TestAccountsLookFirst(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(0)
	o.seed(t, pool)
	const how, off = "one of --for 48h, --until-off and --off", "look first     off\n"
	for _, step := range []struct {
		args, want string
		code       int
		shown      string // by `accounts show` after it
	}{
		{"--all " + accountID + " --off", "name one account, or --all", exitWrongUsage, off},
		{accountID, how, exitWrongUsage, off},
		{accountID + " --for 0s", how, exitWrongUsage, off},
		{accountID + " --for -1h", how, exitWrongUsage, off},
		{accountID + " --for soon", "invalid argument", exitWrongUsage, off},
		{accountID + " --for 1h --off", how, exitWrongUsage, off},
		{"--all --until-off --off", how, exitWrongUsage, off},
		{"--all --off", "it is not switched on for all accounts", exitFailed, off},
		{accountID + " --for 90m", "account " + accountID + ": the chat is looked into before each first try, for 1h30m0s", 0, "on for this account, until 2"},
		{accountID + " --until-off", "until you switch it off", 0, "on for this account, until you switch it off"},
		{accountID + " --off", "account " + accountID + ": messages are sent without a look from now on", 0, off},
		{"--all --until-off", "all accounts: the chat is looked into before each first try, until you switch it off", 0,
			"on for all accounts, until you switch it off"},
		{accountID + " --for 1h", "for 1h", 0, "on for this account, until 2"},
		{accountID + " --off", "still on for all accounts, until you switch it off", 0, "on for all accounts, until you switch it off"},
		{accountID + " --until-off", "until you switch it off", 0, "on for this account, until you switch it off"},
		{"--all --off", "for accounts that it is switched on for by name it stays on", 0, "on for this account, until you switch it off"},
		{accountID + " --off", "without a look", 0, off},
	} {
		out, err := o.call(t, append([]string{"accounts", "look-first"}, strings.Fields(step.args)...)...)
		if err != nil {
			out += err.Error()
		}
		if got := exitCode(err); got != step.code {
			t.Errorf("look-first %s: exit code %d, want %d", step.args, got, step.code)
		}
		assertContains(t, out, step.want)
		if strings.Contains(step.shown, "on for") && strings.HasPrefix(step.args, accountID+" --off") && strings.Contains(out, "without a look") {
			t.Errorf("look-first %s promises sends without a look, which does not hold:\n%s", step.args, out)
		}
		assertContains(t, o.printed(t, "accounts show "+accountID), step.shown)
	}
	o.environ["LOOK_BEFORE_FIRST_DM"] = "true"
	assertContains(t, o.printed(t, "accounts show "+accountID), "look first     on, by LOOK_BEFORE_FIRST_DM")
	o.printed(t, "accounts look-first "+accountID+" --until-off")
	assertContains(t, o.printed(t, "accounts look-first "+accountID+" --off"), "still on, by LOOK_BEFORE_FIRST_DM")
}
