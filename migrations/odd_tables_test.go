package migrations_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure that a check which its owner never had validated, because old rows break
// it, is widened too: those rows stay, new ones are checked as before.
func TestUpWidensCheckThatIsNotValid(t *testing.T) {
	t.Parallel()
	pool := storetest.Legacy(t)
	exec(t, pool, "ALTER TABLE leads DROP CONSTRAINT leads_status_check, DROP CONSTRAINT leads_source_check")
	exec(t, pool, "INSERT INTO leads (linkedin_id, status, source) VALUES ('old', 'archived', 'fair')")
	exec(t, pool, "ALTER TABLE leads ADD CHECK (status IN ('comment_detected', 'dm_sent')) NOT VALID, ADD CHECK (source IN ('comment')) NOT VALID")

	for range 2 { // the second time the checks are those of the first
		if _, err := migrations.Up(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		if got := text(t, pool, "SELECT status || ' ' || source FROM leads WHERE linkedin_id = 'old'"); got != "archived fair" {
			t.Errorf("the old row is %q now", got)
		}
		for _, status := range []string{"dm_sent", "opted_out", "not_connected"} {
			exec(t, pool, "INSERT INTO leads (linkedin_id, status, source) VALUES ($1, $1, 'comment_trigger')", status)
		}
		for _, bad := range []string{"status = 'nonsense'", "source = 'nonsense'"} {
			if _, err := pool.Exec(t.Context(), "UPDATE leads SET "+bad+" WHERE linkedin_id = 'opted_out'"); err == nil {
				t.Errorf("%s was accepted", bad)
			}
		}
		exec(t, pool, "DELETE FROM leads WHERE linkedin_id <> 'old'")
		if _, err := migrations.Down(t.Context(), pool, true); err != nil {
			t.Fatal(err)
		}
	}
}

// Ensure that producers can go on writing to tables which never had updated_at,
// although a trigger keeps it from now on.
func TestUpOnTablesWithoutUpdatedAt(t *testing.T) {
	t.Parallel()
	pool := storetest.Legacy(t)
	tables := map[string]string{
		"campaigns": "name", "leads": "company", "notifications": "message", "posts": "content", "scrape_jobs": "trigger_word", "users": "last_name",
	}
	for table := range tables {
		exec(t, pool, "ALTER TABLE "+table+" DROP COLUMN updated_at")
	}
	exec(t, pool, `CREATE TABLE webhook_logs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), webhook_url text NOT NULL, payload jsonb NOT NULL,
		status text DEFAULT 'pending', retry_count integer DEFAULT 0, lead_id uuid, campaign_id uuid, last_attempt_at timestamptz,
		response_status integer, response_body text, error_message text, created_at timestamptz DEFAULT now())`)
	exec(t, pool, "INSERT INTO webhook_logs (webhook_url, payload) VALUES ('https://crm.tarn.example/in', '{}')")
	tables["webhook_logs"] = "error_message"

	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	for table, column := range tables {
		exec(t, pool, "UPDATE "+table+" SET updated_at = '2001-01-01'")
		exec(t, pool, "UPDATE "+table+" SET "+column+" = 'x'")
		got := text(t, pool, "SELECT count(*) FILTER (WHERE updated_at > now() - interval '1 hour' AND "+column+" = 'x') || ' of ' || count(*) FROM "+table)
		want := text(t, pool, "SELECT count(*) || ' of ' || count(*) FROM "+table)
		if got != want || got == "0 of 0" {
			t.Errorf("%s: %s rows were updated, with the time, want %s", table, got, want)
		}
	}
}

func text(t *testing.T, pool *pgxpool.Pool, query string) (value string) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}
