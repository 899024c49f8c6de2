package jobs_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/privacy"
)

// Ensure that old comments which did not match are forgotten, but not that they were
// counted, and that what made leads stays.
func TestPruneForgetsWhatNobodyNeeds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, match := b.comment(1, "nice post"), b.comment(2, "guide")
	id := b.scrapeJob(nil)
	b.poll(id)
	b.exec("UPDATE workers.comments SET seen_at = now() - interval '15 days'")
	young := b.comment(3, "nice post, too")
	b.poll(id)

	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	bodies := scalar[map[string]string](b, "SELECT jsonb_object_agg(comment_id, concat_ws(' | ', author_id, author_name, author_url, body)) FROM workers.comments")
	rest := " | Ana Petrova | https://www.linkedin.com/in/person-"
	want := map[string]string{old: "", match: member(2) + rest + "2 | guide", young: member(3) + rest + "3 | nice post, too"}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}

	b.poll(id)
	b.wantCounts(id, 3, 1)
}

// Ensure that old answers are forgotten, in as many batches as it takes, while the
// lead and the ledger remember what matters.
func TestPruneForgetsOldAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.answer(1, "ana@example.com")
	b.checkInbox()
	b.exec(`INSERT INTO workers.inbox_messages (account_id, message_id, sender_id, body, sent_at, received_at)
		SELECT 'x', n, 'y', 'z', now(), now() - interval '91 days' FROM generate_series(1, 5001) n`)

	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	if n := scalar[int](b, "SELECT count(*) FROM workers.inbox_messages"); n != 1 {
		t.Errorf("%d messages left, want the young one", n)
	}
	b.exec("UPDATE workers.inbox_messages SET received_at = now() - interval '91 days'")
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	if n := scalar[int](b, "SELECT count(*) FROM workers.inbox_messages"); n != 0 {
		t.Errorf("%d messages left, want none", n)
	}
	b.want("leads", a.lead, row{"email": "ana@example.com", "status": "email_captured"})
	b.checkInbox() // what is read again is nobody's answer any more
	b.want("scrape_jobs", a.scrapeJob, row{"emails_captured": 1})
}

// Ensure that the retention can be set.
func TestPruneKeepsForAsLongAsIsSet(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Retention = privacy.Retention{"COMMENT_RETENTION": time.Hour} })
	b.comment(1, "nice post")
	b.poll(b.scrapeJob(nil))
	b.exec("UPDATE workers.comments SET seen_at = now() - interval '2 hours'")
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	if body := scalar[string](b, "SELECT body FROM workers.comments"); body != "" {
		t.Errorf("comment %q is kept beyond its time", body)
	}
}

// Ensure that tries to deliver webhooks are forgotten after their time, however many.
func TestPruneAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) {
		o.settings.Retention = privacy.Retention{"WEBHOOK_ATTEMPT_RETENTION": 10 * 24 * time.Hour}
	})
	b.exec(`INSERT INTO workers.webhook_attempts (endpoint_id, number, trigger, started_at, cause)
		SELECT 1, 1, 'automatic', now() - interval '11 days', 'timeout' FROM generate_series(1, 5001) n`)
	b.exec(`INSERT INTO workers.webhook_attempts (endpoint_id, number, trigger, started_at, cause)
		VALUES (1, 1, 'automatic', now() - interval '9 days', 'timeout')`)
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	if n := scalar[int](b, "SELECT count(*) FROM workers.webhook_attempts"); n != 1 {
		t.Errorf("%d attempts left, want the young one", n)
	}
}
