// Package integrations holds what the clients of outside services share: the
// error type that tells the queue what to do next, and the HTTP transport that
// bounds, observes and redacts every exchange.
//
// It must not know any vendor, and it must not decide retries: queue/outcome.go
// reads [Error] and is the only place that does.
package integrations

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what an error means for the work that met it. The zero value is the
// safe one: try again later.
type Kind int

const (
	// Temporary failures are tried again on the schedule of the job's kind.
	Temporary Kind = iota
	// Limited work waits for [Error.RetryAfter]; it costs no attempt.
	Limited
	// Denied means that credentials or the account are refused. The account, or
	// the whole service, is stopped; its waiting work stays queued.
	Denied
	// Rejected work is wrong for ever: the same request can never succeed.
	Rejected
)

// String names the kind for logs and metric labels.
func (k Kind) String() string {
	switch k {
	case Limited:
		return "limited"
	case Denied:
		return "denied"
	case Rejected:
		return "rejected"
	default:
		return "temporary"
	}
}

// Scope is how far an error reaches.
type Scope int

const (
	// ScopeTarget concerns this one person, post, receiver or message only.
	ScopeTarget Scope = iota
	// ScopeAccount concerns everything that the account ([Error.AccountID]) does.
	ScopeAccount
	// ScopeService concerns every account: a wrong API key, an exhausted quota.
	ScopeService
)

// Error is a failed exchange with an outside service. It never holds a
// credential, a message text or an email address, so it may be logged and stored.
type Error struct {
	Service   string // "unipile", "resend", "webhook"
	Operation string // "start chat", "list comments", …; a closed set a service
	AccountID string // the account the call was made for, where there is one

	Kind  Kind
	Scope Scope

	Status int    // HTTP status; 0 when there was no answer
	Type   string // the vendor's own error type, or a cause such as "timeout"
	Detail string // the vendor's title in short, safe to show

	// RetryAfter is how long the vendor asks to wait, or what its documents
	// recommend. Zero means: the queue's own floor.
	RetryAfter time.Duration

	// OutcomeUnknown is set when the service may have done what was asked
	// although no success was reported: a timeout, a reset after the request was
	// written, a 5xx from something in between. Look before doing it again.
	OutcomeUnknown bool

	// Ours is set when the failure is on our side: no network, no file handles, no
	// name server. It says nothing of the service.
	Ours bool

	Err error // the cause, already redacted
}

// Error says what failed in one line: "unipile start chat: 422 errors/no_connection…: Recipient cannot be reached".
func (e *Error) Error() string {
	s := e.Service + " " + e.Operation
	if e.Status != 0 {
		s += fmt.Sprintf(": %d", e.Status)
	}
	for _, part := range []string{e.Type, e.Detail} {
		if part != "" {
			s += ": " + part
		}
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// As returns the *Error inside err, or nil.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}
