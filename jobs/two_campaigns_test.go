package jobs_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/messages"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// readTogether holds the first answers with comments until n polls have theirs, so that
// all of them decide at the same moment.
func readTogether(n int) func(*options) {
	var arrived sync.WaitGroup
	arrived.Add(n)
	var mu sync.Mutex
	held := 0
	return func(o *options) {
		o.between = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				if !strings.HasSuffix(r.URL.Path, "/comments") {
					return
				}
				mu.Lock()
				held++
				first := held <= n
				mu.Unlock()
				if first {
					arrived.Done()
					arrived.Wait()
				}
			})
		}
	}
}

// pollTogether runs a poll of each row at once, all of which must succeed.
func (b *bench) pollTogether(ids ...uuid.UUID) {
	b.Helper()
	var polls sync.WaitGroup
	for _, id := range ids {
		polls.Go(func() { b.poll(id) })
	}
	polls.Wait()
}

// decisionsOf counts the decisions of one scrape job.
func (b *bench) decisionsOf(id uuid.UUID) map[string]int {
	b.Helper()
	return scalar[map[string]int](b, `SELECT coalesce(jsonb_object_agg(decision, n), '{}') FROM (
		SELECT decision, count(*) n FROM workers.comments WHERE scrape_job_id = $1 GROUP BY 1) d`, id)
}

// Ensure a comment brings one first message although campaigns read it at the same moment.
func TestCampaignsOnOnePostPolledAtOnce(t *testing.T) {
	t.Parallel()
	const people, campaigns = 40, 3
	b := setup(t, readTogether(campaigns))
	for n := range people {
		b.comment(n, "guide")
	}
	var posts []uuid.UUID
	for range campaigns {
		posts = append(posts, b.scrapeJob(nil))
	}
	b.pollTogether(posts...)

	twice := scalar[int](b, `SELECT count(*) FROM (SELECT FROM workers.messages GROUP BY recipient_id HAVING count(*) > 1) t`)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != people || twice > 0 {
		t.Errorf("%d first messages for %d people, of whom %d get more than one", n, people, twice)
	}
	leads, others := 0, 0
	for _, id := range posts {
		b.wantCounts(id, people, people)
		got := b.decisionsOf(id)
		leads, others = leads+got["lead"], others+got["other_campaign"]
	}
	if leads != people || others != (campaigns-1)*people {
		t.Errorf("%d comments made a lead and %d are another campaign's, want %d and %d", leads, others, people, (campaigns-1)*people)
	}
	if n := scalar[int](b, "SELECT count(*) FROM leads"); n != people {
		t.Errorf("%d leads, want one a person", n)
	}
}

// Ensure pages with the same people in another order wait for each other without a
// deadlock: of one campaign under two posts, and of one campaign on two accounts.
func TestPagesThatOverlapInAnotherOrder(t *testing.T) {
	t.Parallel()
	const people, otherPost, otherAccount = 60, "7398114413090816222", "Zx81bWl0aGVyQWNjb3VudA"
	for name, second := range map[string]row{
		"two posts":    {"unipile_post_id": otherPost},
		"two accounts": {"unipile_post_id": otherPost, "unipile_account_id": otherAccount},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, readTogether(2))
			b.linkedin.AddAccount(fakeunipile.Account{ID: otherAccount, Name: "Jo Tarn", ProviderID: "ACoAAOwnerOfTheOther", Slug: "jo-tarn"})
			b.linkedin.AddPost(fakeunipile.Post{ID: otherPost, AuthorID: ownerID, Text: "Comment GUIDE, too"})
			for n := range people {
				b.comment(n, "guide")
				b.linkedin.AddComment(fakeunipile.Comment{PostID: otherPost, AuthorID: b.person(people - 1 - n), Text: "guide"})
			}
			campaign := b.campaign(nil)
			for n := range people {
				b.lead(row{"campaign_id": campaign, "linkedin_id": member(n), "provider_id": member(n)})
			}
			second["campaign_id"] = campaign
			posts := []uuid.UUID{b.scrapeJob(row{"campaign_id": campaign}), b.scrapeJob(second)}
			b.pollTogether(posts...)
			for _, id := range posts {
				b.wantCounts(id, people, people)
			}
			if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != people {
				t.Errorf("%d first messages, want %d", n, people)
			}
		})
	}
}

