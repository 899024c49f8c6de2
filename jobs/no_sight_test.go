package jobs_test

import (
	"testing"
	"time"

	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// withoutSight are messages that take a look at the person's chats, before anything
// else is done with them.
func withoutSight() map[string]row {
	return map[string]row{
		"in doubt":    {"state": "unknown", "claimed_at": time.Now().Add(-time.Hour)},
		"to stranger": {"distance": "second"},
	}
}

// Ensure a look that tells nothing is not repeated by each sweep, and goes on later.
func TestLookThatTellsNothing(t *testing.T) {
	t.Parallel()
	for name, given := range withoutSight() {
		for fault, tc := range map[string]struct {
			fault fakeunipile.Fault
			wait  time.Duration
		}{
			"429": {fakeunipile.Fault{Operation: "chats_with", Status: 429}, time.Hour},
			"500": {fakeunipile.Fault{Operation: "chats_with", Status: 500}, 15 * time.Minute},
			"401": {fakeunipile.Fault{Operation: "chats_with", Status: 401, Type: "missing_credentials"}, 15 * time.Minute},
		} {
			t.Run(name+" "+fault, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.linkedin.AddFault(tc.fault)
				for n := range 10 {
					b.message(n+1, given)
				}
				b.exec("UPDATE workers.messages SET created_at = now() - interval '1 hour'")
				for range 4 {
					b.sweepAndSend()
				}
				if n := b.calls("chats_with"); n != 10 {
					t.Errorf("%d calls in four sweeps, want one a message", n)
				}
				b.wantNear(scalar[time.Time](b, "SELECT min(not_before) FROM workers.messages"), tc.wait)
				b.wantNear(scalar[time.Time](b, "SELECT max(not_before) FROM workers.messages"), tc.wait)

				b.linkedin.ClearFaults()
				b.exec("UPDATE workers.messages SET not_before = now()")
				b.sweepAndSend()
				settled := map[string]string{"in doubt": "queued", "to stranger": "failed"}[name]
				if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE state = $1", settled); n != 10 {
					t.Errorf("%d messages are settled, want 10", n)
				}
			})
		}
	}
}

// Ensure an account that is stopped makes no more calls, be it to look.
func TestStoppedAccountMakesNoLooks(t *testing.T) {
	t.Parallel()
	for name, given := range withoutSight() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for n := range 20 {
				b.message(n+1, given)
			}
			b.linkedin.AddFault(fakeunipile.Fault{Operation: "chats_with", Status: 403, Type: "account_restricted"})
			b.sweepAndSend()
			if n := b.calls(""); n != 1 {
				t.Errorf("%d calls on a restricted account", n)
			}
			b.linkedin.ClearFaults()
			b.exec("DELETE FROM workers.pauses")
			b.sweepAndSend()
			if n := b.calls("chats_with"); n != 21 {
				t.Errorf("%d looks after the account was resumed, want all 20", n-1)
			}
		})
	}
}

// Ensure a stranger whose chats cannot be seen waits for the limits like others.
func TestStrangerWithoutSight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	insert[string](b, "workers.accounts", row{"id": accountID, "first_dms_per_hour": 0}, nil)
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "chats_with", Status: 404, Type: "invalid_resource_identifier"})
	id, _ := b.message(1, row{"distance": "third"})
	for range 3 {
		b.sweepAndSend()
	}
	if n := b.calls(""); n != 1 {
		t.Errorf("%d calls in three sweeps", n)
	}
	b.exec("UPDATE workers.accounts SET first_dms_per_hour = NULL")
	b.sweepAndSend()
	b.want("workers.messages", id, row{"state": "sent"})
}

// Ensure a message whose chat is gone goes to a new one, and the person is not given up.
func TestChatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) {
		o.settings.Limits.GapMin, o.settings.Limits.GapMax = time.Nanosecond, time.Nanosecond
	})
	id, _ := b.message(1, row{"distance": "second"})
	b.linkedin.Receive(accountID, member(1), "hello")
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "send_message", Status: 404, Type: "resource_not_found"})
	b.sweepAndSend()
	b.want("workers.messages", id, row{"state": "queued", "chat_id": nil})
	b.sweepAndSend()
	b.want("workers.messages", id, row{"state": "sent", "error_type": nil})
	if got := b.sentTo(member(1)); len(got) != 1 {
		t.Errorf("the person got %q", got)
	}
}
