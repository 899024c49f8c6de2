package jobs_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/privacy"
	"github.com/bravorevos/workers/store"
)

// day is how retention is counted.
const day = 24 * time.Hour

// Ensure whose comment made no lead is forgotten whatever was decided about it, and that
// the comment is counted and decided no second time.
func TestPruneForgetsEveryDecision(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.scrapeJob(nil)
	decisions := []string{"known_person", "no_match", "post_author", "company", "no_author", "opted_out", "excluded", "blocked", "other_campaign"}
	b.exec(`INSERT INTO workers.comments (scrape_job_id, comment_id, author_id, author_name, author_url, body, decision, seen_at)
		SELECT $1, d || age, 'a', 'Ana Petrova', 'https://www.linkedin.com/in/ana', 'guide', d, now() - make_interval(days => age)
		FROM unnest($2::text[]) d, (VALUES (13), (15)) ages (age)`, id, decisions)
	b.exec(`INSERT INTO workers.comments (scrape_job_id, comment_id, author_name, decision, seen_at)
		VALUES ($1, 'a name alone', 'Ana Petrova', 'no_author', now() - interval '15 days')`, id)
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	if n := scalar[int](b, "SELECT count(*) FROM workers.comments WHERE seen_at < now() - interval '14 days' AND num_nonnulls(author_id, author_name, author_url) = 0 AND body = ''"); n != len(decisions)+1 {
		t.Errorf("%d comments are forgotten, want %d", n, len(decisions)+1)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.comments WHERE num_nonnulls(author_id, author_name, author_url) = 3 AND body = 'guide'"); n != len(decisions) {
		t.Errorf("%d comments are kept, want the %d young ones", n, len(decisions))
	}
}

// Ensure the comments of leads are kept longer, and have an end too.
func TestPruneCommentsOfLeads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.scrapeJob(nil)
	b.exec(`INSERT INTO workers.comments (scrape_job_id, comment_id, author_name, body, decision, keyword, seen_at)
		SELECT $1, age, 'Ana Petrova', 'the guide, please', 'lead', 'guide', now() - make_interval(days => age) FROM (VALUES (364), (366)) ages (age)`, id)
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	want := []string{"364 Ana Petrova the guide, please guide", "366   guide"}
	if diff := cmp.Diff(want, scalar[[]string](b, "SELECT array_agg(concat_ws(' ', comment_id, coalesce(author_name, ''), body, keyword) ORDER BY comment_id) FROM workers.comments")); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}

// Ensure what messages said is forgotten, but not whom they went to, and never what may
// still go out or be looked for.
func TestPruneMessages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := map[string]int64{}
	for n, state := range []string{"queued", "sending", "sent", "failed", "skipped", "unknown"} {
		old[state], _ = b.message(n+1, row{"state": state, "suggestion": "ana@example.com"})
	}
	awaited, _ := b.message(7, row{"state": "failed"})
	b.exec(`INSERT INTO workers.awaited_relations (account_id, person_id, message_id, expires_at) VALUES ($1, $2, $3, now() + interval '1 day')`,
		accountID, member(7), awaited)
	b.exec("UPDATE workers.messages SET updated_at = now() - interval '91 days'")
	young, _ := b.message(8, row{"state": "sent"})

	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	for state, id := range old {
		got := b.read("workers.messages", id)
		forgotten := got["body"] == "" && got["suggestion"] == nil
		if want := state == "sent" || state == "failed" || state == "skipped"; forgotten != want {
			t.Errorf("what a message said that is %s is forgotten: %t, want %t", state, forgotten, want)
		}
		if got["recipient_id"] == "" || got["state"] != state {
			t.Errorf("the row of a message that is %s is %v", state, got)
		}
	}
	for _, id := range []int64{awaited, young} {
		if got := b.read("workers.messages", id); got["body"] == "" {
			t.Errorf("message %d lost its text: %v", id, got)
		}
	}
}

