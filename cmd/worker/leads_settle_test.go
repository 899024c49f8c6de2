package main

import (
	"strings"
	"testing"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a message of which nobody can know whether it went out waits for a human, whom the
// commands show it to, and that either word is followed: what stands in the chat is not sent
// again and its answer is heard, what does not goes out once.
func TestLeadsSettle(t *testing.T) {
	t.Parallel()
	for word, firstMessages := range map[string]int{"--sent": 0, "--resend": 1} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			o := newOutside(t, pool, 0)
			o.environ["UNIPILE_TIMEOUT"] = "5s" // the doubt lasts for half as long again
			o.populate(1)
			o.seed(t, pool)
			defer func() {
				if t.Failed() {
					t.Log(state(t, pool))
				}
			}()
			hung := o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Status: 504, Hang: true, Times: 1})
			o.spawn(t)
			wait(t, "a send whose answer does not come", func() bool { return o.startedChats() == 1 })
			o.unipile.Type(accountID, person(0), "Thanks for the call")
			o.unipile.Release(hung)
			until(t, pool, "the doubt", "SELECT count(*) = 1 FROM workers.messages WHERE state = 'unknown' AND doubt = 'own_message'")

			lead := queryString(t, pool, "SELECT id::text FROM leads")
			list := o.printed(t, "leads settle")
			assertContains(t, list, "LEAD", "SINCE", lead, accountID, "first_dm")
			assertContains(t, o.printed(t, "leads show "+lead), "it is not known whether it went out", "worker leads settle "+lead+" --sent` or `--resend`")
			if out, err := o.call(t, "leads", "settle", lead, "--sent", "--resend"); exitCode(err) != exitWrongUsage {
				t.Errorf("both words at once: exit code %d\n%s", exitCode(err), out)
			}
			want := map[string]string{"--sent": "counts as sent; answers are read at the next look", "--resend": "is queued again, and goes out when its turn comes"}
			// As a look into the inbox may have done by now.
			execSQL(t, pool, "INSERT INTO workers.takeovers (lead_id, reason) VALUES ($1, 'held') ON CONFLICT DO NOTHING", lead)
			settled := o.printed(t, "leads settle "+lead+" "+word)
			assertContains(t, settled, "the message to lead "+lead, want[word])
			if out, err := o.call(t, "leads", "settle", lead, word); exitCode(err) != exitFailed || !strings.Contains(err.Error(), "is in doubt") {
				t.Errorf("settling it again: %v\n%s", err, out)
			}
			assertContains(t, o.printed(t, "leads settle"), "no message waits for you")
			assertContains(t, settled, "nothing more is sent until `worker leads release "+lead+"`")
			if word == "--sent" { // whom the fake never wrote to does not answer by themselves
				o.unipile.Receive(accountID, person(0), "person0@example.com")
				until(t, pool, "the address delivered", "SELECT count(*) = 1 FROM leads WHERE status = 'webhook_sent'")
			}
			o.printed(t, "leads release "+lead)
			until(t, pool, "the lead delivered", everyLeadDelivered, 1)
			first, backup := 0, 0
			for _, m := range o.unipile.Sent() {
				if isBackup(m.Text) {
					backup++
				} else {
					first++
				}
			}
			if first != firstMessages || backup != 1 {
				t.Errorf("%d first messages and %d backup links went out, want %d and 1", first, backup, firstMessages)
			}
			o.assertDelivered(t, 1)
		})
	}
}
