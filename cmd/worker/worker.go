package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/bravorevos/workers/api"
	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/console"
	"github.com/bravorevos/workers/integrations/mx"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// runWorker reads the configuration and works until ctx ends.
func runWorker(ctx context.Context, environ []string, logTo io.Writer) error {
	cfg, err := config.Load(environ)
	if err != nil {
		return err
	}
	logTo = beneath(logTo)
	w, err := start(ctx, cfg, newLogger(cfg, logTo))
	if err != nil {
		return err
	}
	if pipe, ok := logTo.(*logPipe); ok {
		// Else a log whose reader is gone would end the process in the middle of its work.
		signal.Ignore(syscall.SIGPIPE)
		w.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "workers_log_lines_dropped_total",
			Help: "Log lines that nobody read in time.",
		}, func() float64 { return float64(pipe.Dropped()) }))
	}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() { stopped <- w.stop() })
	select {
	case err := <-stopped:
		return err
	case err := <-w.fenced:
		// Not even a stop: it would write to the queue what others are doing again.
		return err
	}
}

// worker is a running process: what start made and stop must end.
type worker struct {
	cfg    config.Config
	logger *slog.Logger
	addr   net.Addr // of the HTTP server

	publicAddr net.Addr // of the public one; nil: there is none

	pool     *pgxpool.Pool
	beats    *pgxpool.Pool // of the heartbeat alone
	probe    *pgxpool.Pool // of readiness and the gauges
	lease    *queue.Lease
	clock    *queue.Clock
	vitals   *queue.Vitals
	registry *prometheus.Registry
	fenced   chan error // that others took over
	client   *queue.Client
	server   *http.Server
	public   *http.Server   // nil unless there is a second address
	watchers sync.WaitGroup // the heartbeat and the listener
	unwatch  context.CancelFunc
	stopping chan struct{}
	mock     *mockWorld // nil unless in mock mode
}

