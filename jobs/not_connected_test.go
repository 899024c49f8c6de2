package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/privacy"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

const otherRoutes = `{"theirs": 1, "workers": {"not_connected": {
	"public_reply": {"variants": ["{{first_name}}, I could not write to you"]},
	"invitation": {"variants": ["Hi {{first_name}}, you asked for my {{trigger_word}}"]},
	"expire_after_days": 3}}}`

// stranger lets person 1 comment, who is no connection, and returns their message.
func (b *bench) stranger(settings string) (messageID int64, leadID uuid.UUID) {
	b.Helper()
	b.comment(1, "guide please")
	b.linkedin.SetDistance(accountID, member(1), 2)
	campaign := b.campaign(row{"settings": json.RawMessage(settings)})
	b.poll(b.scrapeJob(row{"campaign_id": campaign}))
	return scalar[int64](b, "SELECT id FROM workers.messages WHERE recipient_id = $1", member(1)),
		scalar[uuid.UUID](b, "SELECT id FROM leads WHERE linkedin_id = $1", member(1))
}

func (b *bench) messageOf(purpose string) int64 {
	b.Helper()
	return scalar[int64](b, "SELECT id FROM workers.messages WHERE recipient_id = $1 AND purpose = $2", member(1), purpose)
}

// Ensure who is known not to be connected costs no useless try, gets the campaign's
// public reply and invitation, and the message when the relation appears.
func TestNotConnectedGetsAnotherRoute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(otherRoutes)

	b.wantEvent(b.send(first), river.EventKindJobCompleted)
	b.want("workers.messages", first, row{"state": "failed", "error_type": "errors/no_connection_with_recipient", "attempts": 0})
	b.want("leads", lead, row{"status": "not_connected"})
	if n := b.calls("start_chat"); n != 0 {
		t.Errorf("tried %d times to write to somebody who is no connection", n)
	}

	for _, purpose := range []string{"public_reply", "invitation"} {
		id := b.messageOf(purpose)
		b.wantEvent(b.send(id), river.EventKindJobCompleted)
		b.want("workers.messages", id, row{"state": "sent"})
		b.send(id)
	}
	wantReplies := []fakeunipile.PublicReply{{
		CommentID: scalar[string](b, "SELECT comment_id FROM workers.comments"), ToID: member(1), Text: "Ana, I could not write to you",
	}}
	if diff := cmp.Diff(wantReplies, b.linkedin.PublicReplies(accountID)); diff != "" {
		t.Errorf("public replies (-want +got):\n%s", diff)
	}
	wantInvitations := []fakeunipile.Invitation{{AccountID: accountID, PersonID: member(1), Note: "Hi Ana, you asked for my guide", State: "pending"}}
	if diff := cmp.Diff(wantInvitations, b.linkedin.Invitations()); diff != "" {
		t.Errorf("invitations (-want +got):\n%s", diff)
	}

	work(b, messages.CheckRelationsArgs{AccountID: accountID})
	b.want("leads", lead, row{"status": "not_connected"})
	b.linkedin.AcceptInvitation(accountID, member(1))
	work(b, messages.CheckRelationsArgs{AccountID: accountID})
	b.want("leads", lead, row{"status": "comment_detected"})
	b.want("workers.messages", first, row{"state": "queued", "error_type": nil})

	b.wantEvent(b.send(first), river.EventKindJobCompleted)
	b.want("leads", lead, row{"status": "dm_sent"})
	if got := b.sentTo(member(1)); len(got) != 1 || !strings.Contains(got[0], "Ana") {
		t.Errorf("sent %q, want the first message once", got)
	}
	b.send(first)
	work(b, messages.CheckRelationsArgs{AccountID: accountID})
	if n := len(b.sentTo(member(1))); n != 1 {
		t.Errorf("%d messages went out, want one", n)
	}
}

// Ensure an existing chat is used, whatever the distance says.
func TestNotConnectedWithAChatIsWrittenTo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(otherRoutes)
	b.linkedin.Receive(accountID, member(1), "hello")
	b.linkedin.SetDistance(accountID, member(1), 1)
	b.wantEvent(b.send(first), river.EventKindJobCompleted)
	b.want("leads", lead, row{"status": "dm_sent"})
}

