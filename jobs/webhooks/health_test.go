package webhooks

import (
	"testing"
	"time"

	"github.com/bravorevos/workers/store"
)

// step is a try and what it must make of the endpoint.
type step struct {
	after     time.Duration // since the step before
	failure   failure
	delivered bool

	state  string
	event  string
	rests  time.Duration // 0: open
	reason string
}

func dead(turn bool) failure { return failure{cause: "timeout", turn: turn} }

func answered(status int, retryAfter time.Duration, turn bool) failure {
	return failure{status: status, cause: "http", retryAfter: retryAfter, turn: turn}
}

// Ensure that an endpoint is stopped, slowed, switched off and forgiven as it deserves.
func TestHealthOfAnEndpoint(t *testing.T) {
	t.Parallel()
	healthy, failing, disabled := store.EndpointHealthy, store.EndpointFailing, store.EndpointDisabled
	tests := map[string][]step{
		"a hiccup": {
			{failure: dead(false), state: healthy},
			{failure: dead(false), state: healthy},
			{delivered: true, state: healthy},
			{failure: dead(false), state: healthy},
			{failure: dead(false), state: healthy},
			{failure: dead(false), state: healthy},
			{failure: dead(false), state: healthy},
		},
		"a breaker that opens, longer each time, and closes at once": {
			{failure: dead(false), state: healthy}, {failure: dead(false), state: healthy},
			{failure: dead(false), state: healthy}, {failure: answered(500, 0, false), state: healthy},
			{failure: dead(false), state: failing, event: eventFailing, rests: shortestRest},
			{failure: dead(false), state: failing, rests: shortestRest}, // was under way: no longer for that
			{after: shortestRest, failure: dead(true), state: failing, rests: 2 * shortestRest},
			{after: 2 * shortestRest, failure: dead(true), state: failing, rests: 4 * shortestRest},
			{after: 4 * shortestRest, failure: dead(true), state: failing, rests: 8 * shortestRest},
			{after: 8 * shortestRest, failure: dead(true), state: failing, rests: 16 * shortestRest},
			{after: 16 * shortestRest, failure: dead(true), state: failing, rests: longestRest},
			{after: longestRest, failure: dead(true), state: failing, rests: longestRest},
			{after: longestRest, delivered: true, state: healthy, event: eventRecovered},
		},
		"refusals of single leads do not stop the others": {
			{failure: answered(422, 0, false), state: healthy}, {failure: answered(422, 0, false), state: healthy},
			{failure: answered(422, 0, false), state: healthy}, {failure: answered(422, 0, false), state: healthy},
			{failure: answered(422, 0, false), state: failing, event: eventFailing},
			{failure: answered(422, 0, false), state: failing},
		},
		"too many requests": {
			{failure: answered(429, 0, false), state: healthy, rests: time.Second},
			{failure: answered(429, 0, false), state: healthy, rests: time.Second}, // beside the first
			{after: time.Second, failure: answered(429, 0, true), state: healthy, rests: 2 * time.Second},
			{after: 2 * time.Second, failure: answered(502, 0, true), state: healthy, rests: 4 * time.Second},
			{after: 4 * time.Second, delivered: true, state: healthy, rests: 2 * time.Second},
			{after: 2 * time.Second, delivered: true, state: healthy, rests: time.Second},
			{after: time.Second, delivered: true, state: healthy},
		},
		"too many requests, come back in an hour": {
			{failure: answered(429, time.Hour, false), state: healthy, rests: time.Hour},
			{failure: answered(504, 2*time.Hour, false), state: healthy, rests: 2 * time.Hour},
			{failure: answered(503, time.Minute, false), state: healthy, rests: 2 * time.Hour}, // never shorter
			{after: 2 * time.Hour, failure: answered(400, 0, true), state: failing, event: "-", rests: time.Second},
		},
		"gone": {
			{failure: answered(410, 0, false), state: disabled, event: eventDisabled, reason: store.DisabledGone},
			{delivered: true, state: disabled, reason: store.DisabledGone}, // was under way
		},
		"five days, and a delivery that was under way": {
			{failure: answered(404, 0, false), state: healthy}, {failure: answered(404, 0, false), state: healthy},
			{failure: answered(404, 0, false), state: healthy}, {failure: answered(404, 0, false), state: healthy},
			{after: day, failure: answered(404, 0, false), state: failing, event: eventFailing},
			{after: 2 * day, failure: answered(404, 0, false), state: failing},
			{after: 2*day - time.Second, failure: answered(404, 0, false), state: failing},
			{after: time.Second, failure: answered(404, 0, false), state: disabled, event: eventDisabled, reason: store.DisabledFailing},
			{delivered: true, state: healthy, event: eventRecovered},
		},
		"one event that used up its tries": {
			{failure: answered(500, 0, false), state: healthy},
			{after: 76 * time.Hour / 2, failure: answered(500, 0, false), state: healthy},
			{after: 76 * time.Hour / 2, failure: failure{status: 500, cause: "http_5xx", final: true}, state: failing, event: eventFailing},
			// Ten days later the next one: nobody knows what was in between.
			{after: 10 * day, failure: answered(500, 0, false), state: failing},
		},
		"the last allowed try succeeds": {
			{failure: answered(500, 0, false), state: healthy},
			{after: 2 * day, failure: answered(500, 0, false), state: healthy},
			{after: 2 * day, failure: answered(500, 0, false), state: healthy},
			{after: 2 * day, delivered: true, state: healthy},
		},
		"no address that may be called": {
			{failure: failure{cause: "invalid_url", never: true, final: true}, state: failing, event: eventFailing},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
			e := store.WebhookEndpoint{State: healthy}
			for i, s := range steps {
				if s.event == "-" {
					s.state, s.event = healthy, "" // the fourth failure
				}
				now = now.Add(s.after)
				var event string
				if s.delivered {
					e, event = afterSuccess(e, now)
				} else {
					s.failure.at = now
					if s.failure.turn {
						e.BlockedUntil = new(now.Add(turnLease))
					}
					e, event = afterFailure(e, s.failure)
				}
				var rests time.Duration
				if e.BlockedUntil != nil {
					rests = e.BlockedUntil.Sub(now)
				}
				if e.State != s.state || event != s.event || rests != s.rests || store.Value(e.DisabledReason) != s.reason {
					t.Fatalf("step %d: %s, event %q, rests %s, reason %q; want %s, %q, %s, %q",
						i+1, e.State, event, rests, store.Value(e.DisabledReason), s.state, s.event, s.rests, s.reason)
				}
			}
		})
	}
}
