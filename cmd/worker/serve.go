package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/queue"
)

// serve answers on an address, which variable of the environment names, until the server
// that it returns is shut down.
func (w *worker) serve(ctx context.Context, variable, address string, handler http.Handler) (*http.Server, net.Addr, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", variable, err)
	}
	server := newServer(handler)
	clocked := queue.WithClock(context.WithoutCancel(ctx), w.clock)
	server.BaseContext = func(net.Listener) context.Context { return clocked }
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.logger.ErrorContext(ctx, "http server ended", "address", variable, "error", err)
		}
	}()
	return server, listener.Addr(), nil
}

// newServer bounds what a stranger may hold of this process: each connection is a file
// handle, of which deliveries need theirs. Routes have limits of their own below that of
// the answer, and above it where they wait for work.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second, // the body, too: the server reads what a handler refused
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// probeConnections are one for readiness and one for the gauges.
const probeConnections = 2

// openProbe opens what readiness and the gauges ask the database over. They are open to
// everybody who reaches the port: with connections of their own they take none from the
// jobs, and are not kept waiting by them.
func openProbe(ctx context.Context, jobs *pgxpool.Pool, pooled bool) (*pgxpool.Pool, error) {
	config := jobs.Config()
	config.MaxConns, config.MinConns, config.MinIdleConns = probeConnections, 0, 0
	config.ConnConfig.ConnectTimeout = 3 * time.Second
	if !pooled { // a pooler knows no start-up parameters; there the callers' own limits must do
		config.ConnConfig.RuntimeParams["statement_timeout"] = "3000"
		config.ConnConfig.RuntimeParams["lock_timeout"] = "1000"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open connections of the probes: %w", err)
	}
	return pool, nil
}
