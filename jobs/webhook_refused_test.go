package jobs_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/bravorevos/workers/jobs/webhooks"
)

// Ensure that a row which the database refuses to be changed holds up nobody else: all
// others are told their endpoint and get a job, and the refusal stands where an operator
// sees it, on the row itself where even that is possible.
func TestRowThatTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		refuse []string // what makes the row with the URL …/bad a bad one
		reason string
		noted  bool // error_message can be written
	}{
		"a trigger that raises": {
			refuse: []string{
				`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not this one''; END'`,
				`CREATE TRIGGER refuse BEFORE UPDATE OF endpoint_id ON webhook_logs FOR EACH ROW
					WHEN (NEW.webhook_url LIKE '%/bad') EXECUTE FUNCTION refuse()`,
			},
			reason: "not this one", noted: true,
		},
		"a trigger that undoes": {
			refuse: []string{
				`CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`,
				`CREATE TRIGGER undo BEFORE UPDATE OF endpoint_id ON webhook_logs FOR EACH ROW
					WHEN (NEW.webhook_url LIKE '%/bad') EXECUTE FUNCTION undo()`,
			},
			reason: "the row did not change", noted: true,
		},
		"a check that the row does not meet": {
			refuse: []string{`ALTER TABLE webhook_logs ADD CONSTRAINT good CHECK (webhook_url NOT LIKE '%/bad') NOT VALID`},
			reason: `violates check constraint "good"`,
		},
		"a value that is too long for an index": {
			refuse: []string{
				`UPDATE webhook_logs SET webhook_url = webhook_url || '?' || (
					SELECT string_agg(md5(n::text), '') FROM generate_series(1, 2000) n) WHERE webhook_url LIKE '%/bad'`,
				`CREATE INDEX by_url ON webhook_logs (webhook_url) WHERE endpoint_id IS NOT NULL`,
			},
			reason: "index row", noted: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.rows(b.hookURL+"/one", 40)
			bad := b.webhookLog(row{"webhook_url": b.hookURL + "/bad"})
			b.rows(b.hookURL+"/two", 40)
			for _, sql := range tt.refuse {
				b.exec(sql)
			}
			if n := len(b.run(b.sweeps.WebhookLogs)); n != 2*slots {
				t.Errorf("%d rows got a job, want %d of each good endpoint", n, slots)
			}
			if n := scalar[int](b, "SELECT count(*) FROM webhook_logs WHERE endpoint_id IS NOT NULL"); n != 80 {
				t.Errorf("%d rows know their endpoint, want the 80 good ones", n)
			}
			reason := scalar[string](b, "SELECT reason FROM workers.webhook_refusals WHERE webhook_log_id = $1 AND again_at > now()", bad)
			if !strings.Contains(reason, tt.reason) {
				t.Errorf("the reason is %q, want one with %q", reason, tt.reason)
			}
			if told := scalar[*string](b, "SELECT error_message FROM webhook_logs WHERE id = $1", bad); tt.noted != (told != nil && *told == reason) {
				t.Errorf("error_message is %v, want the reason: %t", told, tt.noted)
			}
			b.wantRefused(1)
			if n := len(b.run(b.sweeps.WebhookLogs)); n != 0 {
				t.Errorf("%d rows got a job in the next sweep, want none: it is not asked again yet", n)
			}
		})
	}
}

// wantRefused makes sure how many rows the metric counts.
func (b *bench) wantRefused(want int) {
	b.Helper()
	const metric = "workers_webhook_rows_refused"
	registry := prometheus.NewRegistry()
	registry.MustRegister(webhooks.NewEndpointCollector(b.pool))
	families, err := registry.Gather()
	b.must(err)
	for _, family := range families {
		if family.GetName() == metric {
			if got := int(family.GetMetric()[0].GetGauge().GetValue()); got != want {
				b.Errorf("%s is %d, want %d", metric, got, want)
			}
			return
		}
	}
	b.Errorf("there is no %s", metric)
}

