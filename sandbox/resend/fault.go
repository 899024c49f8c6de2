package resend

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"time"
)

// Fault is a failure on purpose. Faults wait in a line; each request meets the
// first one that still has Times left.
type Fault struct {
	// Status and Name are the error answered, such as 429 and
	// "daily_quota_exceeded". Without a Name the status' usual one is taken,
	// without a Status the request is answered as usual.
	Status int
	Name   string

	// Message replaces the error's usual wording.
	Message string

	// Times is how many requests fail. Zero means all until ClearFaults.
	Times int

	// Probability, between 0 and 1, lets some requests through unharmed. Zero
	// means that every request is hit.
	Probability float64

	// Delay holds the request back before it is looked at, or before its answer
	// with AfterStore. A caller who goes away meanwhile ends the request.
	Delay time.Duration

	// AfterStore lets the emails be accepted first: the caller sees a failure
	// of something that happened.
	AfterStore bool

	// Reset cuts the connection instead of answering.
	Reset bool
}

// AddFault puts a fault at the end of the line.
func (s *Server) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// nextFault takes the fault that the request meets. The zero Fault is none.
func (s *Server) nextFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return Fault{}
	}
	f := s.faults[0]
	if f.Probability > 0 && rand.Float64() >= f.Probability {
		return Fault{}
	}
	met := *f
	if f.Times == 1 {
		s.faults = s.faults[1:]
	} else if f.Times > 1 {
		f.Times--
	}
	return met
}

// strike does what the fault says and reports whether the request ends with
// it.
func (f Fault) strike(h http.Header, r *http.Request) (a answer, hit bool) {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return answer{cut: true}, true
		}
	}
	if f.Reset {
		return answer{cut: true}, true
	}
	if f.Status == 0 {
		return answer{}, false
	}
	return answer{err: f.error(h)}, true
}

// error is the error that the fault describes, with the headers that Resend
// sends beside it.
func (f Fault) error(h http.Header) *apiError {
	names := map[int]string{
		http.StatusBadRequest:          "validation_error",
		http.StatusUnauthorized:        errMissingKey.Name,
		http.StatusForbidden:           errInvalidKey.Name,
		http.StatusConflict:            errInFlight.Name,
		http.StatusUnprocessableEntity: "validation_error",
		http.StatusTooManyRequests:     "rate_limit_exceeded",
		http.StatusInternalServerError: "application_error",
	}
	messages := map[string]string{
		errMissingKey.Name:       errMissingKey.Message,
		errInvalidKey.Name:       errInvalidKey.Message,
		errInFlight.Name:         errInFlight.Message,
		"rate_limit_exceeded":    errTooManyRequests(5).Message,
		"daily_quota_exceeded":   "You have reached your daily email sending quota.",
		"monthly_quota_exceeded": "You have reached your monthly email sending quota.",
		"application_error":      "An unexpected error occurred.",
		"validation_error":       "We found an error with one or more fields in the request.",
	}
	name := cmp.Or(f.Name, names[f.Status], "application_error")
	if name == "rate_limit_exceeded" {
		setRate(h, 5, 0, 1)
		h.Set("Retry-After", "1")
	}
	return &apiError{f.Status, name, cmp.Or(f.Message, messages[name], http.StatusText(f.Status))}
}
