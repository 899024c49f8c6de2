package resend

import (
	"fmt"
	"net/http"
)

// apiError is the body of an error.
// https://resend.com/docs/api-reference/errors
type apiError struct {
	Status  int    `json:"statusCode"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// The errors whose wording does not depend on the request.
var (
	errUnreadable       = &apiError{http.StatusBadRequest, "validation_error", "The request body could not be read."}
	errMissingKey       = &apiError{http.StatusUnauthorized, "missing_api_key", "Missing API key in the authorization header."}
	errInvalidKey       = &apiError{http.StatusForbidden, "invalid_api_key", "API key is invalid."}
	errNoSuchEndpoint   = &apiError{http.StatusNotFound, "not_found", "The requested endpoint does not exist."}
	errNoSuchEmail      = &apiError{http.StatusNotFound, "not_found", "Email not found"}
	errMethodNotAllowed = &apiError{http.StatusMethodNotAllowed, "method_not_allowed", "Method is not allowed for the requested path."}
	errIdempotencyKey   = &apiError{http.StatusBadRequest, "invalid_idempotency_key", "The key must be between 1-256 chars."}
	errOtherPayload     = &apiError{http.StatusConflict, "invalid_idempotent_request", "Same idempotency key used with a different request payload."}
	errInFlight         = &apiError{http.StatusConflict, "concurrent_idempotent_requests", "Same idempotency key used while original request is still in progress."}
)

func errTooManyRequests(perSecond int) *apiError {
	return &apiError{http.StatusTooManyRequests, "rate_limit_exceeded", fmt.Sprintf(
		"Too many requests. You can only make %d requests per second. See rate limit response headers for more information.", perSecond)}
}

func errInvalid(format string, args ...any) *apiError {
	return &apiError{http.StatusUnprocessableEntity, "validation_error", fmt.Sprintf(format, args...)}
}

func errMissingField(name string) *apiError {
	return &apiError{http.StatusUnprocessableEntity, "missing_required_field", fmt.Sprintf("Missing `%s` field.", name)}
}
