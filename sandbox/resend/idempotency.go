package resend

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"time"
)

// keyLifetime is how long a key is remembered, where the options say nothing else.
// https://resend.com/docs/dashboard/emails/idempotency-keys
const keyLifetime = 24 * time.Hour

// keyUse is the first request under an idempotency key.
type keyUse struct {
	at       time.Time
	payload  [sha256.Size]byte // its hash
	inFlight bool
	answer   answer
}

// once makes a call happen, at most once for an idempotency key and payload.
// The key stays in flight until done is called. A call that failed frees its
// key, because nothing was sent under it.
func (s *Server) once(r *http.Request, body []byte, c call) (a answer, done func()) {
	done = func() {}
	key, given := r.Header["Idempotency-Key"]
	if given && (len(key[0]) < 1 || len(key[0]) > 256) {
		return answer{err: errIdempotencyKey}, done
	}
	if r.Method != http.MethodPost || !given {
		store, err := c(r, body)
		if err != nil {
			return answer{err: err}, done
		}
		return store(), done
	}
	use, first := s.useKey(key[0], sha256.Sum256(append([]byte(r.URL.Path), compact(body)...)))
	if !first {
		return use.answer, done
	}
	store, err := c(r, body)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.keys, key[0])
		return answer{err: err}, done
	}
	use.answer = store()
	return use.answer, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		use.inFlight = false
	}
}

// useKey reserves a key and payload for their first request, which alone may
// change the use returned. Each other one gets its answer.
func (s *Server) useKey(key string, payload [sha256.Size]byte) (use *keyUse, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	use, known := s.keys[key]
	switch {
	case !known || !use.inFlight && now.Sub(use.at) >= s.options.KeyLifetime:
		s.keys[key] = &keyUse{at: now, payload: payload, inFlight: true}
		return s.keys[key], true
	case use.payload != payload:
		return &keyUse{answer: answer{err: errOtherPayload}}, false
	case use.inFlight:
		return &keyUse{answer: answer{err: errInFlight}}, false
	default:
		return use, false
	}
}

// compact makes payloads that differ in white space alone equal.
func compact(body []byte) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		return body
	}
	return b.Bytes()
}