// Ensure nobody gets a second message because the first has lost its text.
func TestPrunedMessageIsNotSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(1, nil)
	b.exec("UPDATE workers.messages SET updated_at = now() - interval '91 days'")
	b.exec("UPDATE workers.comments SET seen_at = now() - interval '366 days'")
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	if body := scalar[string](b, "SELECT body FROM workers.messages"); body != "" {
		t.Fatalf("the message still says %q", body)
	}
	b.exec("DELETE FROM leads WHERE id = $1", a.lead) // which makes nobody a stranger
	b.comment(1, "guide once more")
	b.poll(a.scrapeJob)
	b.run(b.sweeps.Messages)
	if n := scalar[int](b, "SELECT count(*) FROM workers.messages"); n != 1 {
		t.Errorf("%d messages, want the one", n)
	}
}

// Ensure of who said stop only the id is kept, that it is still heard, and that other
// leads are left alone.
func TestPruneOptedOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	campaign := b.campaign(nil)
	personal := row{
		"campaign_id": campaign, "name": "Ana Petrova", "first_name": "Ana", "last_name": "Petrova", "company": "Kelp", "title": "Engineer",
		"email": "ana@example.com", "linkedin_url": "https://www.linkedin.com/in/ana", "linkedin_profile_url": "https://www.linkedin.com/in/ana",
		"metadata": []byte(`{"comment_text": "guide", "comment_id": "c1"}`),
	}
	lead := func(id, status string, provider any) any {
		columns := row{"linkedin_id": id, "status": status, "provider_id": provider}
		maps.Copy(columns, personal)
		return b.lead(columns)
	}
	known := lead(member(1), "opted_out", member(1))
	bySlug := lead("ana-petrova", "opted_out", nil)
	captured := lead(member(2), "email_captured", member(2))
	b.ageTable("public", "leads", 31*day)
	young := lead(member(3), "opted_out", member(3))
	b.exec("INSERT INTO workers.opt_outs (scope, person_id, since) SELECT client_id, $2, now() - interval '9 years' FROM campaigns WHERE id = $1", campaign, member(1))

	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	nothing := row{"name": nil, "first_name": nil, "last_name": nil, "company": nil, "title": nil, "email": nil, "status": "opted_out", "metadata": row{"comment_id": "c1"}}
	b.want("leads", bySlug, nothing)
	b.want("leads", bySlug, row{"linkedin_id": "ana-petrova", "linkedin_url": personal["linkedin_url"]})
	b.want("leads", known, nothing)
	b.want("leads", known, row{"linkedin_id": member(1), "provider_id": member(1), "linkedin_url": nil, "linkedin_profile_url": nil})
	for _, id := range []any{captured, young} {
		b.want("leads", id, row{"name": "Ana Petrova", "email": "ana@example.com"})
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs"); n != 1 {
		t.Errorf("%d opt-outs, want the one for good", n)
	}
	b.comment(1, "guide")
	b.poll(b.scrapeJob(row{"campaign_id": campaign}))
	if decision := scalar[string](b, "SELECT decision FROM workers.comments"); decision != "opted_out" {
		t.Errorf("the next comment of that person is decided as %s", decision)
	}
}

// Ensure the answers of receivers are forgotten, payloads only where that is set, and
// never of what may still be delivered.
func TestPruneWebhooks(t *testing.T) {
	t.Parallel()
	for name, retention := range map[string]privacy.Retention{"as it is": nil, "with payloads": {"WEBHOOK_PAYLOAD_RETENTION": 30 * day}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *options) { o.settings.Retention = retention })
			seed := func(status string, days int) any {
				return b.webhookLog(row{
					"status": status, "response_body": "thanks, ana@example.com", "response_status": 200,
					"last_attempt_at": time.Now().Add(time.Duration(-days) * day),
				})
			}
			sent, failed, pending, young := seed("sent", 31), seed("failed", 31), seed("pending", 31), seed("sent", 29)
			b.exec("UPDATE webhook_logs SET abandoned_at = now() WHERE id = $1", failed)
			b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
			for _, id := range []any{sent, failed, pending} {
				b.want("webhook_logs", id, row{"response_body": nil, "response_status": 200})
			}
			b.want("webhook_logs", young, row{"response_body": "thanks, ana@example.com"})
			for _, id := range []any{sent, failed, pending, young} {
				erased := b.read("webhook_logs", id)["payload_erased_at"] != nil
				if want := retention != nil && id == sent; erased != want {
					t.Errorf("the payload of row %v is forgotten: %t, want %t", b.read("webhook_logs", id), erased, want)
				}
			}
		})
	}
}

