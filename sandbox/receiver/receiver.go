// Package receiver is a pretend customer: the web service that gets the leads.
// It checks each delivery as a careful receiver would, remembers what it
// accepted, and misbehaves on purpose when told to.
//
// It must not share code with the sender: a mistake in the signature that both
// made would stay hidden.
package receiver

import (
	"cmp"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxKept bounds the deliveries that a long run holds in memory.
	maxKept = 100_000

	// maxBody is the largest delivery taken.
	maxBody = 1 << 20
)

// Options configure a Server.
type Options struct {
	// Secret is the one that deliveries are signed with, as it was given to the
	// sender. Deliveries are refused while it is empty.
	Secret string

	// Own is the secret that signs the Standard Webhooks header where the campaign
	// has one of its own. Empty means Secret.
	Own string

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Server is the pretend receiver. Its methods may be used concurrently.
type Server struct {
	options Options
	page    *template.Template

	mu         sync.Mutex // guards what follows
	deliveries []Delivery
	attempts   map[string]int // by path and webhook-id, or path and body
	behaviours map[string][]Behaviour
	ids        map[string]bool // accepted, by path and webhook-id
	leads      map[string]bool // accepted, by path, campaign and email
	accepted   int
	duplicates int
}

// Delivery is one request that arrived.
type Delivery struct {
	At   time.Time `json:"at"`
	Path string    `json:"path"`

	// ID is the webhook-id header, the same for every attempt. May be empty.
	ID string `json:"id"`

	// Attempt counts the requests of one webhook on one path, from 1.
	Attempt int `json:"attempt"`

	// Valid tells that signatures, headers and body were right. Problem says
	// what was wrong otherwise.
	Valid   bool   `json:"valid"`
	Problem string `json:"problem,omitempty"`

	// Status is the answer's, or 0 where there was none.
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// New returns a Server that accepts every valid delivery.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{
		options:    o,
		page:       parsePage(),
		attempts:   map[string]int{},
		behaviours: map[string][]Behaviour{},
		ids:        map[string]bool{},
		leads:      map[string]bool{},
	}
}

// Handler takes deliveries under every path: 200 for a valid one, 401 for a
// wrong signature, 400 for anything else that is wrong.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.receive) }

func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "deliveries are posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	usual := http.StatusOK
	lead, problem := s.check(r.Header, body)
	if problem != nil {
		usual = problem.status
	}
	b := s.nextBehaviour(r.URL.Path)
	d := Delivery{
		At:     s.options.Now(),
		Path:   r.URL.Path,
		ID:     r.Header.Get("Webhook-Id"),
		Valid:  problem == nil,
		Status: b.status(usual),
		Body:   string(body),
	}
	if problem != nil {
		d.Problem = problem.text
	}
	// Recorded first, so that a sender who has the answer finds the record.
	s.record(d, lead)
	b.answer(w, r, d.Status, cmp.Or(d.Problem, "received"))
}

// record keeps a delivery and counts what was accepted.
func (s *Server) record(d Delivery, lead string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	webhook := d.Path + "\n" + cmp.Or(d.ID, d.Body)
	s.attempts[webhook]++
	d.Attempt = s.attempts[webhook]
	if len(s.deliveries) >= maxKept {
		s.deliveries = s.deliveries[1:]
	}
	s.deliveries = append(s.deliveries, d)

	if !d.Valid || d.Status < 200 || d.Status > 299 {
		return
	}
	id, lead := d.Path+"\n"+d.ID, d.Path+"\n"+lead
	if s.leads[lead] || d.ID != "" && s.ids[id] {
		s.duplicates++
	} else {
		s.accepted++
	}
	s.ids[id], s.leads[lead] = true, true
}

// Deliveries returns the requests that arrived, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// Accepted is the number of webhooks that were valid and answered with 2xx,
// each counted once.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Duplicates is the number of accepted deliveries that repeat an accepted
// webhook-id, or the lead of one: the same campaign and email on the same path.
func (s *Server) Duplicates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.duplicates
}

// leadKey names a lead within a path.
func leadKey(campaign, email string) string { return campaign + "\n" + strings.ToLower(email) }
