package resend

import (
	"net/http"
	"strconv"
)

// rateWindow counts the requests of one second.
type rateWindow struct {
	second int64
	used   int
}

// admit counts a request against the rate limit and sets the headers that tell
// the caller about it.
func (s *Server) admit(h http.Header) *apiError {
	limit := s.options.RatePerSecond
	if limit <= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.options.Now().Unix(); now != s.window.second {
		s.window = rateWindow{second: now}
	}
	s.window.used++
	setRate(h, limit, max(0, limit-s.window.used), 1)
	if s.window.used <= limit {
		return nil
	}
	h.Set("Retry-After", "1")
	return errTooManyRequests(limit)
}

func setRate(h http.Header, limit, remaining, reset int) {
	h.Set("Ratelimit-Limit", strconv.Itoa(limit))
	h.Set("Ratelimit-Remaining", strconv.Itoa(remaining))
	h.Set("Ratelimit-Reset", strconv.Itoa(reset))
}
