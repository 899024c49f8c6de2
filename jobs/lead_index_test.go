package jobs_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

// explainer is a database that tells how it would run a query instead of running it.
type explainer struct {
	store.DBTX

	plan string
}

// QueryRow keeps the plan, and returns no row.
func (e *explainer) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	var plan json.RawMessage
	if err := e.DBTX.QueryRow(ctx, "EXPLAIN (FORMAT JSON) "+sql, args...).Scan(&plan); err != nil {
		return failed{err}
	}
	e.plan = string(plan)
	return failed{pgx.ErrNoRows}
}

type failed struct{ err error }

// Scan fails.
func (f failed) Scan(...any) error { return f.err }

// Ensure that a commenter is found by an index among the many leads that producers
// left in one campaign: a poll looks once a comment, and reading them all each time
// would take it longer than it may.
func TestLeadsAreFoundByIndex(t *testing.T) {
	t.Parallel()
	pool := storetest.Legacy(t)
	const campaign, client = "ca000000-0000-4000-8000-000000000001", "c0000000-0000-4000-8000-000000000001"
	// Before the migrations, which must make their index useful at once.
	_, err := pool.Exec(t.Context(), `INSERT INTO leads (campaign_id, linkedin_id, linkedin_url, status)
		SELECT $1, 'old-' || n, 'https://www.linkedin.com/in/person-' || n, 'completed' FROM generate_series(1, 20000) n`, campaign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	// So many that a small index of them alone is none the better.
	if _, err := pool.Exec(t.Context(), "UPDATE leads SET status = 'opted_out'; ANALYZE leads"); err != nil {
		t.Fatal(err)
	}
	campaignID, clientID, names := uuid.MustParse(campaign), uuid.MustParse(client), []string{strings.ToLower(member(1)), "person-1"}
	for name, ask := range map[string]func(store.DBTX) error{
		"LeadFindPerson": func(db store.DBTX) error {
			_, err := store.New().LeadFindPerson(t.Context(), db, store.LeadFindPersonParams{CampaignID: &campaignID, ProviderID: member(1), Names: names})
			return err
		},
		"LeadHasOptedOut": func(db store.DBTX) error {
			_, err := store.New().LeadHasOptedOut(t.Context(), db, store.LeadHasOptedOutParams{ClientID: &clientID, ProviderID: member(1), Names: names})
			return err
		},
	} {
		db := &explainer{DBTX: pool}
		if err := ask(db); db.plan == "" {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.Contains(db.plan, `"workers_leads_names"`) {
			t.Errorf("%s does not use the index of names:\n%s", name, db.plan)
		}
	}
}
