package unipile

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// The error types that other packages switch on.
const (
	// TypeNoConnection: the person is not a first-degree connection and cannot be written to.
	TypeNoConnection = "errors/no_connection_with_recipient"
	// TypeAlreadyInvited: an invitation to the person is pending, or was until lately.
	TypeAlreadyInvited = "errors/already_invited_recently"
	// TypeAlreadyConnected: the person is a connection, so that messages pass.
	TypeAlreadyConnected = "errors/already_connected"
	// TypeInvalidPost: the post cannot be found, which is also said of posts that exist.
	TypeInvalidPost = "errors/invalid_post"
	// TypeResourceNotFound: the post, chat or person is unknown.
	TypeResourceNotFound = "errors/resource_not_found"
)

// quotaPauses says how much longer a quota of LinkedIn's rests than a request that
// came too fast: quotas are daily and weekly.
// https://developer.unipile.com/docs/provider-limits-and-restrictions
const quotaPauses = 6

// Unreachable reports whether a refused message was refused because of the person,
// so that no try by this route can succeed.
func Unreachable(e *integrations.Error) bool {
	if e == nil {
		return false
	}
	switch e.Type {
	case TypeNoConnection, "errors/invalid_recipient", "errors/user_unreachable", "errors/blocked_recipient",
		"errors/cant_send_message":
		return true
	default:
		return false
	}
}

// problem is the body of a refusal. Its detail may hold personal data and dumps of
// schemas; it is read to tell two 404s apart and goes no further.
type problem struct {
	Type   text `json:"type"`
	Title  text `json:"title"`
	Detail text `json:"detail"`
}

// problemType is the form of the vendor's error types.
var problemType = regexp.MustCompile(`^errors/[a-z0-9_]{1,80}$`)

// refusal turns an answer that is not 2xx into an error.
func (c *Client) refusal(call apiCall, answer integrations.Answer) error {
	var p problem
	// A body of something in between (HTML, plain text) leaves the problem empty.
	if err := json.Unmarshal(answer.Body, &p); err != nil || !problemType.MatchString(string(p.Type)) {
		p = problem{}
	}
	failure := call.fault(integrations.Cause(p.Type))
	failure.Status = answer.Status
	failure.Detail = integrations.Explanation(string(p.Title), c.apiKey, call.secret)
	failure.RetryAfter = integrations.RetryAfter(answer.Header, time.Now())
	failure.Kind, failure.Scope = classify(answer.Status, p)

	if answer.Status/100 == 3 {
		failure.Type = string(integrations.CauseRedirect)
	}
	if failure.Kind == integrations.Limited && failure.RetryAfter == 0 {
		failure.RetryAfter = c.limited
		if answer.Status != 429 {
			failure.RetryAfter = quotaPauses * c.limited
		}
	}
	if call.sends() {
		failure.OutcomeUnknown = outcomeUnknown(answer.Status, p)
	}
	if attendeeUnknown(answer.Status, p) {
		failure.Err = errAttendeeUnknown
	}
	return failure
}

// classify says what a refusal means for the work that met it. The vendor adds
// types without notice, so that an unknown one falls back on the status.
//
// Where a 403 does not name one resource, the account is refused and not the
// target: its work then waits for a human, while a wrong Rejected would throw away
// one lead after the other.
//
// https://developer.unipile.com/docs/api-errors
func classify(status int, p problem) (integrations.Kind, integrations.Scope) {
	switch strings.TrimPrefix(string(p.Type), "errors/") {
	case "missing_credentials":
		// Said of a missing key and of a wrong one.
		return integrations.Denied, integrations.ScopeService

	case "resource_not_found", "invalid_resource_identifier":
		if accountUnknown(string(p.Detail)) {
			return integrations.Denied, integrations.ScopeAccount
		}
		return integrations.Rejected, integrations.ScopeTarget

	case "resource_access_restricted":
		return integrations.Rejected, integrations.ScopeTarget

	case "invalid_account", "account_configuration_error", "unauthorized", "payment_error":
		// 422, but about the account and its session, whoever the target is.
		return integrations.Denied, integrations.ScopeAccount

	case "cannot_resend_yet", "limit_exceeded", "connection_limit_reached", "insufficient_credits", "too_many_requests":
		return integrations.Limited, integrations.ScopeAccount

	case "cannot_resend_within_24hrs":
		return integrations.Limited, integrations.ScopeTarget

	case "invalid_post":
		// Seen for a while on posts that exist, so that it is not believed at once.
		return integrations.Temporary, integrations.ScopeTarget

	case "realtime_client_not_initialized", "provider_unreachable":
		// 422, but of the vendor's own machinery.
		return integrations.Temporary, integrations.ScopeAccount

	case "feature_not_implemented":
		return integrations.Rejected, integrations.ScopeTarget
	}
	return classifyStatus(status, p.Type != "")
}

// classifyStatus is the fallback. A refusal without a problem body is not the
// vendor's (a proxy, a balancer, the router's 404 on a wrong DSN): it says nothing
// about the target, and rejecting for it would lose work that is right.
func classifyStatus(status int, hasProblem bool) (integrations.Kind, integrations.Scope) {
	switch {
	case status == 401 && !hasProblem:
		// A gateway's: work waits until it passes, and no account rests for it.
		return integrations.Denied, integrations.ScopeService
	case status == 401, status == 403 && hasProblem:
		return integrations.Denied, integrations.ScopeAccount
	case status == 429:
		return integrations.Limited, integrations.ScopeAccount
	case status < 400, status >= 500, status == 408, status == 409, status == 425, !hasProblem:
		return integrations.Temporary, integrations.ScopeTarget
	default:
		return integrations.Rejected, integrations.ScopeTarget
	}
}

// accountUnknown knows the details "Account not found" and "Account or sender not
// found"; we never name a sender. "Account, chat, thread or provider resource not
// found" is an answer about the chat.
func accountUnknown(detail string) bool {
	detail = strings.ToLower(detail)
	return strings.HasPrefix(detail, "account not found") || strings.HasPrefix(detail, "account or sender not found")
}

// outcomeUnknown reports whether a refused send may have been sent all the same.
// Only the vendor's own 501 and 503 say that nothing was tried.
func outcomeUnknown(status int, p problem) bool {
	switch {
	case status < 500:
		return false
	case status == 501, status == 503:
		return p.Type == ""
	default:
		return true
	}
}
