package resend

import (
	"encoding/json"
	"regexp"
	"time"

	"github.com/bravorevos/workers/integrations"
)

const (
	// TypeIdempotencyMismatch is the refusal of a known idempotency key with another body:
	// an email was sent under it within 24 hours. Never choose a new key.
	// https://resend.com/docs/dashboard/emails/idempotency-keys
	TypeIdempotencyMismatch = "invalid_idempotent_request"
	// typeConcurrent is the refusal of a key while its first request is in progress.
	typeConcurrent = "concurrent_idempotent_requests"
)

// errorName is the form of the vendor's error names.
var errorName = regexp.MustCompile(`^[a-z0-9_]{1,80}$`)

// failure makes our error of what the SDK returned and the transport recorded.
// The secrets are kept out of the vendor's explanation.
func (r *record) failure(err error, now time.Time, secrets ...string) *integrations.Error {
	if failure := integrations.As(err); failure != nil {
		return failure // no whole answer came
	}
	failure := &integrations.Error{
		Service:   service,
		Operation: r.operation,
		Status:    r.answer.Status,
		Type:      string(integrations.CauseBadAnswer),
	}
	switch r.answer.Status / 100 {
	case 0:
		failure.Type = string(integrations.CauseInvalidRequest)
		failure.Kind = integrations.Rejected
		return failure
	case 2:
		return failure
	case 3:
		failure.Type = string(integrations.CauseRedirect)
		return failure
	}
	var body struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	}
	if json.Unmarshal(r.answer.Body, &body) != nil || !errorName.MatchString(body.Name) {
		body.Name, body.Message = "", ""
	}
	failure.Type = body.Name
	failure.Detail = integrations.Explanation(body.Message, secrets...)
	failure.RetryAfter = integrations.RetryAfter(r.answer.Header, now)
	failure.Kind, failure.Scope = classify(r.answer.Status, body.Name)

	switch body.Name {
	case "daily_quota_exceeded":
		failure.RetryAfter = max(failure.RetryAfter, untilTomorrow(now))
	case "monthly_quota_exceeded":
		// Asked again once a day: the plan may be changed before the month is over.
		failure.RetryAfter = integrations.MaxRetryAfter
	}
	return failure
}

// classify says what a refusal means. Whatever only our configuration can cause
// (key, sender address, base URL) is Denied for the whole service: every email
// would meet it, and none of them is wrong.
//
// https://resend.com/docs/api-reference/errors
func classify(status int, name string) (integrations.Kind, integrations.Scope) {
	switch name {
	case "daily_quota_exceeded", "monthly_quota_exceeded":
		return integrations.Limited, integrations.ScopeService
	case "missing_api_key", "invalid_api_key", "restricted_api_key", "invalid_from_address", "invalid_access":
		return integrations.Denied, integrations.ScopeService
	case TypeIdempotencyMismatch, "security_error":
		return integrations.Rejected, integrations.ScopeTarget
	case "":
		// Not Resend's words: something in between spoke, and says nothing of the
		// email. A wrong key is the exception; to go on with it helps nobody.
		switch status {
		case 401:
			return integrations.Denied, integrations.ScopeService
		case 429:
			return integrations.Limited, integrations.ScopeTarget
		}
		return integrations.Temporary, integrations.ScopeTarget
	}
	switch {
	case status == 401, status == 403, status == 404, status == 405:
		// 403 validation_error is a domain that is not verified; no route of ours
		// exists nowhere but under a wrong base URL.
		return integrations.Denied, integrations.ScopeService
	case status == 429:
		return integrations.Limited, integrations.ScopeTarget
	case status == 408, status == 409, status >= 500:
		return integrations.Temporary, integrations.ScopeTarget
	default:
		return integrations.Rejected, integrations.ScopeTarget
	}
}

// untilTomorrow is the time left of the day, in UTC, when daily quotas begin again.
func untilTomorrow(now time.Time) time.Duration {
	day := 24 * time.Hour
	return now.UTC().Truncate(day).Add(day).Sub(now)
}
