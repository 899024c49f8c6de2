// Package console is what an operator sees in a browser: for now River UI behind
// the operator's login.
//
// It must not do work itself; what it changes, it changes through the queue.
package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"

	"riverqueue.com/riverui"

	"github.com/bravorevos/workers/queue"
)

// Config is what the pages need.
type Config struct {
	Client   *queue.Client
	User     string
	Password string // empty: the pages are off
	Logger   *slog.Logger
}

// prefix is where River UI lives.
const prefix = "/riverui"

// Install adds the operator's pages to a mux. They count jobs in the background
// until ctx ends.
func Install(ctx context.Context, mux *http.ServeMux, cfg Config) error {
	if cfg.Password == "" {
		mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "River UI is off: set OPERATOR_PASSWORD to switch it on.", http.StatusNotFound)
		})
		return nil
	}
	ui, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(cfg.Client, nil),
		Logger:    cfg.Logger.With("component", "riverui"),
		Prefix:    prefix,
	})
	if err != nil {
		return fmt.Errorf("make river ui: %w", err)
	}
	if err := ui.Start(ctx); err != nil {
		return fmt.Errorf("start river ui: %w", err)
	}
	// River UI has neither login nor protection against forged requests.
	guarded := http.NewCrossOriginProtection().Handler(login(cfg.User, cfg.Password, ui))
	mux.Handle(prefix+"/", unframed(guarded))
	return nil
}

// unframed keeps other sites from showing the pages inside their own, where an
// operator who is logged in could be made to press a button unseen.
func unframed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// login asks for the operator's name and password, compared in constant time.
func login(user, password string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(user + "\x00" + password))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, p, _ := r.BasicAuth()
		got := sha256.Sum256([]byte(u + "\x00" + p))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="Bravo revOS workers"`)
			http.Error(w, "Login needed.", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