// Ensure that a refused row is tried again when its time has come, waits longer after
// each refusal, and is forgotten as refused once the database takes it.
func TestRefusedRowIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bad := b.webhookLog(nil)
	b.exec("ALTER TABLE webhook_logs ADD CONSTRAINT good CHECK (payload ? 'never') NOT VALID")
	for n, want := range []float64{60, 120, 240} {
		b.run(b.sweeps.WebhookLogs)
		waits := scalar[float64](b, "SELECT extract(epoch FROM again_at - refused_at)::float8 FROM workers.webhook_refusals")
		if waits != want {
			t.Errorf("after refusal %d it waits %gs, want %gs", n+1, waits, want)
		}
		b.exec("UPDATE workers.webhook_refusals SET again_at = now()")
	}
	b.exec("ALTER TABLE webhook_logs DROP CONSTRAINT good")
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 1 || due[0] != bad.String() {
		t.Errorf("due: %v, want the row that is good now", due)
	}
	b.wantRefused(0)
}

// Ensure that a row without a URL, which producers' tables may allow, is closed with a
// reason and holds up nobody.
func TestRowWithoutURL(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec("ALTER TABLE webhook_logs ALTER webhook_url DROP NOT NULL")
	bad, good := b.webhookLog(row{"webhook_url": nil}), b.webhookLog(nil)
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 2 {
		t.Fatalf("due: %v, want both", due)
	}
	b.exec("DELETE FROM workers.river_job")
	b.attempt(bad)
	b.attempt(good)
	b.want("webhook_logs", good, row{"status": "sent"})
	b.want("webhook_logs", bad, row{"status": "failed", "retry_count": 1, "next_attempt_at": nil})
}

// Ensure that a row that somebody else holds locked is left to them, and its
// neighbours are not.
func TestRowsThatOthersHoldLocked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	locked, free := b.webhookLog(nil), b.webhookLog(row{"webhook_url": b.hookURL + "/free"})
	b.holding("SELECT FROM webhook_logs WHERE id = $1 FOR UPDATE", []any{locked}, func() {
		if due := b.run(b.sweeps.WebhookLogs); len(due) != 1 || due[0] != free.String() {
			t.Errorf("due: %v, want the row that nobody holds", due)
		}
	})
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 1 || due[0] != locked.String() {
		t.Errorf("due after the lock: %v, want the row that was locked", due)
	}
	b.wantRefused(0)
}

// Ensure that the URL of an endpoint that somebody is just making, and does not come to
// an end with, holds up the rows of that endpoint alone.
func TestEndpointThatIsBeingMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.impatient("400ms")
	waits, free := b.webhookLog(nil), b.webhookLog(row{"webhook_url": b.hookURL + "/free"})
	insert := "INSERT INTO workers.webhook_endpoints (scope, url) VALUES ($1, $2)"
	b.holding(insert, []any{uuid.Nil, b.hookURL}, func() {
		if due := b.run(b.sweeps.WebhookLogs); len(due) != 1 || due[0] != free.String() {
			t.Errorf("due: %v, want the row of the other endpoint", due)
		}
	})
	b.exec("UPDATE workers.webhook_refusals SET again_at = now()")
	if due := b.run(b.sweeps.WebhookLogs); len(due) != 1 || due[0] != waits.String() {
		t.Errorf("due after the lock: %v, want the row that waited", due)
	}
	b.wantRefused(0)
}

// impatient lets no statement wait longer than this for a lock, as the pool of a worker does.
func (b *bench) impatient(wait string) {
	b.Helper()
	b.exec("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = %L', current_database(), '" + wait + "'); END $$")
	b.pool.Reset()
}

// holding runs f while another transaction has done what sql says and does not end.
func (b *bench) holding(sql string, args []any, f func()) {
	b.Helper()
	conn, err := pgx.ConnectConfig(b.Context(), b.pool.Config().ConnConfig)
	b.must(err)
	defer func() { b.must(conn.Close(context.WithoutCancel(b.Context()))) }()
	tx, err := conn.Begin(b.Context())
	b.must(err)
	_, err = tx.Exec(b.Context(), sql, args...)
	b.must(err)
	f()
	b.must(tx.Rollback(b.Context()))
}