// Ensure a campaign that asks for nothing sends nothing else, and still writes to
// who becomes a connection by themselves.
func TestNotConnectedWithoutOtherRoutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(`{}`)
	b.send(first)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 1 {
		t.Errorf("%d messages, want the first alone", n)
	}
	b.linkedin.AcceptInvitation(accountID, member(1))
	work(b, messages.CheckRelationsArgs{AccountID: accountID})
	b.send(first)
	b.want("leads", lead, row{"status": "dm_sent"})
}

// Ensure that what waits for a stranger is dropped when they connect, opt out or are
// deleted before it went out.
func TestOtherRoutesThatAreNotNeededAnyMore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ sql, reason string }{
		"connected": {"UPDATE leads SET status = 'comment_detected' WHERE id = $1", "reached_otherwise"},
		"opted out": {"UPDATE leads SET status = 'opted_out' WHERE id = $1", "opted_out"},
		"deleted":   {"DELETE FROM leads WHERE id = $1", "lead_deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			first, lead := b.stranger(otherRoutes)
			b.send(first)
			b.exec(change.sql, lead)
			for _, purpose := range []string{"public_reply", "invitation"} {
				id := b.messageOf(purpose)
				b.send(id)
				b.want("workers.messages", id, row{"state": "skipped", "error_type": change.reason})
			}
			if n := len(b.linkedin.Invitations()) + len(b.linkedin.PublicReplies(accountID)); n != 0 {
				t.Errorf("%d went out all the same", n)
			}
		})
	}
}

// Ensure people who do not connect are given up after the campaign's time.
func TestNotConnectedExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(otherRoutes)
	b.send(first)
	b.wantNear(scalar[time.Time](b, "SELECT expires_at FROM workers.awaited_relations"), 3*24*time.Hour)
	work(b, privacy.PruneArgs{})
	b.want("leads", lead, row{"status": "not_connected"})
	b.exec("UPDATE workers.awaited_relations SET expires_at = now()")
	work(b, privacy.PruneArgs{})
	b.want("leads", lead, row{"status": "expired"})
	b.linkedin.AcceptInvitation(accountID, member(1))
	work(b, messages.CheckRelationsArgs{AccountID: accountID})
	b.want("leads", lead, row{"status": "expired"})
}

// Ensure a public reply and an invitation whose answer was lost are not sent twice,
// and sent if they were not.
func TestOtherRoutesExactlyOnceInDoubt(t *testing.T) {
	t.Parallel()
	for _, purpose := range []string{"public_reply", "invitation"} {
		for _, stored := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, stored %t", purpose, stored), func(t *testing.T) {
				t.Parallel()
				b := setup(t, func(o *options) { o.settings.ReadLag, o.settings.SendTimeout = time.Millisecond, time.Second })
				first, _ := b.stranger(otherRoutes)
				b.send(first)
				id := b.messageOf(purpose)
				operation := map[string]string{"public_reply": "comment", "invitation": "invite"}[purpose]
				b.linkedin.AddFault(fakeunipile.Fault{Operation: operation, Status: 504, AfterStore: stored, Times: 1})
				b.send(id)
				b.want("workers.messages", id, row{"state": "unknown"})
				b.until("it is settled", func(context.Context) bool {
					b.exec("UPDATE workers.messages SET not_before = NULL, claimed_at = claimed_at - interval '1 minute' WHERE id = $1", id)
					b.send(id)
					return b.read("workers.messages", id)["state"] == "sent"
				})
				if n := len(b.linkedin.Invitations()) + len(b.linkedin.PublicReplies(accountID)); n != 1 {
					t.Errorf("%d went out, want one", n)
				}
			})
		}
	}
}

