package api

import (
	"net/http"
	"time"
)

const (
	// quickAnswer is how long a client may take to read an answer that is made at once.
	quickAnswer = 10 * time.Second
	// longAnswer is the same for routes that read a body or work first.
	longAnswer = 2 * time.Minute
)

// within gives a client so long, from the request on, to have read the answer. Whoever
// reads slower is hung up on: each connection is a file handle that deliveries need.
func within(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// An error means a writer without deadlines, such as a recorder of tests.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
		next.ServeHTTP(w, r)
	})
}
