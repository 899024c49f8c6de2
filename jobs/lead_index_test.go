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

// Ensure it costs next to nothing to learn that nobody who was contacted is unknown, and
// who is, where one campaign holds all that producers left and others hold nothing.
func TestUnknownLeadsAreFoundByIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.seedClient()
	old := b.campaign(row{"client_id": client})
	b.exec(`INSERT INTO leads (campaign_id, linkedin_id, status)
		SELECT $1, 'old-' || n, CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'opted_out' END FROM generate_series(1, 20000) n`, old)
	b.exec("UPDATE leads SET provider_missing_at = now() WHERE status = 'opted_out' AND linkedin_id <> 'old-1'")
	b.exec("ANALYZE leads")
	id, _ := b.message(1, row{"campaign_id": b.campaign(row{"client_id": client})})
	db := &explainer{DBTX: b.pool}
	if _, err := store.New().MessageGetContact(t.Context(), db, id); db.plan == "" {
		t.Fatal(err)
	}
	for _, index := range []string{"workers_leads_unknown", "workers_leads_out_unknown"} {
		if !strings.Contains(db.plan, `"`+index+`"`) {
			t.Errorf("the index %s is not used:\n%s", index, db.plan)
		}
	}
	if strings.Contains(db.plan, `"Seq Scan"`) {
		t.Errorf("a table is read as a whole:\n%s", db.plan)
	}
	contact := store.LeadFindContactedParams{CampaignID: &old, ProviderID: member(1), Names: []string{"person-1"}}
	if _, err := store.New().LeadFindContacted(t.Context(), db, contact); !strings.Contains(db.plan, `"workers_leads_names"`) {
		t.Errorf("a contacted lead is not found by its name's index (%v):\n%s", err, db.plan)
	}
}