// Ensure who asks twice may be answered by two campaigns, and two accounts may each
// answer one comment: what is not repeated is the answer of an account to a comment.
func TestTwoCommentsAndTwoAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const otherAccount = "Zx81bWl0aGVyQWNjb3VudA"
	b.linkedin.AddAccount(fakeunipile.Account{ID: otherAccount, Name: "Jo Tarn", ProviderID: "ACoAAOwnerOfTheOther", Slug: "jo-tarn"})
	b.comment(1, "guide")
	first := b.scrapeJob(nil)
	b.poll(first)
	b.comment(1, "GUIDE, please")
	second, elsewhere := b.scrapeJob(nil), b.scrapeJob(row{"unipile_account_id": otherAccount})
	b.poll(second)
	b.poll(elsewhere)
	for id, want := range map[uuid.UUID]map[string]int{
		first: {"lead": 1}, second: {"lead": 1, "other_campaign": 1}, elsewhere: {"lead": 2},
	} {
		if diff := cmp.Diff(want, b.decisionsOf(id)); diff != "" {
			t.Errorf("decisions (-want +got):\n%s", diff)
		}
	}
}

// Ensure the comment goes to the next campaign exactly where the message of the one
// before it can never come.
func TestWhoseCommentItIs(t *testing.T) {
	t.Parallel()
	const theirs, free = "other_campaign", "lead"
	for name, tc := range map[string]struct{ sql, want string }{
		"waits":                      {"SELECT 1", theirs},
		"is in doubt":                {"UPDATE workers.messages SET state = 'unknown', claimed_at = now()", theirs},
		"was sent":                   {"UPDATE workers.messages SET state = 'sent', claimed_at = now(), sent_at = now()", theirs},
		"waits in a paused campaign": {"UPDATE campaigns SET status = 'paused' WHERE name = 'First'", theirs},
		"waits for the connection":   {notConnected, theirs},
		"was refused for ever":       {"UPDATE workers.messages SET state = 'failed', error_type = 'errors/invalid_recipient'", free},
		"was skipped":                {"UPDATE workers.messages SET state = 'skipped'", free},
		"waits in a completed one":   {"UPDATE campaigns SET status = 'completed' WHERE name = 'First'", free},
		"waits in one that is over":  {"UPDATE campaigns SET ends_at = now() - interval '1 hour' WHERE name = 'First'", free},
		"waits in one that is gone":  {"DELETE FROM campaigns WHERE name = 'First'", free},
		"in doubt, campaign is gone": {"UPDATE workers.messages SET state = 'unknown', claimed_at = now(); DELETE FROM campaigns WHERE name = 'First'", theirs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.comment(1, "guide")
			b.poll(b.scrapeJob(row{"campaign_id": b.campaign(row{"name": "First"})}))
			first := b.messageOf("first_dm")
			for sql := range strings.SplitSeq(tc.sql, ";") {
				b.exec(sql)
			}
			second := b.scrapeJob(nil)
			b.poll(second)
			if diff := cmp.Diff(map[string]int{tc.want: 1}, b.decisionsOf(second)); diff != "" {
				t.Fatalf("decision of the second campaign (-want +got):\n%s", diff)
			}
			b.wantCounts(second, 1, 1)
			// Whatever becomes of the first campaign, only one of the two messages goes out.
			b.exec("UPDATE campaigns SET status = 'active', ends_at = NULL")
			open := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE state IN ('queued', 'sending', 'sent', 'unknown')")
			if want := 1; open != want && tc.sql != notConnected {
				t.Errorf("%d messages may have gone out or may yet, want %d", open, want)
			}
			if tc.want == free && strings.Contains(name, "waits") {
				b.want("workers.messages", first, row{"state": "skipped", "error_type": "other_campaign"})
			}
		})
	}
}