// start wires everything in one straight line, on purpose: this is the one place
// where all parts meet, and it reads from top to bottom.
func start(ctx context.Context, cfg config.Config, logger *slog.Logger) (_ *worker, err error) {
	w := &worker{cfg: cfg, logger: logger, stopping: make(chan struct{}), unwatch: func() {}, fenced: make(chan error, 1)}
	defer func() {
		if err != nil {
			w.close()
		}
	}()

	// Database: there, and migrated.
	id := instanceID()
	w.lease = queue.NewLease(id)
	if w.pool, err = openPoolAs(ctx, cfg, queue.Application(id)); err != nil {
		return nil, err
	}
	if err := migrations.Check(ctx, w.pool); err != nil {
		return nil, err
	}

	if w.probe, err = openProbe(ctx, w.pool, cfg.PollOnly); err != nil {
		return nil, err
	}

	// Metrics.
	registry := prometheus.NewRegistry()
	w.registry, w.clock = registry, queue.NewClock(logger, registry)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		api.Cached(queue.NewDepthCollector(w.probe)), api.Cached(messages.NewLedgerCollector(w.probe)),
		api.Cached(webhooks.NewEndpointCollector(w.probe)))
	vendors := newVendorMetrics(registry)

	// Outside services.
	if cfg.UnipileMockMode {
		if w.mock, err = startMockWorld(ctx, w.pool, logger); err != nil {
			return nil, err
		}
		cfg.UnipileDSN, cfg.UnipileAPIKey = w.mock.url, mockKey
	}
	linkedin, err := unipile.New(unipile.Config{
		DSN: cfg.UnipileDSN, APIKey: cfg.UnipileAPIKey.Reveal(), Timeout: cfg.UnipileTimeout, Observe: vendors.observe,
	})
	if err != nil {
		return nil, fmt.Errorf("UNIPILE_DSN or UNIPILE_API_KEY: %w", err)
	}
	mailer, err := resend.New(resend.Config{
		APIKey: cfg.ResendAPIKey.Reveal(), BaseURL: cfg.ResendBaseURL, Observe: vendors.observe,
	})
	if err != nil {
		return nil, fmt.Errorf("RESEND_API_KEY: %w", err)
	}
	sender := webhook.New(webhook.Config{
		Timeout: cfg.WebhookTimeout, Openings: cfg.WebhookAllow, RequireHTTPS: cfg.WebhookRequireHTTPS, Own: w.listensAt, Observe: vendors.observe,
	})

	var mail *mx.Checker
	if cfg.CheckMX {
		mail = mx.New(mx.Config{})
	}

	// Jobs and the queue they run on.
	settings := jobSettings(cfg)
	tuning := queue.Tuning{PollOnly: cfg.PollOnly, SoftStopTimeout: cfg.SoftStopTimeout}
	w.vitals = queue.NewVitals(tuning, registry)
	w.client, err = queue.New(queue.Config{
		Pool: w.pool,
		ID:   id,
		Workers: jobs.Register(jobs.Deps{
			Pool: w.pool, Unipile: linkedin, Resend: mailer, Webhooks: sender, Mail: mail,
			Funnel: queue.NewFunnel(registry, jobs.FunnelSteps()...), Endpoints: webhooks.NewEndpointEvents(registry, logger), Settings: settings,
		}),
		Periodic: jobs.Periodic(settings),
		Outcomes: &queue.Outcomes{
			Pauser: store.Pauses{Pool: w.pool}, Logger: logger, Clock: w.clock,
		},
		Metrics: queue.NewMetrics(registry, jobs.Kinds()),
		Lease:   w.lease,
		Clock:   w.clock,
		Vitals:  w.vitals,
		Logger:  logger,
		Tuning:  tuning,
	})
	if err != nil {
		return nil, err
	}
	sweeps := jobs.SweepsOf(w.pool, settings)

	// HTTP, before any job may run: a port that is taken must not cut jobs short.
	mux, public := http.NewServeMux(), http.NewServeMux()
	if cfg.PublicListenAddr == "" {
		public = mux
	}
	routes := api.Config{
		Pool: w.pool, Probe: w.probe, Client: w.client, Sweeps: sweeps, Inbound: inbox.NewInbound(w.pool, w.client, settings.Inbox()),
		CronSecret: cfg.CronSecret.Reveal(), UnipileSecret: cfg.UnipileWebhookSecret.Reveal(), Metrics: registry,
		Logger: logger, Version: buildVersion(), MockMode: cfg.UnipileMockMode, Stopping: w.stopping, Alive: w.vitals.Check,
	}
	api.Install(mux, routes)
	api.InstallPublic(public, routes)
	err = console.Install(ctx, mux, console.Config{
		Client: w.client, User: cfg.OperatorUser, Password: cfg.OperatorPassword.Reveal(), Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	if w.server, w.addr, err = w.serve(ctx, "LISTEN_ADDR", cfg.ListenAddr, mux); err != nil {
		return nil, err
	}
	if cfg.PublicListenAddr != "" {
		if w.public, w.publicAddr, err = w.serve(ctx, "PUBLIC_LISTEN_ADDR", cfg.PublicListenAddr, public); err != nil {
			return nil, err
		}
	}

	// Work.
	if err := w.watch(ctx, id, jobs.Woken(sweeps, w.client)); err != nil {
		return nil, err
	}
	// The context of Start would cut jobs short when it ends; stop does that softly.
	if err := w.client.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("start queue: %w", err)
	}
	for _, warning := range cfg.Warnings() {
		logger.WarnContext(ctx, "insecure configuration", "what", warning)
	}
	logger.InfoContext(ctx, "worker started",
		"version", buildVersion(), "addr", w.addr.String(), "poll_only", cfg.PollOnly, "mock_mode", cfg.UnipileMockMode)
	if cfg.UnipileMockMode {
		logger.WarnContext(ctx, "MOCK MODE: LinkedIn is pretended inside this process; no real message is sent or read")
	}
	return w, nil
}

// watch beats for this process and wakes sweeps when producers write rows.
func (w *worker) watch(ctx context.Context, id string, wake map[string]func(context.Context) error) error {
	var err error
	if w.beats, err = queue.OpenBeats(ctx, w.pool); err != nil {
		return err
	}
	instance := &queue.Instance{ID: id, Pool: w.beats, Lease: w.lease, Clock: w.clock, Vitals: w.vitals, Logger: w.logger}
	if err := join(ctx, instance); err != nil {
		return err
	}
	ctx, w.unwatch = context.WithCancel(queue.WithClock(context.WithoutCancel(ctx), w.clock))
	w.watchers.Go(func() {
		if err := instance.Run(ctx); err != nil {
			w.fenced <- err
		}
	})
	if !w.cfg.PollOnly {
		listener := &queue.Listener{Pool: w.pool, Logger: w.logger, Wake: wake}
		w.watchers.Go(func() { listener.Run(ctx) })
	}
	return nil
}

