package unipile

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// WebhookNoise makes deliveries as untidy as the vendor allows himself: at least
// once, in any order.
type WebhookNoise struct {
	Duplicate bool // every event is delivered twice
	Reorder   bool // of two events the later is delivered first
}

// holdBack is how long a reordered event waits for the one that shall overtake it.
const holdBack = time.Second

// SetWebhookNoise changes how webhooks are delivered from now on.
func (s *Server) SetWebhookNoise(n WebhookNoise) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disorder = n
}

// Delivery is one attempt to call a webhook.
type Delivery struct {
	At        time.Time `json:"at"`
	WebhookID string    `json:"webhook_id"`
	Event     string    `json:"event"`
	Attempt   int       `json:"attempt"` // 1 is the first
	Status    int       `json:"status"`  // 0 when there was no answer
}

// Deliveries lists the last attempts to call webhooks, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivery(nil), s.deliveries...)
}

// delivery is an event on its way to one webhook.
type delivery struct {
	event   string
	body    []byte
	attempt int
}

// newWebhookClient is the sender: 30 s for an answer, and no redirects, since only
// 200 counts. https://developer.unipile.com/docs/webhooks-2
func newWebhookClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{},
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// enqueue puts a delivery in line, and what the noise asks for. The caller holds the
// lock and has seen that the server is open.
func (s *Server) enqueue(h *webhook, d *delivery) {
	var batch []*delivery
	switch {
	case s.disorder.Reorder && h.held == nil:
		h.held = d
		s.later(holdBack, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if h.held == d && s.ctx.Err() == nil {
				h.held = nil
				s.line(h, d)
			}
		})
		return
	case h.held != nil:
		batch = []*delivery{d, h.held}
		h.held = nil
	default:
		batch = []*delivery{d}
	}
	for _, d := range batch {
		s.line(h, d)
		if s.disorder.Duplicate {
			s.line(h, new(*d))
		}
	}
}

// line appends to the queue and makes sure that somebody works on it.
func (s *Server) line(h *webhook, d *delivery) {
	h.queue = append(h.queue, d)
	if !h.sending {
		h.sending = true
		s.wg.Go(func() { s.drain(h) })
	}
}

// drain delivers the queue in order. A failed delivery does not hold up the others:
// it comes back later, behind them.
func (s *Server) drain(h *webhook) {
	for {
		s.mu.Lock()
		if len(h.queue) == 0 || h.deleted || s.ctx.Err() != nil {
			h.queue, h.sending = nil, false
			s.mu.Unlock()
			return
		}
		d := h.queue[0]
		h.queue = h.queue[1:]
		s.mu.Unlock()

		d.attempt++
		status := s.deliver(h, d)

		s.mu.Lock()
		s.deliveries = keepLast(append(s.deliveries, Delivery{
			At: s.now(), WebhookID: h.id, Event: d.event, Attempt: d.attempt, Status: status,
		}), s.opts.MaxTraffic)
		if status != http.StatusOK && d.attempt <= len(s.opts.WebhookDelays) {
			s.later(s.opts.WebhookDelays[d.attempt-1], func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.ctx.Err() == nil {
					s.line(h, d)
				}
			})
		}
		s.mu.Unlock()
	}
}

// deliver posts the event once and gives the status, 0 when there was no answer.
func (s *Server) deliver(h *webhook, d *delivery) int {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, h.url, bytes.NewReader(d.body))
	if err != nil {
		return 0
	}
	req.Header.Set("User-Agent", "axios/1.7.7")
	// Not a slip: the body is JSON whatever the vendor calls it. Only a header of the
	// registration puts it right.
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, header := range h.headers {
		req.Header.Set(header.Key, header.Value)
	}
	resp, err := s.hooks.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode
}
