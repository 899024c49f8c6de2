package receiver

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
)

//go:embed page.html
var pageSource string

func parsePage() *template.Template { return template.Must(template.New("page").Parse(pageSource)) }

// shown is how many deliveries the page holds.
const shown = 200

// Control is for people and tests, to be served at an address of its own, under
// any prefix: GET /traffic shows what arrived, as a page in a browser and as
// JSON elsewhere.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "traffic") // relative, to work under a prefix
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("GET /traffic", s.handleTraffic)
	return mux
}

func (s *Server) handleTraffic(w http.ResponseWriter, r *http.Request) {
	deliveries := s.Deliveries()
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"accepted":   s.Accepted(),
			"duplicates": s.Duplicates(),
			"deliveries": deliveries,
		})
		return
	}
	newest := deliveries[max(0, len(deliveries)-shown):]
	slices.Reverse(newest)
	var b strings.Builder
	if err := s.page.Execute(&b, map[string]any{
		"Accepted":   s.Accepted(),
		"Duplicates": s.Duplicates(),
		"Total":      len(deliveries),
		"Shown":      shown,
		"Deliveries": newest,
	}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, b.String())
}
