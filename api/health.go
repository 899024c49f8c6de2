package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/bravorevos/workers/migrations"
)

type healthAnswer struct {
	Status  string `json:"status"`
	Version string `json:"version"`
	Mode    string `json:"mode,omitempty"` // "mock" when no real LinkedIn is behind it
	Error   string `json:"error,omitempty"`
}

func (s *server) answer(status, problem string) healthAnswer {
	a := healthAnswer{Status: status, Version: s.Version, Error: problem}
	if s.MockMode {
		a.Mode = "mock"
	}
	return a
}

// healthz says that the process serves and works; a database that is away is no reason
// to restart it, but work that stands still is.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	if s.Alive != nil {
		if err := s.Alive(); err != nil {
			s.Logger.ErrorContext(r.Context(), "work stands still: restart this worker", "error", err)
			writeJSON(w, http.StatusServiceUnavailable, s.answer("stuck", err.Error()))
			return
		}
	}
	writeJSON(w, http.StatusOK, s.answer("ok", ""))
}

// readyz says whether it can work: the database answers and is migrated, and the
// worker is not stopping.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.Stopping:
		writeJSON(w, http.StatusServiceUnavailable, s.answer("stopping", ""))
		return
	default:
	}
	err, answered := s.ready.get(r.Context())
	if !answered {
		return // who asked has left
	}
	if err != nil {
		writeJSON(w, http.StatusServiceUnavailable, s.answer("not ready", "the database does not answer or is not migrated; see the log"))
		return
	}
	writeJSON(w, http.StatusOK, s.answer("ready", ""))
}

// checkDatabase asks the database whether it is there and migrated, once for all who want
// to know.
func (s *server) checkDatabase() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	err := migrations.Check(ctx, cmp.Or(s.Probe, s.Pool))
	if err != nil {
		s.Logger.WarnContext(ctx, "not ready", "error", err)
	}
	return err
}
