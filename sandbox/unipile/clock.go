package unipile

import (
	"net/http"
	"time"
)

// Clock is how far the vendor's clocks are ahead of the real one; negative: behind.
// They are two, since the Date header comes from whatever answers first and the times
// of messages from LinkedIn.
type Clock struct {
	Messages time.Duration // of everything stored from now on
	Date     time.Duration // of the Date header
}

// SetClock sets the vendor's clocks. It may be called at any time: what was stored
// before keeps its time.
func (s *Server) SetClock(c Clock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.Store(&c)
}

// now is the time of the world, in the vendor's precision.
func (s *Server) now() time.Time { return s.real().Add(s.clock.Load().Messages) }

// real is the time by which things take their time, whatever the vendor's clock says.
func (s *Server) real() time.Time { return s.opts.Now().UTC().Truncate(time.Millisecond) }

// date is what the Date header says.
func (s *Server) date() string {
	return s.real().Add(s.clock.Load().Date).Format(http.TimeFormat)
}
