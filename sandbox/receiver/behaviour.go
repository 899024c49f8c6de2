package receiver

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"
)

// Behaviour is how a path answers instead of as usual. The fields may be
// combined; the zero value answers as usual.
type Behaviour struct {
	// Status replaces the usual one. The delivery counts as accepted by the
	// status that it is answered with, even if the sender no longer listens.
	Status int

	// Delay passes before the answer begins.
	Delay time.Duration

	// Hang never answers; Reset cuts the connection. Neither accepts.
	Hang, Reset bool

	// SlowDrip is the pause before each byte of the answer's body.
	SlowDrip time.Duration

	// BodyBytes is the length of the answer's body, in place of a short text.
	BodyBytes int

	// GzipBomb is the length that a small compressed body unpacks to.
	GzipBomb int64

	// Redirect is a Location header; the status is then 302 if not given.
	Redirect string

	// RetryAfter is a Retry-After header, in seconds or as an HTTP date.
	RetryAfter string

	// Times is how many requests are answered so. Zero means all.
	Times int
}

// Behave sets how a path answers from now on, one behaviour after the other;
// after the last one, or without any, as usual.
func (s *Server) Behave(path string, b ...Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviours[path] = append([]Behaviour(nil), b...)
}

// FailFirst lets the next n requests on a path fail with a status, and answers
// as usual after them.
func (s *Server) FailFirst(path string, n, status int) {
	if n < 1 {
		s.Behave(path)
		return
	}
	s.Behave(path, Behaviour{Status: status, Times: n})
}

func (s *Server) nextBehaviour(path string) Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.behaviours[path]
	if len(line) == 0 {
		return Behaviour{}
	}
	b := line[0]
	switch b.Times {
	case 0:
	case 1:
		s.behaviours[path] = line[1:]
	default:
		line[0].Times--
	}
	return b
}

// status is the status of the answer, 0 for none.
func (b Behaviour) status(usual int) int {
	switch {
	case b.Hang || b.Reset:
		return 0
	case b.Redirect != "":
		return cmp.Or(b.Status, http.StatusFound)
	default:
		return cmp.Or(b.Status, usual)
	}
}

func (b Behaviour) answer(w http.ResponseWriter, r *http.Request, status int, text string) {
	if b.Hang {
		<-r.Context().Done()
	}
	if !pause(r, b.Delay) {
		return
	}
	if b.Hang || b.Reset {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if b.Redirect != "" {
		h.Set("Location", b.Redirect)
	}
	if b.RetryAfter != "" {
		h.Set("Retry-After", b.RetryAfter)
	}
	body := io.Reader(strings.NewReader(text + "\n"))
	if b.BodyBytes > 0 {
		body = io.LimitReader(filler{}, int64(b.BodyBytes))
	}
	switch {
	case b.GzipBomb > 0:
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = io.CopyN(z, filler{}, b.GzipBomb)
		_ = z.Close()
	case b.SlowDrip > 0:
		w.WriteHeader(status)
		drip(w, r, bufio.NewReader(body), b.SlowDrip)
	default:
		w.WriteHeader(status)
		_, _ = io.Copy(w, body)
	}
}

// drip writes one byte after each pause until the sender goes away.
func drip(w http.ResponseWriter, r *http.Request, body io.ByteReader, between time.Duration) {
	flush := http.NewResponseController(w).Flush
	for {
		c, err := body.ReadByte()
		if err != nil || flush() != nil || !pause(r, between) {
			return
		}
		if _, err := w.Write([]byte{c}); err != nil {
			return
		}
	}
}

// pause reports whether the sender is still there after it.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// filler is an endless text.
type filler struct{}

func (filler) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