// Ensure accounts are asked for new connections only while somebody is waited for,
// and a few times a day.
func TestRelationsAreCheckedNowAndThen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _ := b.stranger(otherRoutes)
	b.run(b.sweeps.Inboxes)
	if n := b.activeJobs("check_relations"); n != 0 {
		t.Errorf("%d looks while nobody is waited for", n)
	}
	b.send(first)
	b.run(b.sweeps.Inboxes)
	b.run(b.sweeps.Inboxes)
	if n := b.activeJobs("check_relations"); n != 1 {
		t.Errorf("%d looks, want one", n)
	}
	b.exec("DELETE FROM workers.river_job")
	work(b, messages.CheckRelationsArgs{AccountID: accountID})
	if next := time.Until(scalar[time.Time](b, "SELECT relations_check_at FROM workers.accounts")); next < 2*time.Hour || next > 10*time.Hour {
		t.Errorf("the next look is in %s", next)
	}
	b.run(b.sweeps.Inboxes)
	if n := b.activeJobs("check_relations"); n != 0 {
		t.Errorf("%d looks before it is time", n)
	}
}

// Ensure a wrong text for another route is told to its owner and keeps nothing from
// being recorded.
func TestOtherRoutesWithAWrongText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(otherRoutes)
	b.exec(`UPDATE campaigns SET settings = '{"workers": {"not_connected": {"invitation": {"variants": ["{{nobody}}"]}}}}'`)
	b.send(first)
	b.want("leads", lead, row{"status": "not_connected"})
	if got := scalar[string](b, "SELECT last_error FROM scrape_jobs"); !strings.Contains(got, "{{nobody}}") {
		t.Errorf("last_error is %q", got)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.awaited_relations"); n != 1 {
		t.Errorf("%d people are waited for, want 1", n)
	}
}

// Ensure strangers are settled at once and hold up no turn of people who can be
// written to.
func TestStrangersHoldUpNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Limits.GapMin, o.settings.Limits.GapMax = time.Hour, time.Hour })
	for n := range 5 {
		b.message(n, row{"distance": "second"})
	}
	good, _ := b.message(9, row{"distance": "first"})
	if got := b.run(b.sweeps.Messages); len(got) != 6 {
		t.Errorf("planned %v, want all six now: five of them are settled without a write", got)
	}
	b.send(good)
	b.want("workers.messages", good, row{"state": "sent"})
}

// Ensure a message to a stranger that is no longer wanted is dropped.
func TestStrangerWhoOptedOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, lead := b.message(1, row{"distance": "second"})
	b.exec("UPDATE leads SET status = 'opted_out' WHERE id = $1", lead)
	b.send(id)
	b.want("workers.messages", id, row{"state": "skipped", "error_type": "opted_out"})
}

// Ensure a person of whom nothing can be learnt beforehand is tried.
func TestStrangerWhoseChatsCannotBeRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, _ := b.message(1, row{"distance": "third"})
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "chats_with", Status: 404, Type: "invalid_resource_identifier"})
	b.send(id)
	b.want("workers.messages", id, row{"state": "sent"})
}

// Ensure an invitation to somebody who is a connection already lets the message go out.
func TestInvitationOfAConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(otherRoutes)
	b.send(first)
	b.linkedin.AcceptInvitation(accountID, member(1))
	id := b.messageOf("invitation")
	b.send(id)
	b.want("workers.messages", id, row{"state": "failed", "error_type": "errors/already_connected"})
	b.want("workers.messages", first, row{"state": "queued"})
	b.want("leads", lead, row{"status": "comment_detected"})
}

// Ensure a public reply under a post that is gone is not tried for ever.
func TestPublicReplyUnderAPostThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _ := b.stranger(otherRoutes)
	b.send(first)
	id := b.messageOf("public_reply")
	b.linkedin.AddFault(fakeunipile.Fault{Operation: "comment", Status: 422, Type: "invalid_post"})
	for range 4 {
		b.want("workers.messages", id, row{"state": "queued"})
		b.exec("UPDATE workers.messages SET not_before = NULL")
		b.send(id)
	}
	b.want("workers.messages", id, row{"state": "failed", "error_type": "errors/invalid_post"})
}

