package jobs_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertest"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/receiver"
	fakeresend "github.com/bravorevos/workers/sandbox/resend"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	accountID = "Jq3vT0m2QpyXh7KcWz9LrA"
	ownerID   = "ACoAABq7xW0BnT5kYd2Rz8uEoLhVfCsMp3iGtQk" // of the account, and author of the post
	postID    = "7398114413090816000"
	socialID  = "urn:li:ugcPost:7398114411123456789"
	secret    = "webhook-secret-of-the-tests"
)

// bench is a database, the pretended vendors and the jobs between them.
type bench struct {
	*testing.T
	pool    *pgxpool.Pool
	deps    jobs.Deps
	metrics *prometheus.Registry

	linkedin *fakeunipile.Server
	mail     *fakeresend.Server
	customer *receiver.Server
	hookURL  string // of the customer

	mailClock *clock // of the pretended Resend

	client   *queue.Client // inserts jobs, works none
	outcomes *queue.Outcomes
	sweeps   jobs.Sweeps
	inbound  *inbox.Inbound
}

// options are what a test may want differently.
type options struct {
	settings       jobs.Settings
	readLag        time.Duration                   // of the pretended Unipile
	apiKey         string                          // that our clients use
	unipileTimeout time.Duration                   // of one exchange
	between        func(http.Handler) http.Handler // stands in front of the pretended Unipile
	legacy         bool                            // a database that producers filled before the workers existed
}

// setup makes a fresh bench with one LinkedIn account and one post. Gaps between
// writes are switched off; everything else has its default.
func setup(t *testing.T, change ...func(*options)) *bench {
	t.Helper()
	o := options{apiKey: "key"}
	o.settings.Limits.GapMin, o.settings.Limits.GapMax = 1, 1
	o.settings.WebhookSecret = secret
	o.settings.EmailFrom = "Bravo revOS <notifications@bravorevos.com>"
	for _, f := range change {
		f(&o)
	}
	mailClock := &clock{}
	b := &bench{
		T:        t,
		linkedin: fakeunipile.New(fakeunipile.Options{APIKey: "key", ReadLag: o.readLag, ExtraFields: true}),
		mail:     fakeresend.New(fakeresend.Options{APIKey: "key", Now: mailClock.now}),
		customer: receiver.New(receiver.Options{Secret: secret}),
		metrics:  prometheus.NewRegistry(),

		mailClock: mailClock,
	}
	if o.legacy {
		b.pool = storetest.Legacy(t)
		_, err := migrations.Up(t.Context(), b.pool)
		b.must(err)
	} else {
		b.pool = storetest.New(t)
	}
	// Each job that a test works holds a connection besides those it asks for.
	config := b.pool.Config()
	config.MaxConns = 24
	var err error
	b.pool, err = pgxpool.NewWithConfig(t.Context(), config)
	b.must(err)
	t.Cleanup(b.pool.Close)
	vendor := b.linkedin.Handler()
	if o.between != nil {
		vendor = o.between(vendor)
	}
	unipileURL, mailURL := b.serve(vendor), b.serve(b.mail.Handler())
	b.hookURL = b.serve(b.customer.Handler()) + "/leads"
	t.Cleanup(b.linkedin.Close) // before its HTTP server, which waits for held requests

	b.deps = jobs.Deps{Pool: b.pool, Funnel: queue.NewFunnel(b.metrics, jobs.FunnelSteps()...), Settings: o.settings}
	b.deps.Unipile, err = unipile.New(unipile.Config{DSN: unipileURL, APIKey: o.apiKey, Timeout: o.unipileTimeout})
	b.must(err)
	b.deps.Resend, err = resend.New(resend.Config{BaseURL: mailURL, APIKey: o.apiKey})
	b.must(err)
	b.deps.Webhooks = webhook.New(webhook.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})

	logger := slog.New(slog.DiscardHandler)
	b.client, err = queue.NewInserter(b.pool, logger)
	b.must(err)
	b.outcomes = &queue.Outcomes{Pauser: store.Pauses{Pool: b.pool}, Logger: logger}
	b.sweeps = jobs.SweepsOf(b.pool, o.settings)
	b.inbound = inbox.NewInbound(b.pool, b.client, o.settings.Inbox())

	b.linkedin.AddAccount(fakeunipile.Account{ID: accountID, Name: "Mara Lindqvist", ProviderID: ownerID, Slug: "mara-lindqvist"})
	b.linkedin.AddPost(fakeunipile.Post{ID: postID, SocialID: socialID, AuthorID: ownerID, Text: "Comment GUIDE"})
	return b
}

