package resend

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

func parsePage() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"join": func(l []string) string { return strings.Join(l, ", ") },
	}).Parse(pageSource))
}

// Control is for people and tests, to be served at an address of its own, under
// any prefix: GET /traffic shows emails and requests, as a page in a browser
// and as JSON elsewhere; POST /faults adds a fault, DELETE /faults ends all.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "traffic") // relative, to work under a prefix
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("GET /traffic", s.handleTraffic)
	mux.HandleFunc("GET /emails/{id}", s.handleEmail)
	mux.HandleFunc("GET /emails/{id}/html", s.handleEmailHTML)
	mux.HandleFunc("POST /faults", s.handleFaultAdd)
	mux.HandleFunc("DELETE /faults", s.handleFaultsClear)
	return mux
}

func (s *Server) handleTraffic(w http.ResponseWriter, r *http.Request) {
	emails, requests := s.Emails(), s.Requests()
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"emails": emails, "requests": requests})
		return
	}
	total := len(emails)
	slices.Reverse(emails)
	slices.Reverse(requests)
	s.render(w, "traffic", map[string]any{
		"Total":    total,
		"Emails":   emails[:min(len(emails), 200)],
		"Requests": requests[:min(len(requests), 200)],
	})
}

func (s *Server) handleEmail(w http.ResponseWriter, r *http.Request) {
	e, ok := s.find(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.render(w, "email", e)
}

// handleEmailHTML serves the email as a mail program would show it: without
// scripts, forms and foreign content.
func (s *Server) handleEmailHTML(w http.ResponseWriter, r *http.Request) {
	e, ok := s.find(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, e.HTML)
}

func (s *Server) handleFaultAdd(w http.ResponseWriter, r *http.Request) {
	var f struct {
		Status      int     `json:"status"`
		Name        string  `json:"name"`
		Message     string  `json:"message"`
		Times       int     `json:"times"`
		Probability float64 `json:"probability"`
		Delay       string  `json:"delay"` // such as "1.5s"
		AfterStore  bool    `json:"after_store"`
		Reset       bool    `json:"reset"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		http.Error(w, "read fault: "+err.Error(), http.StatusBadRequest)
		return
	}
	var delay time.Duration
	if f.Delay != "" {
		var err error
		if delay, err = time.ParseDuration(f.Delay); err != nil {
			http.Error(w, "read delay: "+err.Error(), http.StatusBadRequest)
			return
		}
	}
	if f.Status != 0 && (f.Status < 400 || f.Status > 599) {
		http.Error(w, fmt.Sprintf("status %d is not an error", f.Status), http.StatusBadRequest)
		return
	}
	s.AddFault(Fault{f.Status, f.Name, f.Message, f.Times, f.Probability, delay, f.AfterStore, f.Reset})
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) handleFaultsClear(w http.ResponseWriter, _ *http.Request) {
	s.ClearFaults()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) render(w http.ResponseWriter, name string, data any) {
	var b strings.Builder
	if err := s.page.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, b.String())
}
