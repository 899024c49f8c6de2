package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/sandbox/resend"
	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

func TestMain(m *testing.M) {
	// Toxiproxy leaves goroutines behind now and then for connections that were cut.
	storetest.Main(m,
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).write"))
}

const (
	accountID = "Jq3vT0m2QpyXh7KcWz9LrA" // as in the legacy fixture
	postID    = "7398114413090816000"
	authorID  = "ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk"
	secret    = "webhook-secret-of-the-tests"
)

// outside is the pretended world around one worker.
type outside struct {
	unipile  *unipile.Server
	resend   *resend.Server
	receiver *receiver.Server
	environ  map[string]string
	hookURL  string
}

// newOutside starts the fakes and makes the environment of a worker that uses them.
func newOutside(tb testing.TB, pool *pgxpool.Pool, lag time.Duration) *outside {
	tb.Helper()
	o := &outside{
		unipile:  unipile.New(unipile.Options{APIKey: "unipile-key", ReadLag: lag, ExtraFields: true}),
		resend:   resend.New(resend.Options{APIKey: "re_key"}),
		receiver: receiver.New(receiver.Options{Secret: secret}),
	}
	unipileServer := httptest.NewServer(o.unipile.Handler())
	resendServer := httptest.NewServer(o.resend.Handler())
	receiverServer := httptest.NewServer(o.receiver.Handler())
	tb.Cleanup(func() {
		o.unipile.Close()
		unipileServer.Close()
		resendServer.Close()
		receiverServer.Close()
	})
	o.hookURL = receiverServer.URL + "/leads"
	o.environ = map[string]string{
		"DATABASE_URL":                pool.Config().ConnString(),
		"UNIPILE_API_KEY":             "unipile-key",
		"UNIPILE_DSN":                 unipileServer.URL,
		"RESEND_API_KEY":              "re_key",
		"RESEND_BASE_URL":             resendServer.URL + "/",
		"WEBHOOK_SECRET":              secret,
		"CRON_SECRET":                 "cron-secret-of-the-tests",
		"OPERATOR_PASSWORD":           "operator-password",
		"LISTEN_ADDR":                 "127.0.0.1:0",
		"WEBHOOK_ALLOW_CIDRS":         "127.0.0.0/8,::1/128",
		"DATABASE_MAX_CONNECTIONS":    "10",
		"SCRAPE_SWEEP_INTERVAL":       "1s",
		"MESSAGE_SWEEP_INTERVAL":      "1s",
		"INBOX_INTERVAL":              "300ms",
		"WEBHOOK_SWEEP_INTERVAL":      "1s",
		"NOTIFICATION_SWEEP_INTERVAL": "1s",
		"POLL_INTERVAL_UNIT":          "500ms",
		"FAILED_POLL_WAIT":            "1s",
		"COMMENT_READS_PER_DAY":       "100000",
		"FIRST_DMS_PER_HOUR":          "10000",
		"FIRST_DMS_PER_DAY":           "10000",
		"ANSWERS_PER_HOUR":            "10000",
		"ANSWERS_PER_DAY":             "10000",
		"WRITE_GAP_MIN":               "1ms",
		"WRITE_GAP_MAX":               "2ms",
		"UNIPILE_READ_LAG":            (lag + 500*time.Millisecond).String(),
		"UNIPILE_TIMEOUT":             "3s",
		"WEBHOOK_SCHEDULE":            "300ms,300ms,300ms,300ms,300ms",
		"SOFT_STOP_TIMEOUT":           "5s",
	}
	return o
}

