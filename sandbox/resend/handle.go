package resend

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// maxBody is the most that an email may weigh with its attachments.
// https://resend.com/docs/api-reference/emails/send-email
const maxBody = 40 << 20

// call checks one request. What the request does happens in store, so that a
// fault can come before or after it.
type call func(r *http.Request, body []byte) (store func() answer, err *apiError)

func refuse(err *apiError) call {
	return func(*http.Request, []byte) (func() answer, *apiError) { return nil, err }
}

// answer is what a request is answered with: one of its fields.
type answer struct {
	body    any
	err     *apiError
	blocked bool // by the firewall, which does not speak JSON
	cut     bool // the connection ends instead
}

// handle records a request before it is answered, so that a caller who has
// the answer finds the record.
func (s *Server) handle(c call) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := s.serve(w, r, c)
		seen := Request{
			At:             s.options.Now(),
			Method:         r.Method,
			Path:           r.URL.Path,
			IdempotencyKey: r.Header.Get("Idempotency-Key"),
			Status:         a.status(),
		}
		if a.err != nil {
			seen.Error = a.err.Name
		}
		s.mu.Lock()
		s.requests = keep(s.requests, seen)
		s.mu.Unlock()
		a.write(w)
	}
}

// serve puts around a call what all calls share, in Resend's order: the
// firewall, the key, the rate limit, idempotency.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, c call) answer {
	if r.Header.Get("User-Agent") == "" {
		return answer{blocked: true}
	}
	if err := s.authorize(r); err != nil {
		return answer{err: err}
	}
	if err := s.admit(w.Header()); err != nil {
		return answer{err: err}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return answer{err: errUnreadable}
	}
	fault := s.nextFault()
	if !fault.AfterStore {
		if a, hit := fault.strike(w.Header(), r); hit {
			return a
		}
	}
	a, done := s.once(r, body, c)
	defer done()
	if fault.AfterStore && a.err == nil {
		if failed, hit := fault.strike(w.Header(), r); hit {
			return failed
		}
	}
	return a
}

func (s *Server) authorize(r *http.Request) *apiError {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || key == "" {
		return errMissingKey
	}
	if s.options.APIKey != "" && key != s.options.APIKey {
		return errInvalidKey
	}
	return nil
}

func (a answer) status() int {
	switch {
	case a.cut:
		return 0
	case a.blocked:
		return http.StatusForbidden
	case a.err != nil:
		return a.err.Status
	default:
		return http.StatusOK
	}
}

func (a answer) write(w http.ResponseWriter) {
	body := a.body
	switch {
	case a.cut:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	case a.blocked:
		w.WriteHeader(a.status())
		_, _ = io.WriteString(w, "error code: 1010")
		return
	case a.err != nil:
		body = a.err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status())
	_ = json.NewEncoder(w).Encode(body)
}