// join makes the first heartbeat, which a busy database may keep waiting.
func join(ctx context.Context, instance *queue.Instance) (err error) {
	for range 3 {
		if err = instance.Beat(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// stop ends the worker: no new work, then running jobs within SOFT_STOP_TIMEOUT,
// which the queue enforces, then the rest.
func (w *worker) stop() error {
	w.logger.Info("stopping", "soft_stop_timeout", w.cfg.SoftStopTimeout)
	close(w.stopping)
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), w.cfg.SoftStopTimeout+10*time.Second)
	defer cancel()
	err := w.client.Stop(ctx)
	w.close()
	if err != nil {
		return fmt.Errorf("stop queue: %w", err)
	}
	w.logger.Info("stopped", "took", time.Since(start).Round(time.Millisecond))
	return nil
}

// close releases what start got, in reverse order; it is safe on half of it.
func (w *worker) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, server := range []*http.Server{w.public, w.server} {
		if server != nil {
			_ = server.Shutdown(ctx)
		}
	}
	if w.client != nil {
		_ = w.client.StopAndCancel(ctx)
	}
	w.unwatch() // last: while jobs may run, the process must be seen to live
	w.watchers.Wait()
	if w.mock != nil {
		w.mock.close()
	}
	for _, pool := range []*pgxpool.Pool{w.probe, w.beats, w.pool} {
		if pool != nil {
			pool.Close()
		}
	}
}

// openPool connects to the database of the configuration.
func openPool(ctx context.Context, cfg config.Config) (*pgxpool.Pool, error) {
	return openPoolAs(ctx, cfg, "bravorevos-worker")
}

func openPoolAs(ctx context.Context, cfg config.Config, application string) (*pgxpool.Pool, error) {
	return store.Open(ctx, poolOptions(cfg, application))
}

func poolOptions(cfg config.Config, application string) store.Options {
	return store.Options{
		URL: cfg.DatabaseURL.Reveal(), Application: application, MaxConnections: cfg.MaxConnections, Pooled: cfg.PollOnly,
	}
}

func jobSettings(cfg config.Config) jobs.Settings {
	return jobs.Settings{
		Intervals: jobs.Intervals{
			ScrapeJobs: cfg.ScrapeSweepInterval, Messages: cfg.MessageSweepInterval, Inboxes: cfg.InboxInterval,
			WebhookLogs: cfg.WebhookSweepInterval, Notifications: cfg.NotificationSweepInterval,
			Relations: cfg.RelationsInterval,
		},
		Limits: accounts.Limits{
			FirstDMsPerHour: cfg.FirstDMsPerHour, FirstDMsPerDay: cfg.FirstDMsPerDay,
			AnswersPerHour: cfg.AnswersPerHour, AnswersPerDay: cfg.AnswersPerDay,
			PublicRepliesPerHour: cfg.PublicRepliesPerHour, PublicRepliesPerDay: cfg.PublicRepliesPerDay,
			InvitationsPerHour: cfg.InvitationsPerHour, InvitationsPerDay: cfg.InvitationsPerDay,
			InvitationsPerWeek: cfg.InvitationsPerWeek,
			GapMin:             cfg.WriteGapMin, GapMax: cfg.WriteGapMax,
			WorkingHours: cfg.WorkingHours, TimeZone: cfg.TimeZone,
		},
		PollUnit: cfg.PollIntervalUnit, CommentReadsPerDay: cfg.CommentReadsPerDay, FailedPollWait: cfg.FailedPollWait, ReadLag: cfg.UnipileReadLag, SendTimeout: cfg.UnipileTimeout,
		LookFirst:       cfg.LookFirst,
		WebhookSchedule: cfg.WebhookSchedule, WebhookSecret: cfg.SigningSecret().Reveal(), WebhookVault: cfg.Vault(), EmailFrom: cfg.EmailFrom,
		Retention: cfg.Retention,
	}
}

const instanceFormat = "%.36s_%d_%s"

// instanceID names this process in River's tables and at Postgres, which cuts long
// names: which machine, and which run.
func instanceID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	return fmt.Sprintf(instanceFormat, host, os.Getpid(), uuid.NewString()[:8])
}

// listensAt is where the HTTP server listens, for the senders that must not call it.
func (w *worker) listensAt() netip.AddrPort {
	if tcp, ok := w.addr.(*net.TCPAddr); ok {
		return tcp.AddrPort()
	}
	return netip.AddrPort{}
}
