package unipile

import (
	"encoding/json"
	"net/http"
	"strings"
)

// problem is the vendor's error body.
type problem struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
}

func (p *problem) Error() string { return p.Type }

// known gives the body of an error type, with or without "errors/", in the vendor's
// words as seen live or as printed at https://developer.unipile.com/reference. A type
// whose words are not known gets a title made of its name; one that the vendor does
// not list has no status.
func known(name string) *problem {
	name = strings.TrimPrefix(name, "errors/")
	p := &problem{Status: statusOf(name), Type: "errors/" + name}
	switch name {
	case "invalid_parameters":
		p.Title = "Invalid parameters"
	case "too_many_characters":
		p.Title, p.Detail = "Too many characters", "The provided content exceeds the character limit."
	case "missing_credentials":
		p.Title = "Missing credentials" // the only one without a detail
	case "disconnected_account":
		p.Title, p.Detail = "Disconnected account", "The account appears to be disconnected from the provider service."
	case "feature_not_subscribed":
		p.Title, p.Detail = "Feature not subscribed", "The requested feature has either not been subscribed or not been authenticated properly."
	case "account_restricted":
		p.Title, p.Detail = "Account restricted", "Access to this account has been restricted by the provider."
	case "resource_not_found":
		p.Title = "Resource not found."
	case "no_connection_with_recipient":
		p.Title, p.Detail = "Recipient cannot be reached", "The recipient appears not to be first degree connection."
	case "invalid_recipient":
		p.Title, p.Detail = "Recipient cannot be reached", "Make sure that the recipient ID is valid and that the corresponding profile is not locked."
	case "already_invited_recently":
		p.Title, p.Detail = "Should delay new invitation to this recipient", "An invitation has already been sent recently to this recipient. Please try again later."
	case "cannot_resend_yet":
		p.Title, p.Detail = "Cannot resend yet", "You have reached a temporary provider limit. Please try again later."
	case "invalid_post":
		p.Title, p.Detail = "Invalid post", "Post cannot be found"
	case "too_many_requests":
		p.Title, p.Detail = "Too many requests", "The provider cannot accept any more requests at the moment. Please try again later."
	case "provider_error":
		p.Title, p.Detail = "Provider error", "The provider is experiencing operational problems. Please try again later."
	case "unexpected_error":
		p.Title, p.Detail = "Unexpected error", "Something went wrong."
	case "feature_not_implemented":
		p.Title, p.Detail = "Missing feature", "Requested feature is planned but has not been implemented yet."
	case "no_client_session":
		p.Title, p.Detail = "No client session", "No client session is currently running."
	case "request_timeout":
		p.Title, p.Detail = "Request timed out", "Request Timeout. Please try again, and if the issue persists, contact support."
	default:
		if words := strings.ReplaceAll(name, "_", " "); words != "" {
			p.Title = strings.ToUpper(words[:1]) + words[1:]
		}
	}
	return p
}

// statusOf is the HTTP status of the types that can concern this world; 0 for others.
func statusOf(name string) int {
	switch name {
	case "invalid_parameters", "missing_parameters", "invalid_request", "malformed_request", "content_too_large",
		"too_many_characters", "unescaped_characters", "invalid_url", "limit_too_high":
		return 400
	case "missing_credentials", "invalid_credentials", "expired_credentials", "disconnected_account",
		"disconnected_feature", "multiple_sessions", "wrong_account", "insufficient_privileges", "checkpoint_error":
		return 401
	case "insufficient_permissions", "account_restricted", "account_mismatch", "unknown_authentication_context",
		"session_mismatch", "feature_not_subscribed", "subscription_required", "resource_access_restricted", "action_required":
		return 403
	case "resource_not_found", "invalid_resource_identifier":
		return 404
	case "unsupported_media_type":
		return 415
	case "invalid_account", "invalid_recipient", "no_connection_with_recipient", "blocked_recipient", "user_unreachable",
		"unprocessable_entity", "action_already_performed", "invalid_message", "invalid_post", "not_allowed_inmail",
		"insufficient_credits", "cannot_resend_yet", "cannot_resend_within_24hrs", "limit_exceeded",
		"already_invited_recently", "already_connected", "cannot_invite_attendee", "cant_send_message",
		"comments_disabled", "connection_limit_reached", "payment_error", "provider_unreachable", "unauthorized":
		return 422
	case "too_many_requests":
		return 429
	case "unexpected_error", "provider_error", "authentication_intent_error", "proxy_error":
		return 500
	case "feature_not_implemented":
		return 501
	case "no_client_session", "no_channel", "no_handler", "network_down", "service_unavailable":
		return 503
	case "request_timeout":
		return 504
	default:
		return 0
	}
}

// typeOf is the type that a status most often carries.
func typeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "invalid_parameters"
	case http.StatusUnauthorized:
		return "disconnected_account"
	case http.StatusForbidden:
		return "account_restricted"
	case http.StatusNotFound:
		return "resource_not_found"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusUnprocessableEntity:
		return "unprocessable_entity"
	case http.StatusTooManyRequests:
		return "too_many_requests"
	case http.StatusServiceUnavailable:
		return "no_client_session"
	case http.StatusGatewayTimeout:
		return "request_timeout"
	default:
		return "provider_error"
	}
}

// notFound is a 404 with the vendor's words for what is missing: "Account not found".
func notFound(detail string) *problem {
	p := known("resource_not_found")
	p.Detail = detail
	return p
}

// invalid is a 400 with a plain sentence.
func invalid(detail string) *problem {
	p := known("invalid_parameters")
	p.Detail = detail
	return p
}

// violation is a 400 from the vendor's schema check. Its detail is a dump that
// repeats the offending value, so a client must not log it.
func violation(path, message string, value any) *problem {
	dump, err := json.Marshal(map[string]any{"path": path, "message": message, "value": value})
	if err != nil {
		panic("unipile sandbox: schema dump cannot be encoded: " + err.Error())
	}
	return invalid(string(dump))
}
