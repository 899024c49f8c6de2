package main

import (
	"strings"
	"testing"
	"time"

	"github.com/bravorevos/workers/store/storetest"
)

// Ensure an operator sees what waits and when it goes out, changes the rules, and
// stops and resumes an account, with clear words for what is wrong.
func TestAccountsCommands(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(1)
	o.seed(t, pool)
	execSQL(t, pool, `INSERT INTO workers.messages (account_id, campaign_id, scrape_job_id, purpose, recipient_id, body)
		SELECT unipile_account_id, campaign_id, id, 'first_dm', 'person ' || n, 'hello' FROM scrape_jobs, generate_series(1, 30) n`)
	for _, step := range []struct {
		args, want string
		code       int
	}{
		{"accounts", accountID + "  30       0         0", 0},
		{"accounts", "no account is paused", 0},
		{"accounts show " + accountID, "0 of 10000 an hour", 0},
		{"accounts show nobody", "no scrape job or message belongs to account nobody", 1},
		{"accounts forecast " + accountID, "20 of 30 waiting messages", 0},
		{"accounts forecast " + accountID + " --limit 0", "30 of 30 waiting messages", 0},
		{"accounts forecast " + accountID + " --limit 1 --json", `"purpose":"first_dm"`, 0},
		{"accounts forecast " + accountID + " --lead x", `--lead "x" is no lead id`, 2},
		{"accounts set " + accountID, "nothing to set", 2},
		{"accounts set " + accountID + " --first-dms-per-hour many", `--first-dms-per-hour "many" is neither a number nor "default"`, 2},
		{"accounts set " + accountID + " --time-zone Mars/Olympus", "not the name of a zone", 2},
		{"accounts set " + accountID + " --working-hours 9-5", "mon-fri 08:00-19:00", 2},
		{"accounts set " + accountID + " --warm-up soon", `"now" or "off"`, 2},
		{"accounts set nobody --first-dms-per-hour 3", "no scrape job or message", 1},
		{"accounts set " + accountID + " --first-dms-per-hour 4 --time-zone Europe/Berlin --warm-up now", "is changed", 0},
		{"accounts show " + accountID, "0 of 1 an hour, 0 of 2000 a day", 0}, // a fifth of 4, and of the worker's 10000
		{"accounts show " + accountID, "always (Europe/Berlin)", 0},
		{"accounts show " + accountID, "warming up     since ", 0},
		{"accounts set " + accountID + " --warm-up off --first-dms-per-hour 0", "is changed", 0},
		{"accounts forecast " + accountID, "a limit of the account is 0", 0},
		{"accounts set " + accountID + " --first-dms-per-hour default", "is changed", 0},
		{"accounts pause " + accountID + " --only sleep", "is none of", 2},
		{"accounts pause " + accountID + " --only first_dm --reason holidays --for 2h", "is paused", 0},
		{"accounts", "holidays", 0},
		{"accounts pause " + accountID, "is paused", 0},
		{"accounts forecast " + accountID, "the account is paused until you resume it", 0},
		{"accounts resume " + accountID + " --only everything", "is resumed", 0},
		{"accounts", "first_dm", 0},
		{"accounts resume " + accountID, "is resumed", 0},
		{"accounts resume " + accountID, "is not paused", 1},
		{"accounts show " + accountID, "look first     off", 0},
		{"accounts look-first", "name one account, or --all", 2},
		{"accounts look-first --all", "--for 48h", 2},
		{"accounts look-first nobody --until-off", "no scrape job or message", 1},
		{"accounts look-first --all --for 48h", "all accounts: the chat is looked into before each first try, for 48h", 0},
		{"accounts show " + accountID, "look first     on for all accounts, until 2", 0},
		{"accounts look-first " + accountID + " --until-off", "until you switch it off", 0},
		{"accounts show " + accountID, "look first     on for this account, until you switch it off", 0},
		{"accounts look-first " + accountID + " --off", "it is still on for all accounts, until 2", 0},
		{"accounts look-first " + accountID + " --off", "not switched on", 1},
		{"leads settle", "no message waits for you", 0},
		{"leads settle --sent", "name the lead", 2},
		{"leads settle d1c7a9f0-2b64-4f7d-a1e3-5b6c7d8e9f01", "--sent or --resend", 2},
		{"leads settle d1c7a9f0-2b64-4f7d-a1e3-5b6c7d8e9f01 --sent", "is in doubt", 1},
	} {
		out, err := o.call(t, strings.Fields(step.args)...)
		if err != nil {
			out += err.Error()
		}
		if exitCode(err) != step.code || !strings.Contains(out, step.want) {
			t.Errorf("worker %s: exit code %d, want %d; %q is not in:\n%s", step.args, exitCode(err), step.code, step.want, out)
		}
	}
}

// Ensure posts that rest because of the account are read again as soon as it may, but not
// before their owner's interval is over.
func TestAccountsReadAgainAtOnce(t *testing.T) {
	t.Parallel()
	for _, lift := range []string{"accounts set " + accountID + " --comment-reads-per-day 500", "accounts resume " + accountID} {
		t.Run(lift, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			o := newOutside(t, pool, 0)
			o.populate(1)
			o.seed(t, pool)
			execSQL(t, pool, `UPDATE scrape_jobs SET next_check = now() + interval '20 hours', last_checked = now() - interval '1 hour', poll_interval_minutes = 90`)
			execSQL(t, pool, `INSERT INTO workers.pauses (account_id, action, reason, until) SELECT unipile_account_id, 'polls', 'errors/too_many_requests', now() + interval '20 hours' FROM scrape_jobs`)
			if _, err := o.call(t, strings.Fields(lift)...); err != nil {
				t.Fatal(err)
			}
			var wait time.Duration
			if err := pool.QueryRow(t.Context(), "SELECT next_check - now() FROM scrape_jobs").Scan(&wait); err != nil {
				t.Fatal(err)
			}
			if wait < 25*time.Minute || wait > 30*time.Minute {
				t.Errorf("the post is read in %s, want half an hour", wait)
			}
		})
	}
}