func (o *outside) list() []string {
	var environ []string
	for name, value := range o.environ {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// run starts a worker in this process and stops it at the end of the test.
func (o *outside) run(tb testing.TB) *worker {
	tb.Helper()
	cfg, err := config.Load(o.list())
	if err != nil {
		tb.Fatal(err)
	}
	w, err := start(tb.Context(), cfg, testLogger(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := w.stop(); err != nil {
			tb.Error(err)
		}
	})
	return w
}

// testLogger shows the worker's warnings beside the test's own lines.
func testLogger(tb testing.TB) *slog.Logger {
	tb.Helper()
	level := slog.LevelWarn
	if os.Getenv("WORKER_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: level}))
}

// until waits for a condition in the database: sql returns one boolean.
func until(tb testing.TB, pool *pgxpool.Pool, what, sql string, args ...any) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 3*time.Minute)
	defer cancel()
	for {
		var ok bool
		if err := pool.QueryRow(ctx, sql, args...).Scan(&ok); err != nil {
			tb.Fatalf("waiting for %s: %v", what, err)
		}
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("waited too long for %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func execSQL(tb testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	tb.Helper()
	if _, err := pool.Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// queryString reads one text.
func queryString(tb testing.TB, pool *pgxpool.Pool, sql string, args ...any) (text string) {
	tb.Helper()
	if err := pool.QueryRow(tb.Context(), sql, args...).Scan(&text); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return text
}

// person makes a LinkedIn member id.
func person(n int) string { return fmt.Sprintf("ACoAAPerson%028d", n) }

// populate lets n people comment on the post; each answers with an address.
func (o *outside) populate(n int) {
	o.unipile.AddAccount(unipile.Account{ID: accountID, Name: "Mara Lindqvist", ProviderID: authorID, Slug: "mara-lindqvist"})
	o.unipile.AddPost(unipile.Post{ID: postID, SocialID: "urn:li:ugcPost:7398114411123456789", AuthorID: authorID, Text: "Comment GUIDE"})
	o.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: authorID, Text: "Just comment GUIDE below"})
	for i := range n {
		o.ask(i)
	}
}

// ask lets person n comment, who answers with an address.
func (o *outside) ask(n int) {
	id := person(n)
	o.unipile.AddPerson(unipile.Person{ProviderID: id, Slug: fmt.Sprintf("person-%d", n), Name: fmt.Sprintf("Person No%d", n)})
	o.unipile.SetPersona(id, unipile.Persona{Replies: []unipile.Answer{
		{After: 50 * time.Millisecond, Text: fmt.Sprintf("Sure, it's person%d@example.com", n)},
	}})
	o.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: id, Text: "guide please"})
}

// seed writes what a producer would: a campaign and a scrape job.
func (o *outside) seed(tb testing.TB, pool *pgxpool.Pool) {
	tb.Helper()
	execSQL(tb, pool, `
WITH client AS (INSERT INTO clients (name) VALUES ('Kelp') RETURNING id),
     campaign AS (INSERT INTO campaigns (client_id, name, trigger_word, status)
                  SELECT id, 'Pricing guide', 'guide', 'active' FROM client RETURNING id),
     post AS (INSERT INTO posts (campaign_id, content) SELECT id, 'Comment GUIDE' FROM campaign RETURNING id, campaign_id)
INSERT INTO scrape_jobs (campaign_id, post_id, unipile_post_id, unipile_account_id, trigger_word,
                         lead_magnet_url, send_backup_link, webhook_url, poll_interval_minutes)
SELECT campaign_id, id, '7398114413090816000', 'Jq3vT0m2QpyXh7KcWz9LrA', 'guide',
       'https://kelp.example/guide.pdf', true, $1, 1
FROM post`, o.hookURL)
}

// assertExactlyOnce checks the fake's own log: each of n people got one first
// message and one backup link, nobody else got any.
func isBackup(text string) bool { return strings.Contains(text, "guide.pdf") }

func (o *outside) assertExactlyOnce(t *testing.T, n int) {
	t.Helper()
	first, backup := map[string]int{}, map[string]int{}
	for _, m := range o.unipile.Sent() {
		if isBackup(m.Text) {
			backup[m.RecipientID]++
		} else {
			first[m.RecipientID]++
		}
	}
	for i := range n {
		if got := first[person(i)]; got != 1 {
			t.Errorf("person %d got %d first messages", i, got)
		}
		if got := backup[person(i)]; got != 1 {
			t.Errorf("person %d got %d backup links", i, got)
		}
	}
	if len(first) != n || len(backup) != n {
		t.Errorf("%d people got a first message and %d a backup link, want %d", len(first), len(backup), n)
	}
}

const everyLeadDelivered = `
SELECT count(*) = $1 AND (SELECT count(*) FILTER (WHERE state = 'sent') = 2 * $1 FROM workers.messages)
FROM leads WHERE status = 'webhook_sent'`

// Ensure the whole funnel runs: comments become messages, answers become leads,
// leads become signed webhooks and backup links.
func TestFunnel(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(12)
	o.receiver.FailFirst("/leads", 2, 503)
	o.run(t)
	o.seed(t, pool)
	until(t, pool, "twelve delivered leads", everyLeadDelivered, 12)
	o.assertExactlyOnce(t, 12)
	if got := o.receiver.Accepted(); got != 12 {
		t.Errorf("receiver accepted %d leads, want 12", got)
	}
	for _, d := range o.receiver.Deliveries() {
		if !d.Valid {
			t.Errorf("delivery %s: %s", d.ID, d.Problem)
		}
	}
	var scanned, triggers, dms, emails int
	err := pool.QueryRow(t.Context(), "SELECT comments_scanned, trigger_words_found, dms_sent, emails_captured FROM scrape_jobs").
		Scan(&scanned, &triggers, &dms, &emails)
	if err != nil || scanned != 13 || triggers != 12 || dms != 12 || emails != 12 {
		t.Errorf("counters are %d, %d, %d, %d (%v), want 13, 12, 12, 12", scanned, triggers, dms, emails, err)
	}
}

