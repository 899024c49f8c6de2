// Package api is the HTTP that machines speak to the worker: the cron routes,
// health and metrics.
//
// It must not show pages to people; package console does.
package api

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// Config is what the routes need.
type Config struct {
	Pool *pgxpool.Pool
	// Probe is what readiness asks the database over, so that neither the jobs nor those
	// who ask can keep the others from it; nil: Pool.
	Probe      *pgxpool.Pool
	Client     *queue.Client
	Sweeps     jobs.Sweeps
	Inbound    *inbox.Inbound // takes what Unipile's webhooks tell
	CronSecret string         // empty: the cron routes answer 500
	// UnipileSecret is what the header Unipile-Auth of inbound webhooks must hold; empty:
	// they are off.
	UnipileSecret string
	CronWait      time.Duration // how long they wait for the work that they started, default 5 s
	Metrics       prometheus.Gatherer
	Logger        *slog.Logger
	Version       string
	MockMode      bool // told in the health answer
	// Stopping is closed when the worker begins to stop; readiness then ends.
	Stopping <-chan struct{}
	// Alive says what stands still for good, so that only a restart helps; nil: nothing does.
	Alive func() error
}

type server struct {
	Config

	queries *store.Queries
	ready   *fresh[error]
}

func newServer(cfg Config) *server {
	cfg.CronWait = cmp.Or(cfg.CronWait, 5*time.Second)
	s := &server{Config: cfg, queries: store.New()}
	s.ready = &fresh[error]{lives: readyFor, read: s.checkDatabase}
	return s
}

// InstallPublic adds the routes that strangers must reach to a mux. Each of them knows
// its callers by a secret of their own.
func InstallPublic(mux *http.ServeMux, cfg Config) {
	s := newServer(cfg)
	// Unipile: somebody wrote, became a connection, or an account was signed out.
	mux.Handle("POST /webhooks/unipile", within(longAnswer, http.HandlerFunc(s.unipileWebhook)))
}

// Install adds the other routes to a mux, those of the platform and of the operators.
func Install(mux *http.ServeMux, cfg Config) {
	s := newServer(cfg)

	// platform: is the process alive.
	mux.Handle("GET /healthz", within(quickAnswer, http.HandlerFunc(s.healthz)))
	// platform: may it get traffic, and is its database there and migrated.
	mux.Handle("GET /readyz", within(quickAnswer, http.HandlerFunc(s.readyz)))
	// Prometheus.
	mux.Handle("GET /metrics", within(quickAnswer,
		promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})))

	// Web app: before a campaign is saved.
	mux.Handle("POST /api/templates/check", within(longAnswer, http.HandlerFunc(s.checkTemplates)))

	// The platform's cron sends GET, people use POST.
	for route, sweep := range s.cronRoutes() {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			mux.Handle(method+" "+route, within(s.CronWait+longAnswer, s.cron(sweep)))
		}
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that went away is no error of ours.
	_ = json.NewEncoder(w).Encode(v)
}