// Ensure a row whose payload is forgotten is never delivered empty, whoever asks for it,
// until it has a payload again.
func TestErasedPayloadIsNotDelivered(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *options) { o.settings.Retention = privacy.Retention{"WEBHOOK_PAYLOAD_RETENTION": 30 * day} })
	id := b.webhookLog(row{"status": "sent", "last_attempt_at": time.Now().Add(-31 * day)})
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	payload := scalar[string](b, "SELECT payload::text FROM webhook_logs")
	if payload != "{}" {
		t.Fatalf("the payload is %s", payload)
	}
	for _, status := range []string{"pending", "failed"} {
		b.exec("UPDATE webhook_logs SET status = $1, abandoned_at = NULL", status) // as a producer does
		b.run(b.sweeps.WebhookLogs)
		b.attempt(id)
		b.want("webhook_logs", id, row{"status": "failed", "error_message": "the payload was forgotten after WEBHOOK_PAYLOAD_RETENTION: there is nothing to deliver again"})
	}
	if n := b.customer.Accepted(); n != 0 {
		t.Fatalf("%d webhooks were delivered without their payload", n)
	}
	b.exec(`UPDATE webhook_logs SET status = 'pending', abandoned_at = NULL, payload =
		'{"email": "ana@example.com", "name": "Ana", "source": "linkedin_dm", "campaign_id": "c1", "timestamp": "2026-11-23T10:00:00Z"}'`)
	b.attempt(id)
	b.want("webhook_logs", id, row{"status": "sent", "payload_erased_at": nil})
}

// Ensure the rest of the table: the ledger of emails, what only counts, and takeovers of
// leads that are gone.
func TestPruneWhatHoldsIDsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`INSERT INTO workers.emails (key, kind, updated_at) SELECT n, 'pod_repost', now() - make_interval(days => n) FROM (VALUES (89), (91)) v (n)`)
	b.exec(`INSERT INTO workers.own_messages (account_id, message_id, sent_at) SELECT 'a', n, now() - make_interval(days => n) FROM (VALUES (6), (8)) v (n)`)
	b.exec(`INSERT INTO workers.comment_reads (account_id, hour) SELECT 'a', now() - make_interval(days => n) FROM (VALUES (1), (3)) v (n)`)
	b.exec(`INSERT INTO workers.takeovers (lead_id, reason) VALUES (gen_random_uuid(), 'gone'), ($1, 'there')`, b.lead(nil))
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	for table, left := range map[string]string{"emails": "key = '89'", "own_messages": "message_id = '6'", "comment_reads": "hour > now() - interval '2 days'", "takeovers": "reason = 'there'"} {
		if n := scalar[string](b, fmt.Sprintf("SELECT count(*) FILTER (WHERE %s) || ' of ' || count(*) FROM workers.%s", left, table)); n != "1 of 1" {
			t.Errorf("%s: %s rows are the young one", table, n)
		}
	}
}

// Ensure "never" is for ever, of every kind that can be set.
func TestPruneKeepsForEver(t *testing.T) {
	t.Parallel()
	never := privacy.Retention{}
	for _, kind := range privacy.RetentionKinds() {
		if kind.Variable != "" {
			never[kind.Variable] = 0
		}
	}
	b := setup(t, func(o *options) { o.settings.Retention = never })
	b.message(1, row{"state": "sent", "updated_at": time.Now().Add(-3650 * day)})
	b.webhookLog(row{"status": "sent", "response_body": "ok", "last_attempt_at": time.Now().Add(-3650 * day)})
	b.exec(`INSERT INTO workers.emails (key, kind, updated_at) VALUES ('k', 'pod_repost', now() - interval '9 years')`)
	b.wantEvent(work(b, privacy.PruneArgs{}), river.EventKindJobCompleted)
	if n := scalar[int](b, `SELECT (SELECT count(*) FROM workers.emails) + (SELECT count(*) FROM workers.messages WHERE body <> '')
		+ (SELECT count(*) FROM webhook_logs WHERE response_body <> '' AND payload <> '{}')`); n != 3 {
		t.Errorf("%d of 3 rows are kept whole", n)
	}
}