func (b *bench) serve(h http.Handler) string {
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	return server.URL
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// work inserts a job and runs one attempt of it, as a worker process would: with
// the job's timeout, and with queue.Outcomes deciding what follows.
func work[T river.JobArgs](b *bench, args T) *rivertest.WorkResult {
	b.Helper()
	return workWithin(b.Context(), b, args)
}

func workWithin[T river.JobArgs](ctx context.Context, b *bench, args T) *rivertest.WorkResult {
	b.Helper()
	tx, err := b.pool.Begin(b.Context())
	b.must(err)
	defer func() { b.must(tx.Commit(context.WithoutCancel(b.Context()))) }()
	worker := rivertest.NewWorker(b, riverpgxv5.New(nil), &river.Config{
		Schema:      migrations.Schema,
		Logger:      slog.New(slog.DiscardHandler),
		Middleware:  []rivertype.Middleware{b.outcomes},
		RetryPolicy: b.outcomes,
		JobTimeout:  queue.MaxJobTimeout,
	}, jobs.WorkerOf[T](b.deps))
	// A failed attempt is no failure of the test: it is in the result's job.
	result, _ := worker.Work(ctx, b, tx, args, nil)
	if result == nil {
		b.Fatalf("job of kind %s was not worked", args.Kind())
	}
	return result
}

// wantEvent makes sure how an attempt ended.
func (b *bench) wantEvent(got *rivertest.WorkResult, want river.EventKind) {
	b.Helper()
	if got.EventKind != want {
		b.Fatalf("job ended as %s, want %s; errors: %v", got.EventKind, want, attemptErrors(got.Job))
	}
}

func attemptErrors(job *rivertype.JobRow) (texts []string) {
	for _, e := range job.Errors {
		texts = append(texts, e.Error)
	}
	return texts
}

// wantNear makes sure that a time lies within a minute of now plus d.
func (b *bench) wantNear(at time.Time, d time.Duration) {
	b.Helper()
	if off := time.Until(at) - d; off.Abs() > time.Minute {
		b.Errorf("time is %s from now, want about %s", time.Until(at).Round(time.Second), d)
	}
}

// calls counts the requests that the pretended Unipile got, by operation; all of
// them for "".
func (b *bench) calls(operation string) int {
	n := 0
	for _, r := range b.linkedin.Requests() {
		if operation == "" || r.Operation == operation {
			n++
		}
	}
	return n
}

// sentTo lists the texts that a person got through the API.
func (b *bench) sentTo(personID string) (texts []string) {
	for _, m := range b.linkedin.Sent() {
		if m.RecipientID == personID {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// fault lets an operation of the pretended Unipile fail until it is taken back.
func (b *bench) fault(operation string, status int) (end func()) {
	b.linkedin.AddFault(fakeunipile.Fault{Operation: operation, Status: status})
	return b.linkedin.ClearFaults
}

// activeJobs counts the jobs of a kind that wait or run.
func (b *bench) activeJobs(kind string) int {
	b.Helper()
	return scalar[int](b, `SELECT count(*) FROM workers.river_job
		WHERE kind = $1 AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')`, kind)
}

// scalar reads one value.
func scalar[T any](b *bench, sql string, args ...any) T {
	b.Helper()
	rows, err := b.pool.Query(b.Context(), sql, args...)
	b.must(err)
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
	return value
}

func onProducersDatabase(o *options) { o.legacy = true }

// until waits for a condition.
func (b *bench) until(what string, met func(context.Context) bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	for !met(ctx) {
		select {
		case <-ctx.Done():
			b.Fatalf("waited too long until %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
