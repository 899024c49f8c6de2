package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// sink are the receivers of webhooks, each at an address of its own, as fast as a
// receiver can be that still checks the signature. It keeps what must be known to tell
// that nothing was lost and nothing came twice; sandbox/receiver, which keeps everything,
// would be a good part of what is measured.
type sink struct {
	secret  []byte
	urls    []string
	servers []*http.Server
	serving sync.WaitGroup
	release chan struct{} // closed: nobody hangs any more
	free    sync.Once

	mu       sync.Mutex // guards what follows
	arrivals map[uuid.UUID]time.Time
	repeats  int
	bad      int    // not signed, or without an id
	hung     int    // requests that were not answered
	why      string // the first bad one
	want     int
	enough   chan struct{} // closed when want have arrived
}

// newSink listens at n addresses. The last hanging of them never answer.
func newSink(ctx context.Context, secret string, n, hanging int) (*sink, error) {
	s := &sink{secret: []byte(secret), release: make(chan struct{}), arrivals: map[uuid.UUID]time.Time{}}
	for i := range n {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			s.close()
			return nil, fmt.Errorf("listen for receiver %d: %w", i, err)
		}
		handle := s.take
		if i >= n-hanging {
			handle = s.hang
		}
		server := &http.Server{Handler: http.HandlerFunc(handle), ReadHeaderTimeout: time.Minute}
		s.servers = append(s.servers, server)
		s.urls = append(s.urls, "http://"+listener.Addr().String()+"/leads")
		s.serving.Go(func() { _ = server.Serve(listener) })
	}
	return s, nil
}

// expect tells how many webhooks must arrive in all. The channel is closed when they have.
func (s *sink) expect(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want, s.enough = n, make(chan struct{})
	if len(s.arrivals) >= n {
		close(s.enough)
		s.want = 0
	}
	return s.enough
}

func (s *sink) take(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender is gone, and comes again
	}
	id, err := uuid.Parse(r.Header.Get("Webhook-Id"))
	if err != nil {
		s.refuse(w, "Webhook-Id is no uuid")
		return
	}
	if !s.signed(r.Header, body) {
		s.refuse(w, "Webhook-Signature does not match")
		return
	}
	s.mu.Lock()
	if _, known := s.arrivals[id]; known {
		s.repeats++
	} else {
		s.arrivals[id] = at
	}
	if s.want > 0 && len(s.arrivals) >= s.want {
		close(s.enough)
		s.want = 0
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
}

// signed checks the header of Standard Webhooks.
func (s *sink) signed(h http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, s.secret)
	_, _ = fmt.Fprintf(mac, "%s.%s.", h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"))
	_, _ = mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(h.Get("Webhook-Signature")), []byte(want))
}

func (s *sink) refuse(w http.ResponseWriter, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad++
	if s.why == "" {
		s.why = why
	}
	http.Error(w, why, http.StatusUnauthorized)
}

// hang answers nothing as long as the sender waits.
func (s *sink) hang(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the sender is gone
	s.mu.Lock()
	s.hung++
	s.mu.Unlock()
	select {
	case <-r.Context().Done():
	case <-s.release:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// count is how many different webhooks have arrived.
func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrivals)
}

// arrived is when a webhook came first.
func (s *sink) arrived(id uuid.UUID) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.arrivals[id]
	return at, ok
}

// letGo answers those that hang, so that a worker can stop.
func (s *sink) letGo() { s.free.Do(func() { close(s.release) }) }

// close lets go of everybody and stops listening.
func (s *sink) close() {
	s.letGo()
	for _, server := range s.servers {
		_ = server.Close()
	}
	s.serving.Wait()
}

// compare says what is wrong between the rows that are sent and what arrived, and which
// webhooks arrived although their row is not sent. Call it when no worker runs any more.
func (s *sink) compare(sent []uuid.UUID) (problems []string, unrecorded []uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	complain := func(n int, text string) {
		if n > 0 {
			problems = append(problems, fmt.Sprintf("%d webhooks %s", n, text))
		}
	}
	lost, recorded := 0, make(map[uuid.UUID]bool, len(sent))
	for _, id := range sent {
		recorded[id] = true
		if _, ok := s.arrivals[id]; !ok {
			lost++
		}
	}
	for id := range s.arrivals {
		if !recorded[id] {
			unrecorded = append(unrecorded, id)
		}
	}
	complain(lost, "are sent by their row and never arrived")
	complain(s.repeats, "arrived a second time")
	complain(s.bad, "were refused: "+s.why)
	return problems, unrecorded
}
