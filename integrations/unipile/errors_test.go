package unipile_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/integrations"
)

// verdict is what a refusal must mean. Unknown is for sends only.
type verdict struct {
	Kind    integrations.Kind
	Scope   integrations.Scope
	Unknown bool
}

var (
	badRequest   = verdict{integrations.Rejected, integrations.ScopeTarget, false}
	wrongKey     = verdict{integrations.Denied, integrations.ScopeService, false}
	badAccount   = verdict{integrations.Denied, integrations.ScopeAccount, false}
	quota        = verdict{integrations.Limited, integrations.ScopeAccount, false}
	later        = verdict{integrations.Temporary, integrations.ScopeTarget, false}
	laterAccount = verdict{integrations.Temporary, integrations.ScopeAccount, false}
	perhapsDone  = verdict{integrations.Temporary, integrations.ScopeTarget, true}
)

// problems is every type that the vendor documents, by status and verdict.
var problems = []struct {
	status int
	want   verdict
	types  string
}{
	{400, badRequest, "invalid_parameters missing_parameters invalid_request malformed_request content_too_large too_many_characters unescaped_characters invalid_url limit_too_high invalid_action invalid_label"},
	{401, wrongKey, "missing_credentials"},
	{401, badAccount, "invalid_credentials expired_credentials disconnected_account disconnected_feature multiple_sessions wrong_account insufficient_privileges checkpoint_error invalid_checkpoint_solution captcha_not_supported expired_link invalid_credentials_but_valid_account_imap invalid_proxy_credentials invalid_imap_configuration invalid_smtp_configuration"},
	{403, badAccount, "insufficient_permissions account_restricted account_mismatch unknown_authentication_context session_mismatch feature_not_subscribed subscription_required action_required"},
	{403, badRequest, "resource_access_restricted"},
	{404, badRequest, "resource_not_found invalid_resource_identifier"},
	{415, badRequest, "unsupported_media_type"},
	{422, badRequest, "invalid_recipient no_connection_with_recipient blocked_recipient user_unreachable unprocessable_entity action_already_performed invalid_message not_allowed_inmail already_invited_recently already_connected cannot_invite_attendee cant_send_message comments_disabled insufficient_job_slot invalid_thread parent_mail_not_found invalid_reply_subject invalid_headers send_as_denied invalid_folder sender_rejected recipient_rejected ip_rejected_by_server limit_too_high"},
	{422, badAccount, "invalid_account account_configuration_error unauthorized payment_error"},
	{422, quota, "cannot_resend_yet limit_exceeded connection_limit_reached insufficient_credits"},
	{422, verdict{integrations.Limited, integrations.ScopeTarget, false}, "cannot_resend_within_24hrs"},
	{422, later, "invalid_post"},
	{422, laterAccount, "realtime_client_not_initialized provider_unreachable"},
	{429, quota, "too_many_requests"},
	{500, perhapsDone, "unexpected_error provider_error authentication_intent_error proxy_error"},
	{501, badRequest, "feature_not_implemented"},
	{503, later, "no_client_session no_channel no_handler network_down service_unavailable"},
	{504, perhapsDone, "request_timeout"},
	// Types that do not exist yet fall back on the status.
	{400, badRequest, "brand_new"},
	{401, badAccount, "brand_new"},
	{403, badAccount, "brand_new"},
	{404, badRequest, "brand_new"},
	{409, later, "brand_new"},
	{422, badRequest, "brand_new"},
	{429, quota, "brand_new"},
	{500, perhapsDone, "brand_new"},
	{503, later, "brand_new"},
}

// Ensure that every documented refusal means the right thing, for a send and for a read.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range problems {
		for name := range strings.FieldsSeq(tt.types) {
			t.Run(fmt.Sprintf("%d %s", tt.status, name), func(t *testing.T) {
				t.Parallel()
				body := fmt.Sprintf(`{"status":%d,"type":"errors/%s","title":"A title","detail":"Some detail."}`, tt.status, name)
				assertVerdict(t, answer(tt.status, body), tt.status, tt.want, "errors/"+name, "A title")
			})
		}
	}
}