// Ensure somebody who became a connection before their message had its turn gets just
// that, a little later.
func TestConnectedBeforeTheTurn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, lead := b.stranger(otherRoutes)
	b.linkedin.AcceptInvitation(accountID, member(1))
	b.must(b.inbound.Take(t.Context(), relation(member(1))))
	if not := b.read("workers.messages", first)["not_before"]; not == nil {
		t.Error("the message follows the connection at once")
	}
	b.exec("UPDATE workers.messages SET not_before = NULL")
	b.send(first)
	b.want("leads", lead, row{"status": "dm_sent"})
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 1 {
		t.Errorf("%d other routes to somebody who is a connection", n-1)
	}
}

// Ensure a lead that was there before its comment gets an invitation with the word
// that it wrote, and one without a known comment the campaign's first.
func TestInvitationOfAnOldLead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(row{"settings": json.RawMessage(otherRoutes), "trigger_word": "checklist, guide"})
	b.lead(row{"campaign_id": campaign, "linkedin_id": b.person(1)})
	b.comment(1, "guide please")
	b.linkedin.SetDistance(accountID, member(1), 2)
	b.poll(b.scrapeJob(row{"campaign_id": campaign, "trigger_word": "checklist, guide"}))
	b.send(b.messageOf("first_dm"))
	b.want("workers.messages", b.messageOf("invitation"), row{"body": "Hi Ana, you asked for my guide"})

	other := b.campaign(row{"settings": json.RawMessage(otherRoutes), "trigger_word": "checklist, guide"})
	b.linkedin.SetDistance(accountID, b.person(2), 2)
	id, _ := b.message(2, row{"campaign_id": other, "distance": "second"})
	b.exec("UPDATE leads SET first_name = 'Ben' WHERE linkedin_id = $1", member(2))
	b.send(id)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE body = 'Hi Ben, you asked for my checklist'"); n != 1 {
		t.Error("an invitation without a known comment is missing")
	}
}

// Ensure a wrong setting does not keep it from being recorded that somebody cannot be
// written to, whether there is a scrape job to note it on or not.
func TestNotConnectedWithWrongSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(row{"settings": json.RawMessage(
		`{"workers": {"not_connected": {"invitation": {"variants": ["{{nobody}}"]}}}}`)})
	b.linkedin.SetDistance(accountID, b.person(1), 2)
	id, lead := b.message(1, row{"campaign_id": campaign})
	b.wantEvent(b.send(id), river.EventKindJobCancelled)
	b.want("workers.messages", id, row{"state": "failed"})
	b.want("leads", lead, row{"status": "not_connected"})
}

// Ensure a public reply in doubt is not repeated where the provider does not tell who
// the account's owner is, and found where it is there as it was written.
func TestPublicReplyInDoubtOfANamelessOwner(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stored, changed bool
		state, errType  any
	}{
		"there":            {true, false, "sent", nil},
		"there, but other": {true, true, "unknown", "own_id_unknown"},
		"not there":        {false, false, "unknown", "own_id_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) {
				o.settings.ReadLag, o.settings.SendTimeout = time.Millisecond, time.Second
				o.between = withoutOwner
			})
			first, _ := b.stranger(otherRoutes)
			b.send(first)
			id := b.messageOf("public_reply")
			b.linkedin.AddFault(fakeunipile.Fault{Operation: "comment", Status: 504, AfterStore: tc.stored, Times: 1})
			b.send(id)
			if tc.changed {
				b.exec("UPDATE workers.messages SET body = 'what we wrote before LinkedIn changed it' WHERE id = $1", id)
			}
			for range 3 {
				b.exec("UPDATE workers.messages SET not_before = NULL, claimed_at = claimed_at - interval '1 minute' WHERE id = $1", id)
				b.send(id)
			}
			b.want("workers.messages", id, row{"state": tc.state, "error_type": tc.errType})
			if n := b.calls("comment"); n != 1 {
				t.Errorf("%d tries", n)
			}
		})
	}
}

// withoutOwner takes the owner out of what the provider tells about accounts.
func withoutOwner(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/accounts/") {
			h.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		var account map[string]any
		_ = json.Unmarshal(answer.Body.Bytes(), &account)
		delete(account, "connection_params")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_ = json.NewEncoder(w).Encode(account)
	})
}
