// Package resend is a pretend Resend: it answers the calls of the Resend API
// that send and read emails, checks what it is sent as strictly as Resend
// does, and fails on purpose when told to. It keeps the emails for tests and
// people to look at.
//
// It must not share code with a client of Resend, and it never sends an email.
//
// https://resend.com/docs/api-reference/introduction
package resend

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxKept bounds the emails and the requests that a long demo holds in memory.
const maxKept = 100_000

// Options configure a Server. The zero value accepts any API key and has no
// rate limit.
type Options struct {
	// APIKey is the only key accepted. Empty accepts every key.
	APIKey string

	// Domains are the verified domains that may send, others are refused. Empty
	// lets every domain send.
	Domains []string

	// RatePerSecond is the number of requests answered in a second of the
	// clock. Resend's own default is 5; zero means no limit.
	// https://resend.com/docs/api-reference/rate-limit
	RatePerSecond int

	// KeyLifetime is how long an idempotency key is remembered. Zero means Resend's 24
	// hours.
	KeyLifetime time.Duration

	// Now is the clock of times, of the rate limit and of the expiry of
	// idempotency keys. Nil means time.Now.
	Now func() time.Time
}

// Server is the pretend service. Its methods may be used concurrently.
type Server struct {
	options Options
	page    *template.Template

	mu       sync.Mutex // guards what follows
	emails   []Email
	requests []Request
	keys     map[string]*keyUse // by idempotency key
	faults   []*Fault
	window   rateWindow
}

// Email is one accepted email. A request repeated under its idempotency key
// does not make a second one.
type Email struct {
	ID             string            `json:"id"`
	At             time.Time         `json:"at"`
	From           string            `json:"from"`
	To             []string          `json:"to"`
	Cc             []string          `json:"cc,omitempty"`
	Bcc            []string          `json:"bcc,omitempty"`
	ReplyTo        []string          `json:"reply_to,omitempty"`
	Subject        string            `json:"subject"`
	HTML           string            `json:"html,omitempty"`
	Text           string            `json:"text,omitempty"`
	Headers        map[string]string `json:"headers,omitempty"`
	ScheduledAt    string            `json:"scheduled_at,omitempty"`
	IdempotencyKey string            `json:"idempotency_key,omitempty"`
}

// Request is one call of the API and how it was answered.
type Request struct {
	At             time.Time `json:"at"`
	Method         string    `json:"method"`
	Path           string    `json:"path"`
	IdempotencyKey string    `json:"idempotency_key,omitempty"`

	// Status is the answer's HTTP status, or 0 where the connection was cut
	// instead or the caller had gone.
	Status int `json:"status"`

	// Error is the name in an error's body, such as "rate_limit_exceeded".
	Error string `json:"error,omitempty"`
}

// New returns a Server without emails and faults.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.KeyLifetime = cmp.Or(o.KeyLifetime, keyLifetime)
	return &Server{options: o, page: parsePage(), keys: map[string]*keyUse{}}
}

// Handler is the API, to be served at the root of a host.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /emails", s.handle(s.sendEmail))
	mux.HandleFunc("POST /emails/batch", s.handle(s.sendBatch))
	mux.HandleFunc("GET /emails/{id}", s.handle(s.getEmail))
	mux.HandleFunc("GET /domains", s.handle(s.listDomains))
	for _, path := range []string{"/emails", "/emails/{id}", "/domains"} {
		mux.HandleFunc(path, s.handle(refuse(errMethodNotAllowed)))
	}
	mux.HandleFunc("/", s.handle(refuse(errNoSuchEndpoint)))
	return mux
}

// Emails returns the accepted emails, oldest first.
func (s *Server) Emails() []Email {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.emails)
}

// Requests returns the calls answered so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// keep appends to a list and lets its oldest element go when it is full.
func keep[T any](list []T, v T) []T {
	if len(list) >= maxKept {
		list = list[1:]
	}
	return append(list, v)
}
