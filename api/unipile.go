package api

import (
	"errors"
	"io"
	"net/http"

	"github.com/bravorevos/workers/jobs/inbox"
)

// maxEvent is more than any event of Unipile's holds.
const maxEvent = 1 << 20

// unipileWebhook takes the events of Unipile's webhooks. Version 1 signs nothing: a
// header that was agreed on when the webhook was registered is all there is. Only 200
// counts as taken, and that is answered when the event is stored; jobs do the rest.
func (s *server) unipileWebhook(w http.ResponseWriter, r *http.Request) {
	if s.UnipileSecret == "" {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "inbound webhooks are off: set UNIPILE_WEBHOOK_SECRET"})
		return
	}
	if !equalSecrets(r.Header.Get("Unipile-Auth"), s.UnipileSecret) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "Unauthorized: the header Unipile-Auth is missing or wrong"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if err == nil {
		err = s.Inbound.Receive(r.Context(), body)
	} else {
		err = inbox.ErrNoEvent
	}
	if errors.Is(err, inbox.ErrNoEvent) {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "the body is not JSON, or larger than 1 MB"})
		return
	}
	if err != nil {
		s.Logger.ErrorContext(r.Context(), "event of unipile was not stored", "error", err)
		// Unipile tries again, and what it tells is found later all the same.
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "try again"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"ok": true}) // also what is not for us: it must not come again
}
