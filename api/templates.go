package api

import (
	"encoding/json"
	"net/http"

	"github.com/bravorevos/workers/jobs/campaigns"
)

// maxTemplates is more than any campaign's texts need.
const maxTemplates = 1 << 20

// campaignTexts are the columns of a campaign that say how it writes.
type campaignTexts struct {
	Settings    json.RawMessage `json:"settings"`
	DMTemplate  string          `json:"dm_template_step1"`
	TriggerWord string          `json:"trigger_word"`
}

// checkTemplates tells a web app what is wrong with a campaign before it is saved, and
// what people would get.
func (s *server) checkTemplates(w http.ResponseWriter, r *http.Request) {
	if !s.mayCall(w, r) {
		return
	}
	var texts campaignTexts
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxTemplates)).Decode(&texts); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{
			"error": "the body must be a JSON object with settings, dm_template_step1 and trigger_word, of 1 MB at most",
		})
		return
	}
	problems, preview := campaigns.Check(texts.Settings, texts.DMTemplate, texts.TriggerWord)
	writeJSON(w, http.StatusOK, map[string]any{"ok": len(problems) == 0, "problems": problems, "preview": preview})
}