// Ensure the funnel runs on a database that producers have used for long.
func TestFunnelOnLegacyDatabase(t *testing.T) {
	t.Parallel()
	pool := storetest.Legacy(t)
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	o := newOutside(t, pool, 0)
	o.populate(5)
	// Tomás is a lead in dm_sent since before the workers: no second message, but
	// his answer is heard. His webhook goes nowhere public from here.
	const tomas = "ACoAADf2kQkBz1uWm9YtRr0aXeVb5CcPnLh7oJs"
	o.unipile.AddPerson(unipile.Person{ProviderID: tomas, Slug: "tomas-arrieta-91b", Name: "Tomás Arrieta"})
	o.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: tomas, Text: "GUIDE again please"})
	execSQL(t, pool, "UPDATE scrape_jobs SET webhook_url = $1 WHERE webhook_url IS NOT NULL", o.hookURL)
	o.run(t)
	o.unipile.Receive(accountID, tomas, "here you are: tomas@kelp.example.com")
	until(t, pool, "six delivered leads", "SELECT count(*) = 6 FROM leads WHERE status = 'webhook_sent'")
	until(t, pool, "the backup links", "SELECT count(*) = 6 FROM workers.messages WHERE purpose = 'backup_link' AND state = 'sent'")
	for _, m := range o.unipile.Sent() {
		if m.RecipientID == tomas && !strings.Contains(m.Text, "guide.pdf") {
			t.Errorf("Tomás got a second first message")
		}
	}
	until(t, pool, "the pod email", "SELECT status = 'sent' FROM notifications WHERE id = 'e0000000-0000-4000-8000-000000000001'")
	until(t, pool, "the failure of the notification without address",
		"SELECT status = 'failed' AND error_message = 'User has no email address' FROM notifications WHERE id = 'e0000000-0000-4000-8000-000000000002'")
}

// Ensure the funnel runs without LISTEN and prepared statements, as behind a
// transaction pooler; the periodic sweeps then find the rows.
func TestFunnelPollOnly(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.environ["POLL_ONLY"] = "true"
	o.populate(3)
	o.run(t)
	o.seed(t, pool)
	until(t, pool, "three delivered leads", everyLeadDelivered, 3)
	o.assertExactlyOnce(t, 3)
}

// Ensure a database that is not migrated stops the worker with the way out.
func TestNotMigrated(t *testing.T) {
	t.Parallel()
	pool := storetest.Empty(t)
	o := newOutside(t, pool, 0)
	err := runWorker(t.Context(), o.list(), t.Output())
	if err == nil || !strings.Contains(err.Error(), "run `worker migrate up`") {
		t.Errorf("worker says %v, want it to name the command", err)
	}
}

// Ensure a wrong API key is told clearly, fails nothing for ever, and that the
// funnel goes on by itself once the key is right.
func TestWrongAPIKey(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	o.populate(2)
	o.seed(t, pool)
	right := o.environ["UNIPILE_API_KEY"]
	o.environ["UNIPILE_API_KEY"] = "wrong-key"
	p := o.spawn(t)
	until(t, pool, "the failed poll", `SELECT coalesce(last_error LIKE '%401%missing_credentials%' AND status = 'running', false) FROM scrape_jobs`)
	if strings.Contains(p.log.String(), "wrong-key") {
		t.Error("the log holds the key")
	}
	p.kill(t)
	o.environ["UNIPILE_API_KEY"] = right
	o.spawn(t)
	until(t, pool, "two delivered leads", everyLeadDelivered, 2)
	o.assertExactlyOnce(t, 2)
}

// Ensure mock mode runs the funnel without any vendor account, and says so.
func TestMockMode(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	o := newOutside(t, pool, 0)
	delete(o.environ, "UNIPILE_API_KEY")
	delete(o.environ, "UNIPILE_DSN")
	o.environ["UNIPILE_MOCK_MODE"] = "true"
	w := o.run(t)
	o.seed(t, pool) // while it runs: the world must have the post by the first poll
	until(t, pool, "the first poll", "SELECT last_checked IS NOT NULL FROM scrape_jobs")
	until(t, pool, "no error", "SELECT last_error IS NULL FROM scrape_jobs")
	until(t, pool, "two delivered leads and one opt-out", `SELECT count(*) FILTER (WHERE status = 'webhook_sent') = 2
		AND count(*) FILTER (WHERE status = 'opted_out') = 1 FROM leads`)
	resp, err := http.Get("http://" + w.addr.String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), `"mode":"mock"`) {
		t.Errorf("health says %s (%v), want the mode", body, err)
	}
}
