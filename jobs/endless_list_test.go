package jobs_test

import (
	"strings"
	"testing"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/messages"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// endless are lists of the provider's that lead back to themselves.
func endless(operation string) map[string]fakeunipile.Fault {
	return map[string]fakeunipile.Fault{
		"a cursor that names itself": {Operation: operation, SameCursor: true},
		"pages without anything new": {Operation: operation, NewCursors: true},
	}
}

// wantFew makes sure that a list which does not end was not read for long.
func (b *bench) wantFew(operation string) {
	b.Helper()
	if n := b.calls(operation); n == 0 || n > 8 {
		b.Errorf("%s was called %d times", operation, n)
	}
}

// Ensure that comments which do not end stop the poll, that its owner can see why, and
// that nothing is lost once they do end.
func TestPollOfAnEndlessList(t *testing.T) {
	t.Parallel()
	for name, fault := range endless("list_comments") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.comment(1, "guide")
			b.comment(2, "guide")
			id := b.scrapeJob(row{"campaign_id": b.campaign(nil)})
			b.linkedin.AddFault(fault)
			if said := b.failPoll(id); !strings.Contains(said, "endless_list") || !strings.Contains(said, "what lies behind was not read") {
				t.Errorf("last_error is %q", said)
			}
			b.wantFew("list_comments")
			b.wantCounts(id, 2, 2)
			b.linkedin.ClearFaults()
			b.comment(3, "guide")
			b.poll(id)
			b.wantCounts(id, 3, 3)
			b.want("scrape_jobs", id, row{"error_count": 0})
		})
	}
}

// Ensure that an inbox which does not end is given up soon, that what it held is stored,
// and that it is read from the same place the next time.
func TestInboxThatIsEndless(t *testing.T) {
	t.Parallel()
	for name, fault := range endless("list_messages") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			a := b.ask(1, nil)
			b.answer(1, "it is ana@example.com")
			b.linkedin.AddFault(fault)
			if result := b.tryInbox(); result.EventKind == river.EventKindJobCompleted {
				t.Error("a look that ended before the end succeeded")
			}
			b.wantFew("list_messages")
			b.linkedin.ClearFaults()
			b.checkInbox()
			b.want("leads", a.lead, row{"email": "ana@example.com"})
		})
	}
}

// Ensure that a chat which cannot be read to its end proves nothing: the message stays in
// doubt, and is not sent again.
func TestLookUpInAnEndlessChat(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"chat_messages", "chats_with"} {
		for name, fault := range endless(operation) {
			t.Run(operation+": "+name, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				id := b.inDoubt(nil)
				_, err := b.deps.Unipile.StartChat(t.Context(), accountID, member(1), "something else")
				b.must(err)
				b.linkedin.AddFault(fault)
				if result := b.send(id); result.EventKind == river.EventKindJobCompleted {
					t.Error("the look-up succeeded")
				}
				b.wantFew(operation)
				b.want("workers.messages", id, row{"state": "unknown"})
				b.wantSent("something else")
			})
		}
	}
}

// Ensure that connections which do not end are given up soon.
func TestRelationsThatAreEndless(t *testing.T) {
	t.Parallel()
	for name, fault := range endless("list_relations") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id, _ := b.message(1, row{"purpose": "first_dm", "state": "failed"})
			b.exec(`INSERT INTO workers.awaited_relations (account_id, person_id, message_id, expires_at)
				VALUES ($1, $2, $3, now() + interval '1 day')`, accountID, member(9), id)
			b.linkedin.AddFault(fault)
			work(b, messages.CheckRelationsArgs{AccountID: accountID})
			b.wantFew("list_relations")
		})
	}
}
