package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/bravorevos/workers/api"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/sandbox/receiver"
	fakeresend "github.com/bravorevos/workers/sandbox/resend"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store"
	"github.com/bravorevos/workers/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	cronSecret    = "cron-secret-of-the-tests"
	webhookSecret = "webhook-secret-of-the-tests"

	// deadline bounds every wait for something that must happen.
	deadline = 30 * time.Second
)

// bench is the routes over a real queue, with the outside world pretended.
type bench struct {
	url      string
	pool     *pgxpool.Pool
	client   *queue.Client
	server   *httptest.Server
	stopping chan struct{}
	logs     *logs

	unipile  *fakeunipile.Server
	resend   *fakeresend.Server
	receiver *receiver.Server
	hookURL  string
}

// newBench serves the routes; change may alter their configuration. Nothing but
// them runs a sweep.
func newBench(t *testing.T, pool *pgxpool.Pool, change func(*api.Config)) *bench {
	t.Helper()
	b := &bench{
		pool: pool, stopping: make(chan struct{}), logs: &logs{},
		unipile:  fakeunipile.New(fakeunipile.Options{APIKey: "unipile-key"}),
		resend:   fakeresend.New(fakeresend.Options{APIKey: "re_key"}),
		receiver: receiver.New(receiver.Options{Secret: webhookSecret}),
	}
	t.Cleanup(b.unipile.Close)
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	unipileURL, resendURL := serve(b.unipile.Handler()), serve(b.resend.Handler())
	b.hookURL = serve(b.receiver.Handler())
	linkedin, err := unipile.New(unipile.Config{DSN: unipileURL, APIKey: "unipile-key"})
	if err != nil {
		t.Fatal(err)
	}
	mailer, err := resend.New(resend.Config{APIKey: "re_key", BaseURL: resendURL})
	if err != nil {
		t.Fatal(err)
	}

	logger := slog.New(slog.NewTextHandler(b.logs, nil))
	registry := prometheus.NewRegistry()
	registry.MustRegister(queue.NewDepthCollector(pool))
	settings := jobs.Settings{WebhookSecret: webhookSecret, EmailFrom: "Bravo revOS <pods@example.com>"}
	b.client, err = queue.New(queue.Config{
		Pool: pool,
		Workers: jobs.Register(jobs.Deps{
			Pool: pool, Unipile: linkedin, Resend: mailer, Funnel: queue.NewFunnel(registry, jobs.FunnelSteps()...), Settings: settings,
			Webhooks: webhook.New(webhook.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		}),
		Outcomes: &queue.Outcomes{Pauser: store.Pauses{Pool: pool}, Logger: logger},
		Metrics:  queue.NewMetrics(registry, jobs.Kinds()),
		Logger:   logger,
		Tuning:   queue.Tuning{PollOnly: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := api.Config{
		Pool: pool, Client: b.client, Sweeps: jobs.SweepsOf(pool, settings), Inbound: inbox.NewInbound(pool, b.client, settings.Inbox()), CronSecret: cronSecret, CronWait: deadline,
		Metrics: registry, Logger: logger, Version: "v1.2.3", Stopping: b.stopping,
	}
	if change != nil {
		change(&cfg)
	}
	mux := http.NewServeMux()
	api.Install(mux, cfg)
	api.InstallPublic(mux, cfg)
	b.server = httptest.NewServer(mux)
	t.Cleanup(b.server.Close)
	b.url = b.server.URL
	return b
}

// newWorkingBench is newBench with jobs that run.
func newWorkingBench(t *testing.T, pool *pgxpool.Pool, change func(*api.Config)) *bench {
	t.Helper()
	b := newBench(t, pool, change)
	if err := b.client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := b.client.StopAndCancel(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return b
}

// pooled is a database as a worker behind a transaction pooler sees it.
func pooled(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	pool, err := store.Open(tb.Context(), store.Options{URL: storetest.New(tb).Config().ConnString(), MaxConnections: 8, Pooled: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// away is a database that cannot be reached.
func away(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	pool := storetest.New(tb)
	pool.Close()
	return pool
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// call makes a request, with an Authorization header unless that is empty.
func (b *bench) call(t *testing.T, method, path, authorization string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, body}
}

func (a answer) decode(t *testing.T) map[string]any {
	t.Helper()
	var decoded map[string]any
	if err := json.Unmarshal(a.body, &decoded); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return decoded
}

func (b *bench) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// logs keeps what is logged.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
