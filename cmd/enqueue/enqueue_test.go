package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// world is a database with one client and one active campaign.
type world struct {
	*testing.T
	pool             *pgxpool.Pool
	client, campaign uuid.UUID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, pool: storetest.New(t), client: id(901), campaign: id(902)}
	w.exec(`INSERT INTO clients (id, name) VALUES ($1, 'Kelp')`, w.client)
	w.exec(`INSERT INTO campaigns (id, client_id, name, status) VALUES ($1, $2, 'Guide', 'active')`, w.campaign, w.client)
	return w
}

// id is the nth of a row of ids in ascending order.
func id(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)) }

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.pool.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

// list returns the one text column of a query.
func (w *world) list(sql string, args ...any) []string {
	w.Helper()
	rows, _ := w.pool.Query(w.Context(), sql, args...)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
	return list
}

// jobs lists the jobs of a kind as "row state", in the order of rows.
func (w *world) jobs(kind string) []string {
	w.Helper()
	return w.list(`SELECT right(v.value, 3) || ' ' || j.state FROM workers.river_job j, jsonb_each_text(j.args) v
		WHERE j.kind = $1 ORDER BY v.value, j.id`, kind)
}

// webhook adds a row of webhook_logs.
func (w *world) webhook(n int, status string) {
	w.Helper()
	w.exec(`INSERT INTO webhook_logs (id, campaign_id, webhook_url, payload, status, retry_count, abandoned_at)
		VALUES ($1, $2, 'https://crm.example/hook', '{}', $3, CASE $3 WHEN 'failed' THEN 9 ELSE 0 END,
		CASE $3 WHEN 'failed' THEN now() END)`, id(n), w.campaign, status)
}

// scrapeJob adds a row of scrape_jobs, not due for an hour.
func (w *world) scrapeJob(n int, campaign uuid.UUID, account, status string) {
	w.Helper()
	w.exec(`INSERT INTO scrape_jobs (id, campaign_id, unipile_post_id, unipile_account_id, status, next_check)
		VALUES ($1, $2, 'post', $3, nullif($4, ''), now() + interval '1 hour')`, id(n), campaign, account, status)
}

type output struct {
	code           int
	stdout, stderr string
}

// run is the program with these arguments, on the world's database.
func (w *world) run(args ...string) output { return w.runWith(w.Context(), nil, args...) }

func (w *world) runWith(ctx context.Context, environ []string, args ...string) output {
	var stdout, stderr bytes.Buffer
	environ = append(environ, "DATABASE_URL="+w.pool.Config().ConnString())
	code := run(ctx, args, environ, &stdout, &stderr)
	return output{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

// report runs the program with --json and returns what it printed.
func (w *world) report(args ...string) *report {
	w.Helper()
	out := w.run(append(args, "--json")...)
	if out.code != 0 || out.stderr != "" {
		w.Fatalf("enqueue %v: exit code %d, stderr %q, stdout %s", args, out.code, out.stderr, out.stdout)
	}
	return decode(w.T, out)
}

func decode(t *testing.T, out output) *report {
	t.Helper()
	var r report
	decoder := json.NewDecoder(bytes.NewBufferString(out.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("stdout is not one JSON object: %v: %q", err, out.stdout)
	}
	if decoder.More() {
		t.Fatalf("stdout is more than one JSON object: %q", out.stdout)
	}
	return &r
}

// counts are the figures of a report.
type counts struct{ Matched, Enqueued, AlreadyQueued, BroughtForward, Parked, Skipped int }

func (r *report) counts() counts {
	c := counts{Matched: r.Matched, Enqueued: r.Enqueued, AlreadyQueued: r.AlreadyQueued, BroughtForward: r.BroughtForward, Parked: r.Parked}
	for _, n := range r.Skipped {
		c.Skipped += n
	}
	return c
}

func diff(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
