// Package unipile is a pretend Unipile v1 API for LinkedIn: an in-memory world of
// accounts, people, posts and chats behind the vendor's routes. It checks what it
// is sent, answers with the vendor's bodies, and fails on purpose when told to
// (see [Fault]). Tests, the demo and the worker's mock mode run against it.
//
// It must not import any other package of this module: it declares its own wire
// types, so that a mistake in our client cannot hide in a shared struct. Where the
// vendor's behaviour is unknown it takes the choice that is harder for a client.
package unipile

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures a [Server]. The zero value is usable.
type Options struct {
	// APIKey is the only accepted X-API-KEY. Empty accepts any key that is not empty.
	APIKey string

	// ReadLag is how long a new message, with its chat and attendee, stays invisible
	// to reads. The vendor's synced copy is 30 to 60 seconds behind LinkedIn.
	ReadLag time.Duration

	// Now gives the time of everything stored; time.Now when nil. Timers of personas
	// and webhooks run on real time (or on synctest's).
	Now func() time.Time

	// Seed makes ids and noise repeatable. Zero takes a random seed, so that ids of
	// two runs against one database do not collide.
	Seed uint64

	// ExtraFields adds random unknown fields to successful answers and webhooks.
	ExtraFields bool

	// MaxTraffic caps what [Server.Requests] and [Server.Deliveries] remember; 1000
	// when zero.
	MaxTraffic int

	// DefaultDistance is the degree (1, 2 or 3) of pairs that [Server.SetDistance] has
	// not set; 1 when zero.
	DefaultDistance int

	// WebhookDelays are the waits before the retries of a webhook delivery that was not
	// answered with 200. The vendor retries five times and does not publish its delays;
	// nil takes 10 s, 1 m, 5 m, 15 m, 1 h.
	WebhookDelays []time.Duration
}

// Server is the pretend vendor. All its methods are safe for concurrent use.
type Server struct {
	opts       Options
	operations map[string]bool // names that a Fault may carry
	hooks      *http.Client

	ctx    context.Context //nolint:containedctx // ends with Close; held work watches it
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu         sync.Mutex // guards everything below
	world      *world
	noise      *rand.Rand
	webhooks   []*webhook
	disorder   WebhookNoise
	faults     []*armedFault
	faultCount int
	loops      int // cursors of lists that do not end
	requests   []*Request
	sent       []SentMessage
	deliveries []Delivery
	change     func(string) string // of texts, before they are shown

	clock atomic.Pointer[Clock]
}

// New returns a server with an empty world. Close it when done.
func New(opts Options) *Server {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Seed == 0 {
		opts.Seed = rand.Uint64()
	}
	opts.MaxTraffic = cmp.Or(opts.MaxTraffic, 1000)
	opts.DefaultDistance = cmp.Or(opts.DefaultDistance, 1)
	if opts.WebhookDelays == nil {
		opts.WebhookDelays = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	}
	s := &Server{
		opts:       opts,
		operations: map[string]bool{"*": true},
		hooks:      newWebhookClient(),
		world:      newWorld(opts.Seed, opts.DefaultDistance),
		noise:      rand.New(rand.NewPCG(opts.Seed, 2)),
	}
	s.clock.Store(&Clock{})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, rt := range s.routes() {
		s.operations[rt.operation] = true
	}
	return s
}

// Close stops persona timers and webhook senders, lets go of held requests and
// waits for all goroutines. Call it before closing an HTTP server that may hold
// requests, which waits for them.
func (s *Server) Close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.wg.Wait()
	s.hooks.CloseIdleConnections()
}

// later runs f after d unless the server is closed before. The caller holds s.mu,
// which is what keeps a goroutine from starting behind Close's back.
func (s *Server) later(d time.Duration, f func()) {
	if s.ctx.Err() != nil {
		return
	}
	s.wg.Go(func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			f()
		case <-s.ctx.Done():
		}
	})
}
