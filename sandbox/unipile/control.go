package unipile

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

// trafficPage is for a person who watches the pretend vendor at work.
const trafficPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Unipile sandbox</title>
<meta http-equiv="refresh" content="5">
<style>body{font:14px/1.4 system-ui;margin:2em}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left}
tr:nth-child(even){background:#f4f4f4}.bad{color:#b00}</style>
<h1>Unipile sandbox</h1>
<p>{{range $name, $n := .State}}{{$name}} {{$n}} · {{end}}newest first</p>
<table><tr><th>at<th>method<th>path<th>operation<th>account<th>status<th>fault</tr>
{{range .Requests}}<tr><td>{{.At.Format "15:04:05.000"}}<td>{{.Method}}<td>{{.Path}}<td>{{.Operation}}<td>{{.AccountID}}
<td{{if or (ge .Status 400) (eq .Status 0)}} class="bad"{{end}}>{{.Status}}<td>{{.FaultName}}</tr>
{{else}}<tr><td colspan="7">nothing yet</tr>{{end}}</table></html>
`

// Control serves the management side, which the vendor does not have. Mount it away
// from [Server.Handler]: it asks for no key.
//
//	GET    /traffic  the last exchanges; a page for browsers, else JSON
//	GET    /state    how much there is of everything
//	POST   /faults   arms a [Fault] given as JSON, answers its id
//	DELETE /faults   disarms all, lets go of held calls
func (s *Server) Control() http.Handler {
	page := template.Must(template.New("traffic").Parse(trafficPage))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /traffic", func(w http.ResponseWriter, r *http.Request) {
		requests := s.Requests()
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			writeJSON(w, http.StatusOK, map[string]any{"requests": requests, "deliveries": s.Deliveries()})
			return
		}
		slices.Reverse(requests)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, map[string]any{"Requests": requests, "State": s.state()})
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.state())
	})
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		id, err := s.readFault(r)
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		writeJSON(w, http.StatusCreated, map[string]string{"id": id})
	})
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// readFault reads a fault as JSON: names in snake case, the delay as "1.5s".
func (s *Server) readFault(r *http.Request) (string, error) {
	var body struct {
		Operation   string  `json:"operation"`
		Status      int     `json:"status"`
		Type        string  `json:"type"`
		Title       string  `json:"title"`
		Detail      string  `json:"detail"`
		Times       int     `json:"times"`
		Probability float64 `json:"probability"`
		AfterStore  bool    `json:"after_store"`
		Delay       string  `json:"delay"`
		Reset       bool    `json:"reset"`
		Hang        bool    `json:"hang"`
		NullIDs     bool    `json:"null_ids"`
		SameCursor  bool    `json:"same_cursor"`
		NewCursors  bool    `json:"new_cursors"`
		AccountID   string  `json:"account_id"`
		PersonID    string  `json:"person_id"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields() // a misspelt fault would silently do nothing
	if err := dec.Decode(&body); err != nil {
		return "", err
	}
	f := Fault{
		Operation: body.Operation, Status: body.Status, Type: body.Type, Title: body.Title, Detail: body.Detail,
		Times: body.Times, Probability: body.Probability, AfterStore: body.AfterStore, Reset: body.Reset,
		Hang: body.Hang, NullIDs: body.NullIDs, SameCursor: body.SameCursor, NewCursors: body.NewCursors,
		AccountID: body.AccountID, PersonID: body.PersonID,
	}
	if body.Delay != "" {
		var err error
		if f.Delay, err = time.ParseDuration(body.Delay); err != nil {
			return "", err
		}
	}
	return s.addFault(f)
}

// state counts what there is.
func (s *Server) state() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]int{
		"accounts": len(s.world.accounts), "people": len(s.world.people), "posts": len(s.world.posts),
		"comments": len(s.world.comments), "chats": len(s.world.chats), "messages": len(s.world.messages),
		"sent": len(s.sent), "invitations": len(s.world.invitations), "webhooks": len(s.webhooks),
		"faults": s.armed(), "requests": len(s.requests),
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(body))
}
