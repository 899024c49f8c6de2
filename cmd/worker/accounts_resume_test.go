package main

import (
	"testing"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure resume says what it did: that it lifted a pause, or that nothing was paused and a look
// into the inbox, which Unipile had asked to come back in an hour, is made now; and that answers
// are heard then.
func TestAccountsResumeSays(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(1)
	o.unipile.SetPersona(person(0), unipile.Persona{})
	o.seed(t, pool)
	o.unipile.AddFault(unipile.Fault{Operation: "list_messages", Status: 429, Times: 1})
	p := o.spawn(t)
	until(t, pool, "the look that waits for an hour", `SELECT count(*) = 1 FROM workers.river_job
		WHERE kind = 'check_inbox' AND state IN ('scheduled', 'retryable') AND scheduled_at > now() + interval '30 minutes'`)
	until(t, pool, "the first message", "SELECT count(*) = 1 FROM leads WHERE status = 'dm_sent'")
	o.unipile.Receive(accountID, person(0), "person0@example.com")

	_, err := o.call(t, "accounts", "resume", accountID, "--only", "first_dm")
	if exitCode(err) != exitFailed {
		t.Errorf("resuming what is not paused: %v", err)
	} else {
		assertContains(t, err.Error(), "account "+accountID+" is not paused; `worker accounts` lists those that are")
	}
	if _, err := o.call(t, "accounts", "resume", accountID, "--only", "sleep"); exitCode(err) != exitWrongUsage {
		t.Errorf("resuming what does not exist: %v", err)
	}
	assertContains(t, o.printed(t, "accounts resume "+accountID),
		"account "+accountID+" was not paused; its looks into the inbox, which waited, go on at once")
	until(t, pool, "the lead delivered", everyLeadDelivered, 1)
	p.kill(t)

	o.printed(t, "accounts pause "+accountID+" --only invitation")
	o.printed(t, "accounts pause "+accountID)
	assertContains(t, o.printed(t, "accounts resume "+accountID+" --only invitation"), "is resumed: it goes on at once")
	assertContains(t, o.printed(t, "accounts"), "everything", "paused by hand", "you resume it")
	assertContains(t, o.printed(t, "accounts resume "+accountID), "account "+accountID+" is resumed: it goes on at once")
	assertContains(t, o.printed(t, "accounts"), "no account is paused")
}