// planner is a database that keeps the plan of every statement that changes rows.
type planner struct {
	store.DBTX

	plans []string
}

// Exec explains, and runs nothing.
func (p *planner) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	rows, err := p.Query(ctx, "EXPLAIN (COSTS OFF) "+sql, args...)
	if err != nil {
		return tag, err
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return tag, err
		}
		plan.WriteString(line + "\n")
	}
	p.plans = append(p.plans, plan.String())
	return tag, rows.Err()
}

// Ensure that what is old is found by an index in tables of any size, young or old: each
// batch of a million rows takes as long as the first.
func TestPruneWalksAlongIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// Most are forgotten already, or too young: a plan by the table would read all of them.
	const many = 40_000
	ages := fmt.Sprintf("now() - make_interval(mins => n %% 3), CASE WHEN n <= 50 THEN 'x' ELSE '' END FROM generate_series(1, %d) n", many)
	for _, seed := range []string{
		"workers.comments (scrape_job_id, comment_id, decision, seen_at, body) SELECT gen_random_uuid(), n, CASE WHEN n % 2 = 0 THEN 'lead' ELSE 'no_match' END, " + ages,
		"workers.messages (account_id, campaign_id, purpose, recipient_id, state, updated_at, body) SELECT 'a', gen_random_uuid(), 'first_dm', 'p', 'sent', " + ages,
		"workers.inbox_messages (account_id, message_id, sender_id, sent_at, received_at, body) SELECT 'a', n, 's', now(), " + ages,
		"workers.own_messages (account_id, message_id, sent_at) SELECT 'a', n, now() - make_interval(mins => n % 3) FROM generate_series(1, 40000) n",
		"workers.comment_reads (account_id, hour) SELECT n, now() - make_interval(mins => n % 3) FROM generate_series(1, 40000) n",
		"workers.emails (kind, key, updated_at) SELECT 'pod_repost', n, now() FROM generate_series(1, 40000) n",
		"workers.awaited_relations (account_id, person_id, message_id, expires_at) SELECT 'b', 'p' || n, i.n, now() FROM generate_series(1, 40000) AS i (n)",
		"workers.webhook_attempts (endpoint_id, number, trigger, cause, started_at, body_head) SELECT 1, 1, 'automatic', 'timeout', " + ages,
		"webhook_logs (webhook_url, payload, status, last_attempt_at, response_body) SELECT 'https://crm.example/in', '{}', CASE WHEN n > 50 THEN 'failed' ELSE 'sent' END, " + ages,
		"leads (linkedin_id, status, updated_at, name) SELECT n, CASE WHEN n <= 50 THEN 'opted_out' ELSE 'completed' END, " + ages,
	} {
		b.exec("INSERT INTO " + seed)
	}
	b.exec("ANALYZE")
	db := &planner{DBTX: b.pool}
	for _, kind := range privacy.RetentionKinds() {
		_, err := privacy.Forget(t.Context(), db, kind, time.Hour, 2000)
		b.must(err)
	}
	if len(db.plans) != len(privacy.RetentionKinds()) {
		t.Fatalf("%d plans of %d kinds", len(db.plans), len(privacy.RetentionKinds()))
	}
	whole := regexp.MustCompile(`Seq Scan|Sort Key`)
	for i, kind := range privacy.RetentionKinds() {
		if whole.MatchString(db.plans[i]) || !strings.Contains(db.plans[i], "Index") {
			t.Errorf("%s are not found by an index:\n%s", kind.Name, db.plans[i])
		}
	}
}
