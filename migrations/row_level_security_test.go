package migrations_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/store/storetest"
)

// What the fixture holds for each client; see testdata of storetest.
const (
	mara = "a0000000-0000-4000-8000-000000000001" // Kelp Analytics
	jo   = "a0000000-0000-4000-8000-000000000002" // Tarn Studio
)

// Ensure each Supabase role sees what it may and nothing else.
func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	pool := legacyMigrated(t)
	exec(t, pool, `INSERT INTO webhook_logs (campaign_id, webhook_url, payload)
		SELECT id, 'https://example.com', '{}' FROM campaigns`)

	all := map[string]int{
		"campaigns": 2, "posts": 2, "scrape_jobs": 2, "leads": 3, "notifications": 3, "webhook_logs": 2,
		"clients": 2, "users": 3, "linkedin_accounts": 1, "webhook_configs": 1,
	}
	ofMara := map[string]int{
		"campaigns": 1, "posts": 1, "scrape_jobs": 1, "leads": 2, "notifications": 1, "webhook_logs": 1,
		"clients": 1, "users": 1, "linkedin_accounts": 1, "webhook_configs": 0,
	}
	ofJo := map[string]int{
		"campaigns": 1, "posts": 1, "scrape_jobs": 1, "leads": 1, "notifications": 1, "webhook_logs": 1,
		"clients": 1, "users": 1, "linkedin_accounts": 0, "webhook_configs": 1,
	}
	nothing := map[string]int{}
	for table := range all {
		nothing[table] = 0
	}
	for name, c := range map[string]struct {
		role, user string
		want       map[string]int
	}{
		"ServiceRole":          {"service_role", "", all},
		"AuthenticatedMara":    {"authenticated", mara, ofMara},
		"AuthenticatedJo":      {"authenticated", jo, ofJo},
		"AuthenticatedNobody":  {"authenticated", "", nothing},
		"AuthenticatedUnknown": {"authenticated", "a0000000-0000-4000-8000-00000000ffff", nothing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(t.Context()) }()
			become(t, tx, c.role, c.user)
			for table, want := range c.want {
				var got int
				if err := tx.QueryRow(t.Context(), "SELECT count(*) FROM public."+table).Scan(&got); err != nil {
					t.Fatalf("%s: %v", table, err)
				}
				if got != want {
					t.Errorf("%s: sees %d rows, want %d", table, got, want)
				}
			}
		})
	}
}

// Ensure that what is forbidden is refused, in our schema and for writes.
func TestForbidden(t *testing.T) {
	t.Parallel()
	pool := legacyMigrated(t)
	denied := "permission denied"
	for _, c := range []struct{ role, sql, want string }{
		{"anon", "SELECT FROM public.leads", denied},
		{"anon", "SELECT FROM public.users", denied},
		{"anon", "TRUNCATE public.webhook_logs", denied},
		{"anon", "SELECT FROM workers.messages", denied},
		{"authenticated", "SELECT FROM workers.river_job", denied},
		{"authenticated", "SELECT FROM workers.inbox_messages", denied},
		{"authenticated", "TRUNCATE public.notifications CASCADE", denied},
		{"authenticated", `INSERT INTO public.leads (campaign_id, linkedin_id)
			VALUES ('ca000000-0000-4000-8000-000000000001', 'ACoAAnew')`, "row-level security"},
		{"service_role", "SELECT FROM workers.accounts", denied},
	} {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		become(t, tx, c.role, mara)
		if _, err := tx.Exec(t.Context(), c.sql); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s: %v, want %q", c.role, c.sql, err, c.want)
		}
		_ = tx.Rollback(t.Context())
	}
	// Rows of nobody's are not there to be changed.
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	become(t, tx, "authenticated", mara)
	for _, sql := range []string{"UPDATE public.leads SET email = 'x'", "DELETE FROM public.leads"} {
		tag, err := tx.Exec(t.Context(), sql)
		if err != nil || tag.RowsAffected() != 0 {
			t.Errorf("%s: %d rows, %v", sql, tag.RowsAffected(), err)
		}
	}
}

// Ensure producers may still write rows that fire our triggers, although our
// schema is closed to them.
func TestServiceRoleFiresTriggers(t *testing.T) {
	t.Parallel()
	pool := legacyMigrated(t)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	become(t, tx, "service_role", "")
	for _, sql := range []string{
		"UPDATE public.scrape_jobs SET next_check = now()",
		"UPDATE public.notifications SET status = 'pending'",
		"UPDATE public.campaigns SET status = CASE status WHEN 'paused' THEN 'active' ELSE 'paused' END",
		`INSERT INTO public.webhook_logs (campaign_id, webhook_url, payload)
			VALUES ('ca000000-0000-4000-8000-000000000001', 'https://example.com', '{}')`,
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Ensure a plain Postgres, where Supabase's roles have no auth.uid(), is left open
// to the roles that its owner set up.
func TestPlainPostgres(t *testing.T) {
	t.Parallel()
	pool := storetest.Empty(t)
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	var forAuthenticated int
	err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_policies WHERE 'authenticated' = ANY (roles)").Scan(&forAuthenticated)
	if err != nil || forAuthenticated != 0 {
		t.Errorf("%d policies for authenticated (%v), want 0 without auth.uid()", forAuthenticated, err)
	}
}

func become(t *testing.T, tx pgx.Tx, role, user string) {
	t.Helper()
	if _, err := tx.Exec(t.Context(), "SELECT set_config('request.jwt.claim.sub', $1, true)", user); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SET LOCAL ROLE "+pgx.Identifier{role}.Sanitize()); err != nil {
		t.Fatal(err)
	}
}