const notConnected = `UPDATE workers.messages SET state = 'failed', error_type = 'errors/no_connection_with_recipient';
	UPDATE leads SET status = 'not_connected';
	INSERT INTO workers.awaited_relations (account_id, person_id, message_id, lead_id, expires_at)
		SELECT account_id, recipient_id, id, lead_id, now() + interval '1 day' FROM workers.messages`

// Ensure of two messages for one comment that failed before the database refused such
// pairs only one goes out when the person becomes a connection.
func TestConnectionReopensOneMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []int64
	for range 2 {
		id, lead := b.message(1, row{"comment_id": "c1", "state": "failed", "error_type": "errors/no_connection_with_recipient"})
		b.exec("UPDATE leads SET status = 'not_connected' WHERE id = $1", lead)
		b.exec(`INSERT INTO workers.awaited_relations (account_id, person_id, message_id, lead_id, expires_at)
			VALUES ($1, $2, $3, $4, now() + interval '1 day')`, accountID, member(1), id, lead)
		ids = append(ids, id)
	}
	b.linkedin.AcceptInvitation(accountID, member(1))
	b.wantEvent(work(b, messages.CheckRelationsArgs{AccountID: accountID}), river.EventKindJobCompleted)
	b.exec("UPDATE workers.messages SET not_before = NULL")
	for _, id := range ids {
		b.send(id)
	}
	if got := b.sentTo(member(1)); len(got) != 1 {
		t.Errorf("%d first messages went out for one comment", len(got))
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages WHERE state = 'skipped' AND error_type = 'other_campaign'"); n != 1 {
		t.Errorf("%d messages are skipped as another campaign's, want 1", n)
	}
}

// Ensure the database itself refuses a second first message for a comment, whatever
// program asks it to.
func TestDatabaseRefusesASecondFirstMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.message(1, row{"comment_id": "c1"})
	insertSecond := func(state, purpose, comment string) error {
		_, err := b.pool.Exec(t.Context(), `INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body, comment_id, state)
			VALUES ($1, gen_random_uuid(), $2, $3, 'hello', $4, $5)`, accountID, purpose, member(1), comment, state)
		return err
	}
	for _, state := range []string{"queued", "sending", "unknown", "sent"} {
		if err := insertSecond(state, "first_dm", "c1"); err == nil || !strings.Contains(err.Error(), "messages_answer_once") {
			t.Errorf("a second one, %s: %v, want the key to refuse it", state, err)
		}
	}
	for _, ok := range []struct{ state, purpose, comment string }{
		{"skipped", "first_dm", "c1"}, {"failed", "first_dm", "c1"}, {"queued", "public_reply", "c1"}, {"queued", "first_dm", "c2"},
	} {
		if err := insertSecond(ok.state, ok.purpose, ok.comment); err != nil {
			t.Errorf("%v: %v", ok, err)
		}
	}
}

// Ensure a poll that meets the key takes the comment for another campaign's, counts it
// and goes on: its lead is not made, and the other comments are decided.
func TestPollMeetsTheKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.comment(1, "guide")
	b.comment(2, "guide")
	// What commits between the look and the insert, as a program without the lock would do.
	b.exec(`CREATE FUNCTION sneak() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF pg_trigger_depth() = 1 AND NEW.recipient_id = '` + member(1) + `' THEN
			INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body, comment_id)
			VALUES (NEW.account_id, gen_random_uuid(), 'first_dm', NEW.recipient_id, 'theirs', NEW.comment_id);
		END IF; RETURN NEW; END $$`)
	b.exec("CREATE TRIGGER sneak BEFORE INSERT ON workers.messages FOR EACH ROW EXECUTE FUNCTION sneak()")
	id := b.scrapeJob(nil)
	b.poll(id)
	if diff := cmp.Diff(map[string]int{"lead": 1, "other_campaign": 1}, b.decisionsOf(id)); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	b.wantCounts(id, 2, 2)
	if got := scalar[string](b, "SELECT string_agg(linkedin_id, ' ') FROM leads"); got != member(2) {
		t.Errorf("leads are %s, want %s alone", got, member(2))
	}
}
