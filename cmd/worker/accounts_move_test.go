package main

import (
	"strings"
	"testing"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure an account that was linked anew is moved as the help says: what would move is shown
// and stays where it is, nothing moves while a message is being sent, what moved goes out once
// under the new id, and another run finds nothing.
func TestAccountsMove(t *testing.T) {
	t.Parallel()
	const people, relinked = 2, "Zr8bN1c4VtuPd5MfYx2GhQ"
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(people)
	o.unipile.AddAccount(unipile.Account{ID: relinked, Name: "Mara Lindqvist", ProviderID: authorID, Slug: "mara-lindqvist"})
	o.seed(t, pool)
	o.printed(t, "accounts pause "+accountID+" --reason relinked --only first_dm")
	p := o.spawn(t)
	until(t, pool, "messages that wait", "SELECT count(*) = $1 FROM workers.messages WHERE state = 'queued'", people)
	p.kill(t)

	const holds = `SELECT concat(count(*) FILTER (WHERE account_id = $1), ' and ', count(*) FILTER (WHERE account_id = $2)) FROM workers.messages`
	move := "accounts move " + accountID + " " + relinked
	claim := "UPDATE workers.messages SET state = 'sending', claimed_at = now() WHERE id = (SELECT min(id) FROM workers.messages)"
	for _, step := range []struct {
		before, args string
		code         int
		want         []string
		messages     string // under the old id and the new one
	}{
		{"", "accounts move " + accountID, exitWrongUsage, []string{"accepts 2 arg(s), received 1"}, "2 and 0"},
		{"", "accounts move " + accountID + " " + accountID + " --yes", exitFailed, []string{"is the same as the one to move to"}, "2 and 0"},
		{"", "accounts move nobody " + relinked + " --yes", exitFailed, []string{
			"no scrape job or message belongs to account nobody", "`worker accounts` lists those that are known"}, "2 and 0"},
		{"", move, 0, []string{
			"ROWS", "2     messages\n", "2     of them waiting\n", "1     scrape jobs\n", "1     pauses\n",
			"nothing is moved yet: run it again with --yes"}, "2 and 0"},
		{claim, move + " --yes", exitFailed, []string{
			"1 of its messages are being sent this moment", "worker accounts pause " + accountID, "run this again"}, "2 and 0"},
		{"UPDATE workers.messages SET state = 'queued', claimed_at = NULL", move + " --yes", 0, []string{
			"2     of them waiting\n", "account " + accountID + " goes on as " + relinked}, "0 and 2"},
		{"", move + " --yes", 0, []string{"nothing is left under account " + accountID + ": it was moved before"}, "0 and 2"},
		{"", "accounts show " + relinked, 0, []string{"relinked"}, "0 and 2"},
		{"", "accounts show " + accountID, exitFailed, []string{"no scrape job or message belongs"}, "0 and 2"},
	} {
		if step.before != "" {
			execSQL(t, pool, step.before)
		}
		out, err := o.call(t, strings.Fields(step.args)...)
		if err != nil {
			out += err.Error()
		}
		if got := exitCode(err); got != step.code {
			t.Errorf("worker %s: exit code %d, want %d", step.args, got, step.code)
		}
		assertContains(t, out, step.want...)
		if got := queryString(t, pool, holds, accountID, relinked); got != step.messages {
			t.Errorf("worker %s: %s messages are under the old and the new id, want %s", step.args, got, step.messages)
		}
	}

	o.printed(t, "accounts resume "+relinked)
	o.spawn(t)
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	o.assertExactlyOnce(t, people)
	for _, m := range o.unipile.Sent() {
		if m.AccountID != relinked {
			t.Errorf("a message went out under %s", m.AccountID)
		}
	}
}