// Ensure that what is not the vendor's own refusal condemns neither the person nor
// the account, whoever answered.
func TestForeignRefusals(t *testing.T) {
	t.Parallel()
	for body, name := range map[string]string{
		"":                              "nothing",
		"null":                          "null",
		"[1]":                           "an array",
		`{"type":["errors/x"]}`:         "a type that is no string",
		`{"type":"https://x/y?z=1"}`:    "a type of another form",
		"<html>Just a moment...</html>": "a page of a proxy",
		`{"message":"Cannot POST /api/v1/chats","error":"Not Found","statusCode":404}`: "the router",
	} {
		for status, want := range map[int]verdict{
			302: later, 400: later, 403: later, 404: later, 405: later, 408: later, 413: later, 422: later,
			401: wrongKey, 429: quota,
			500: perhapsDone, 501: perhapsDone, 502: perhapsDone, 503: perhapsDone, 504: perhapsDone, 520: perhapsDone, 599: perhapsDone,
		} {
			t.Run(fmt.Sprintf("%d %s", status, name), func(t *testing.T) {
				t.Parallel()
				wantType := ""
				if status == 302 {
					wantType = string(integrations.CauseRedirect)
				}
				assertVerdict(t, answer(status, body), status, want, wantType, "")
			})
		}
	}
}

func assertVerdict(t *testing.T, handler http.Handler, status int, want verdict, wantType, wantDetail string) {
	t.Helper()
	client := newClient(t, handler)
	for _, operation := range []string{"start chat", "send message", "reply to comment", "invite", "list comments", "list chats with"} {
		got := integrations.As(calls[operation](t.Context(), client))
		expected := &integrations.Error{
			Service: "unipile", Operation: operation, AccountID: account,
			Kind: want.Kind, Scope: want.Scope, Status: status, Type: wantType, Detail: wantDetail,
			OutcomeUnknown: want.Unknown && sends(operation),
		}
		if want.Kind == integrations.Limited {
			expected.RetryAfter = time.Hour
			if status != 429 { // LinkedIn's own quotas are daily and weekly
				expected.RetryAfter = 6 * time.Hour
			}
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", operation, diff)
		}
	}
}

// Ensure that the 404s which look alike are told apart by their detail.
func TestNotFound(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]verdict{
		"Account not found":           badAccount,
		"Account or sender not found": badAccount,
		"Post not found":              badRequest,
		"Account, chat, thread or provider resource not found": badRequest,
		"": badRequest,
	} {
		body := fmt.Sprintf(`{"status":404,"type":"errors/resource_not_found","title":"Resource not found.","detail":%q}`, detail)
		assertVerdict(t, answer(404, body), 404, want, "errors/resource_not_found", "Resource not found.")
	}
}

// Ensure that a person who was never synchronised has no chats, and that on other
// routes the same words stay an error.
func TestAttendeeNotFound(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(404, `{"status":404,"type":"errors/resource_not_found","title":"Resource not found.","detail":"Attendee not found"}`))
	page, err := client.ChatsWith(t.Context(), account, person, "")
	if err != nil || len(page.Chats) != 0 || page.Next != "" {
		t.Errorf("ChatsWith = %+v, %v; want an empty page", page, err)
	}
	if _, err := client.SendMessage(t.Context(), account, chat, message); integrations.As(err) == nil {
		t.Errorf("SendMessage: error = %v, want a refusal", err)
	}
}

// Ensure that a wait that the server names wins over our own.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"type":"errors/too_many_requests","title":"Too many requests"}`)
	}))
	_, err := client.Comments(t.Context(), account, social, "")
	if got := integrations.As(err).RetryAfter; got != 90*time.Second {
		t.Errorf("RetryAfter = %v, want 90s", got)
	}
}
