package webhooks

import (
	"time"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

const day = 24 * time.Hour

// What an endpoint is allowed and forgiven. All figures that decide about endpoints
// stand here.
const (
	// endpointSlots deliveries to one endpoint run at once in a process: an eighth of
	// its slots, so that seven receivers may hang for the ten seconds until their
	// breakers open, and a healthy eighth still has its share.
	endpointSlots = 8

	// clientSlots deliveries of one client run at once in a process, to whatever endpoints of
	// its own, although no others are free: as many as one endpoint may have.
	clientSlots = endpointSlots

	// breakerAfter failures in a row open the breaker, where the endpoint did not
	// answer or answered 5xx. Fewer would stop a receiver for the hiccup of a deployment.
	breakerAfter = 5
	// An open breaker rests that long, twice as long after each probe that failed. The
	// longest is what a receiver that is mended waits for its leads.
	shortestRest, longestRest = 30 * time.Second, 10 * time.Minute

	// A receiver that asks for less gets one delivery at a time, with a gap that doubles
	// each time it asks, and halves with each success.
	shortestGap, longestGap = time.Second, time.Minute

	// disableAfter days of failures without a success, an endpoint is switched off. One
	// event alone cannot do it: its tries end after a little over three days.
	disableAfter = 5 * day
	// silenceEnds a row of failures: what happened before says nothing of now. It is more
	// than the longest wait between two tries.
	silenceEnds = 2 * day
	// tellAfter that time the owner of a failing endpoint is told; a restart is nobody's news.
	tellAfter = time.Hour

	// turnLease is how long the one delivery that may try an endpoint has for it: more
	// than the longest exchange and its record.
	turnLease = 45 * time.Second
	// deniedWait is how long an endpoint rests while there is nothing to sign with.
	deniedWait = time.Minute
	// A process that failed on its own side tries the same endpoint again after the shortest
	// of these, and after twice as long each time that it fails again. It is short, since the
	// receiver is well, and what ran out is often there again in a moment.
	shortestTrouble, longestTrouble = 2 * time.Second, time.Minute
	// unsignedWait is how long the webhooks of a campaign wait whose secret cannot be read:
	// somebody has to bring the key first, and thousands of rows are written each time.
	unsignedWait = 5 * time.Minute
)

// Events in the life of an endpoint; operators see them in the log and as a metric.
const (
	eventFailing   = "failing"
	eventDisabled  = "disabled"
	eventRecovered = "recovered"
)

// failure is what a try that failed says of its endpoint.
type failure struct {
	at         time.Time
	status     int // 0: no answer
	cause      string
	retryAfter time.Duration
	final      bool // the webhook has no tries left
	never      bool // no URL that may be called: nothing was dialled
	turn       bool // it was the one that tried whether the endpoint is back
}

// throttles reports whether the receiver asked for less, or is behind a gateway that
// says it is overwhelmed.
func (f failure) throttles() bool {
	return f.status == 429 || f.status == 502 || f.status == 504 || f.status == 503 && f.retryAfter > 0
}

// dead reports whether nothing behind the URL works; a 4xx comes from something that lives.
func (f failure) dead() bool { return f.status >= 500 || f.status == 0 && !f.never }

// afterFailure is the endpoint after a try that the receiver failed, and what happened
// to it: an event, or nothing.
func afterFailure(e store.WebhookEndpoint, f failure) (store.WebhookEndpoint, string) {
	if e.FailingSince == nil || e.LastFailureAt != nil && f.at.Sub(*e.LastFailureAt) > silenceEnds {
		e.FailingSince, e.Failures = &f.at, 0
	}
	e.Failures++
	e.LastFailureAt, e.LastCause = &f.at, &f.cause
	if e.State == store.EndpointDisabled {
		return e, ""
	}
	event := ""
	if e.State == store.EndpointHealthy && (e.Failures >= breakerAfter || f.final) {
		e.State, event = store.EndpointFailing, eventFailing
	}
	reason := ""
	switch {
	case f.status == 410:
		reason = store.DisabledGone
	case f.at.Sub(*e.FailingSince) >= disableAfter:
		reason = store.DisabledFailing
	}
	if reason != "" {
		e.State, e.DisabledAt, e.DisabledReason, e.BlockedUntil = store.EndpointDisabled, &f.at, &reason, nil
		return e, eventDisabled
	}
	return rest(e, f), event
}

// rest blocks the endpoint for as long as the failure asks for. Those that were under
// way when it was blocked already do not make it longer, but for a Retry-After.
func rest(e store.WebhookEndpoint, f failure) store.WebhookEndpoint {
	known := e.BlockedUntil != nil && !f.turn
	var wait time.Duration
	switch {
	case f.throttles():
		if !known {
			gap := min(max(2*time.Duration(e.GapMs)*time.Millisecond, shortestGap), longestGap)
			e.GapMs = gap.Milliseconds()
		}
		wait = max(time.Duration(e.GapMs)*time.Millisecond, f.retryAfter)
	case f.dead() && e.Failures >= breakerAfter && !known:
		wait = min(shortestRest<<min(e.Openings, 10), longestRest)
		e.Openings++
	case f.turn:
		// It answers, if not as wished: others may go on.
		wait = time.Duration(e.GapMs) * time.Millisecond
	}
	until := f.at.Add(wait)
	switch {
	case wait > 0 && (!known || until.After(*e.BlockedUntil)):
		e.BlockedUntil = &until
	case f.turn:
		e.BlockedUntil = nil
	}
	return e
}

// afterSuccess is the endpoint after a delivery.
func afterSuccess(e store.WebhookEndpoint, now time.Time) (store.WebhookEndpoint, string) {
	e.LastSuccessAt = &now
	if e.State == store.EndpointDisabled && *e.DisabledReason != store.DisabledFailing {
		return e, "" // it, or a human, has said that it wants no more
	}
	event := ""
	if e.State != store.EndpointHealthy {
		event = eventRecovered
	}
	e.State, e.Failures, e.FailingSince, e.Openings = store.EndpointHealthy, 0, nil, 0
	e.DisabledAt, e.DisabledReason, e.BlockedUntil = nil, nil, nil
	gap := time.Duration(e.GapMs) * time.Millisecond / 2
	if gap < shortestGap {
		e.GapMs = 0
		return e, event
	}
	e.GapMs = gap.Milliseconds()
	until := now.Add(gap)
	e.BlockedUntil = &until
	return e, event
}

// afterDenied is the endpoint after a try that could not be made before somebody mends our
// configuration: untouched, but that nothing hammers on that.
func afterDenied(e store.WebhookEndpoint, now time.Time) store.WebhookEndpoint {
	until := now.Add(deniedWait)
	if e.State != store.EndpointDisabled && (e.BlockedUntil == nil || e.BlockedUntil.Before(until)) {
		e.BlockedUntil = &until
	}
	return e
}

// enabled is an endpoint that a human gave another chance.
func enabled(e store.WebhookEndpoint) store.WebhookEndpoint {
	e.State, e.Failures, e.FailingSince, e.Openings, e.GapMs = store.EndpointHealthy, 0, nil, 0, 0
	e.DisabledAt, e.DisabledReason, e.BlockedUntil = nil, nil, nil
	return e
}

func saveParams(e store.WebhookEndpoint) store.WebhookEndpointSaveParams {
	return store.WebhookEndpointSaveParams{
		ID: e.ID, State: e.State, Failures: e.Failures, FailingSince: e.FailingSince, LastFailureAt: e.LastFailureAt,
		LastCause: e.LastCause, LastSuccessAt: e.LastSuccessAt, DisabledAt: e.DisabledAt, DisabledReason: e.DisabledReason,
		BlockedUntil: e.BlockedUntil, Openings: e.Openings, GapMs: e.GapMs,
	}
}

// DefaultSchedule tries for a little over three days.
func DefaultSchedule() queue.Schedule {
	return queue.Schedule{
		5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}
