package migrations_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a database that already holds several first messages for one comment is migrated:
// what waits beside another is skipped, what went out keeps its state, and from then on the
// key refuses more. Messages from before comments were noted get theirs from their lead.
func TestUpOverSecondFirstMessages(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	// As 00010 left it.
	for range 5 {
		status, err := migrations.Status(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if isPending(status, "00011") {
			break
		}
		if _, err := migrations.Down(t.Context(), pool, false); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, pool, "DROP INDEX workers.messages_answer_once")
	exec(t, pool, "ALTER TABLE workers.messages DROP COLUMN duplicate_of, DROP COLUMN recipient_slug")
	exec(t, pool, "ALTER TABLE public.leads DROP COLUMN provider_missing_at")
	exec(t, pool, "DROP TABLE workers.profile_reads")
	exec(t, pool, `INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body, comment_id, state) VALUES
		('a', gen_random_uuid(), 'first_dm', 'both wait', 'first', 'c1', 'queued'),
		('a', gen_random_uuid(), 'first_dm', 'both wait', 'second', 'c1', 'queued'),
		('a', gen_random_uuid(), 'first_dm', 'one waits', 'first', 'c2', 'queued'),
		('a', gen_random_uuid(), 'first_dm', 'one waits', 'second', 'c2', 'sent'),
		('a', gen_random_uuid(), 'first_dm', 'one waits', 'third', 'c2', 'unknown'),
		('a', gen_random_uuid(), 'first_dm', 'both sent', 'first', 'c3', 'sent'),
		('a', gen_random_uuid(), 'first_dm', 'both sent', 'second', 'c3', 'sent'),
		('a', gen_random_uuid(), 'first_dm', 'failed', 'first', 'c4', 'failed'),
		('a', gen_random_uuid(), 'first_dm', 'failed', 'second', 'c4', 'failed'),
		('a', gen_random_uuid(), 'first_dm', 'two comments', 'first', 'c5', 'sent'),
		('a', gen_random_uuid(), 'first_dm', 'two comments', 'second', 'c6', 'queued'),
		('a', gen_random_uuid(), 'first_dm', 'two accounts', 'first', 'c7', 'queued'),
		('b', gen_random_uuid(), 'first_dm', 'two accounts', 'second', 'c7', 'queued')`)
	exec(t, pool, `WITH lead AS (INSERT INTO leads (linkedin_id, metadata, linkedin_profile_url) VALUES
			('before', '{"comment_id": "c8"}', 'https://www.linkedin.com/in/before-1?x'),
			('odd', '["no object"]', 'https://www.linkedin.com/in/ACoAAPerson0001'), ('none', NULL, NULL) RETURNING id, linkedin_id)
		INSERT INTO workers.messages (account_id, campaign_id, lead_id, purpose, recipient_id, body)
		SELECT 'a', gen_random_uuid(), id, 'first_dm', linkedin_id, 'first' FROM lead`)

	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(text(t, pool, `SELECT string_agg(concat_ws(' ', recipient_id, body, state, error_type, comment_id, recipient_slug,
			CASE WHEN duplicate_of IS NOT NULL THEN 'beside ' || (SELECT body FROM workers.messages k WHERE k.id = m.duplicate_of) END), '; ' ORDER BY id)
		FROM workers.messages m`), "; ")
	want := []string{
		"both wait first queued c1", "both wait second skipped other_campaign c1 beside first",
		"one waits first skipped other_campaign c2 beside second", "one waits second sent c2", "one waits third unknown c2 beside second",
		"both sent first sent c3", "both sent second sent c3 beside first",
		"failed first failed c4", "failed second failed c4",
		"two comments first sent c5", "two comments second queued c6",
		"two accounts first queued c7", "two accounts second queued c7",
		"before first queued c8 before-1", "odd first queued", "none first queued",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	for _, comment := range []string{"c1", "c2", "c3", "c8"} {
		_, err := pool.Exec(t.Context(), `INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body, comment_id)
			SELECT account_id, gen_random_uuid(), purpose, recipient_id, 'more', comment_id FROM workers.messages WHERE comment_id = $1 LIMIT 1`, comment)
		if err == nil {
			t.Errorf("another message for comment %s was accepted", comment)
		}
	}
	// Taken back and applied again, as after a rollback.
	if _, err := migrations.Down(t.Context(), pool, true); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
}

func isPending(status []migrations.Step, name string) bool {
	for _, s := range status {
		if strings.Contains(s.Name, name) {
			return s.AppliedAt.IsZero()
		}
	}
	return false
}
