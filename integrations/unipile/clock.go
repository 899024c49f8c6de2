package unipile

import (
	"net/http"
	"sync"
	"time"
)

// maxReading is how old a reading of the vendor's clock may be: beyond it, the clock may
// have been set, or this machine may have slept.
const maxReading = 10 * time.Minute

// clock is the vendor's, as the Date header of its answers shows it. Only the time that
// passes here is used, never this machine's own clock: both may be wrong.
type clock struct {
	mu   sync.Mutex
	date time.Time // what the newest answer said
	read time.Time // when it came, by the monotonic clock
}

// look reads the clock from an answer.
func (c *clock) look(header http.Header) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date, c.read = date, time.Now()
}

// Now is the vendor's time, to a second or two; zero while it is not known, which it is
// from the first answer on.
func (c *Client) Now() time.Time {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	age := time.Since(c.clock.read)
	if c.clock.date.IsZero() || age > maxReading {
		return time.Time{}
	}
	return c.clock.date.Add(age).UTC()
}
