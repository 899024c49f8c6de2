package api

import (
	"encoding/json"
	"io"
	"net/http"
)

// maxEvent is more than any event of Unipile's holds.
const maxEvent = 1 << 20

// relationEvent is what Unipile sends when somebody became a connection: up to eight
// hours late, more than once at times.
// https://developer.unipile.com/docs/detecting-accepted-invitations
type relationEvent struct {
	Event     string `json:"event"`
	AccountID string `json:"account_id"`
	PersonID  string `json:"user_provider_id"`
}

// unipileWebhook takes the events of Unipile's webhooks. Version 1 signs nothing: a
// header that was agreed on when the webhook was registered is all there is. The body
// is JSON whatever the content type says, and only 200 counts as taken.
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
	var event relationEvent
	if err != nil || json.Unmarshal(body, &event) != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "the body is not JSON, or larger than 1 MB"})
		return
	}
	if event.Event == "new_relation" && event.AccountID != "" && event.PersonID != "" {
		if err := s.Sweeps.RelationAppeared(r.Context(), event.AccountID, event.PersonID); err != nil {
			s.Logger.ErrorContext(r.Context(), "event of unipile was not stored", "event", event.Event, "error", err)
			// Unipile tries again, and the look at the relations finds it later all the same.
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "try again"})
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]bool{"ok": true}) // also what is not for us: it must not come again
}
