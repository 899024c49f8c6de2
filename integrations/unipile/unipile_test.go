package unipile_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/integrationstest"
	"github.com/bravorevos/workers/integrations/unipile"
)

const (
	apiKey  = "key-8f2c41"
	account = "Jq3vT0m2QpyXh7KcWz9LrA"
	person  = "ACoAADf2kQkBz1uWm9YtRr0aXeVb5CcPnLh7oJs"
	chat    = "R8hXm0aTUuC3wq9ZsYb1Kg"
	social  = "urn:li:activity:7398114413090816000"
)

func newClient(t *testing.T, handler http.Handler) *unipile.Client {
	t.Helper()
	server := integrationstest.Serve(t, handler)
	client, err := unipile.New(unipile.Config{DSN: server.URL, APIKey: apiKey, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// calls are all calls of the client, each with good arguments.
var calls = map[string]func(context.Context, *unipile.Client) error{
	"get post": func(ctx context.Context, c *unipile.Client) error { _, err := c.Post(ctx, account, social); return err },
	"list comments": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.Comments(ctx, account, social, "")
		return err
	},
	"start chat": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.StartChat(ctx, account, person, message)
		return err
	},
	"send message": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.SendMessage(ctx, account, chat, message)
		return err
	},
	"list messages": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.Messages(ctx, account, time.Time{}, "")
		return err
	},
	"list chat messages": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.ChatMessages(ctx, account, chat, time.Time{}, "")
		return err
	},
	"list chats with": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.ChatsWith(ctx, account, person, "")
		return err
	},
	"reply to comment": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.ReplyToComment(ctx, account, social, comment, message)
		return err
	},
	"list replies": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.Replies(ctx, account, social, comment, "")
		return err
	},
	"invite": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.Invite(ctx, account, person, message)
		return err
	},
	"list relations": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.Relations(ctx, account, "")
		return err
	},
	"get account":   func(ctx context.Context, c *unipile.Client) error { _, err := c.Account(ctx, account); return err },
	"list accounts": func(ctx context.Context, c *unipile.Client) error { _, err := c.Accounts(ctx, ""); return err },
	"get profile": func(ctx context.Context, c *unipile.Client) error {
		_, err := c.Profile(ctx, account, "tomas-arrieta-91b")
		return err
	},
}

const message = "Hi Tomás, where may I send it?"

const comment = "7398120045512634368"

func sends(operation string) bool {
	return slices.Contains([]string{"start chat", "send message", "reply to comment", "invite"}, operation)
}

// Ensure that each call is the documented request.
func TestRequests(t *testing.T) {
	t.Parallel()
	after := time.Date(2026, 11, 23, 10, 0, 0, 5_000_000, time.FixedZone("CET", 3600))
	tests := []struct {
		name string
		call func(context.Context, *unipile.Client) error
		want string // method, escaped path and query, sorted
		form map[string][]string
	}{
		{"get post by link", func(ctx context.Context, c *unipile.Client) error {
			_, err := c.Post(ctx, account, "https://www.linkedin.com/posts/mara_pricing-ugcPost-7398114411123456789-Qx3f?utm_source=share")
			return err
		}, "GET /api/v1/posts/urn:li:ugcPost:7398114411123456789?account_id=" + account, nil},
		{"list comments", calls["list comments"], "GET /api/v1/posts/" + social + "/comments?account_id=" + account + "&limit=100&sort_by=MOST_RECENT", nil},
		{"list comments with cursor", func(ctx context.Context, c *unipile.Client) error {
			_, err := c.Comments(ctx, account, social, "eyJ+/=")
			return err
		}, "GET /api/v1/posts/" + social + "/comments?account_id=" + account + "&cursor=eyJ%2B%2F%3D&limit=100", nil},
		{"list messages", func(ctx context.Context, c *unipile.Client) error {
			_, err := c.Messages(ctx, account, after, "")
			return err
		}, "GET /api/v1/messages?account_id=" + account + "&after=2026-11-23T09%3A00%3A00.005Z&limit=250", nil},
		{"list messages with cursor", func(ctx context.Context, c *unipile.Client) error {
			_, err := c.Messages(ctx, account, after, "abc")
			return err
		}, "GET /api/v1/messages?account_id=" + account + "&cursor=abc&limit=250", nil},
		{"list chat messages", calls["list chat messages"], "GET /api/v1/chats/" + chat + "/messages?account_id=" + account + "&limit=250", nil},
		{"list replies", calls["list replies"], "GET /api/v1/posts/" + social + "/comments?account_id=" + account + "&comment_id=" + comment + "&limit=100", nil},
		{"list relations", calls["list relations"], "GET /api/v1/users/relations?account_id=" + account + "&limit=100", nil},
		{"list chats with", calls["list chats with"], "GET /api/v1/chat_attendees/" + person + "/chats?account_id=" + account + "&limit=250", nil},
		{"get account", calls["get account"], "GET /api/v1/accounts/" + account, nil},
		{"list accounts", calls["list accounts"], "GET /api/v1/accounts?limit=250", nil},
		{"get profile", calls["get profile"], "GET /api/v1/users/tomas-arrieta-91b?account_id=" + account, nil},
		{"escape a segment", func(ctx context.Context, c *unipile.Client) error {
			_, err := c.Profile(ctx, account, "a/b?c#d %")
			return err
		}, "GET /api/v1/users/a%2Fb%3Fc%23d%20%25?account_id=" + account, nil},
		{"start chat", calls["start chat"], "POST /api/v1/chats", map[string][]string{"account_id": {account}, "attendees_ids": {person}, "text": {message}}},
		{"send message", calls["send message"], "POST /api/v1/chats/" + chat + "/messages", map[string][]string{"account_id": {account}, "text": {message}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got string
			var form map[string][]string
			header := http.Header{}
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, header = r.Method+" "+r.URL.RequestURI(), r.Header
				if err := r.ParseMultipartForm(1 << 20); err == nil {
					form = r.MultipartForm.Value
				}
				_, _ = io.WriteString(w, `{"social_id":"urn:li:share:1"}`)
			}))
			if err := tt.call(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("request = %s\n     want %s", got, tt.want)
			}
			if diff := cmp.Diff(tt.form, form); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
			for name, want := range map[string]string{"X-Api-Key": apiKey, "Accept": "application/json", "User-Agent": integrations.UserAgent} {
				if header.Get(name) != want {
					t.Errorf("%s = %q, want %q", name, header.Get(name), want)
				}
			}
		})
	}
}

// Ensure that a missing id is refused before a request reaches another route than
// the one that was meant.
func TestMissingIDs(t *testing.T) {
	t.Parallel()
	client := newClient(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	for name, call := range map[string]func() error{
		"account":       func() error { _, err := client.Messages(t.Context(), "", time.Time{}, ""); return err },
		"account by id": func() error { _, err := client.Account(t.Context(), ""); return err },
		"post":          func() error { _, err := client.Comments(t.Context(), account, "", ""); return err },
		"post link": func() error {
			_, err := client.Post(t.Context(), account, "https://www.linkedin.com/in/mara")
			return err
		},
		"chat":      func() error { _, err := client.SendMessage(t.Context(), account, "..", message); return err },
		"recipient": func() error { _, err := client.StartChat(t.Context(), account, "", message); return err },
		"person":    func() error { _, err := client.Profile(t.Context(), account, "."); return err },
	} {
		failure := integrations.As(call())
		if failure == nil || failure.Kind != integrations.Rejected || failure.Type != string(integrations.CauseInvalidRequest) || failure.OutcomeUnknown {
			t.Errorf("%s: error = %+v, want rejected as invalid_request", name, failure)
		}
	}
}

// Ensure that the server is found in every form that people paste.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"api8.unipile.com:13443", "https://api8.unipile.com:13443/", " http://localhost:3000/api/v1/ "} {
		if _, err := unipile.New(unipile.Config{DSN: dsn, APIKey: apiKey}); err != nil {
			t.Errorf("New(%q): %v", dsn, err)
		}
	}
	for _, cfg := range []unipile.Config{
		{DSN: "api8.unipile.com:13443"},
		{DSN: "api8.unipile.com:13443", APIKey: "two words"},
		{DSN: "", APIKey: apiKey},
		{DSN: "ftp://" + apiKey, APIKey: apiKey},
		{DSN: "https://user:" + apiKey + "@api8.unipile.com", APIKey: apiKey},
		{DSN: "https://%zz" + apiKey, APIKey: apiKey},
	} {
		_, err := unipile.New(cfg)
		if err == nil {
			t.Errorf("New(%+v) succeeded", cfg)
		}
		integrationstest.AssertNoSecret(t, err, apiKey)
	}
}

// Ensure that reads and sends survive every server, that only a send leaves its
// outcome open, and that no error repeats the key, the text or the address. (All
// calls take the same way to the server.)
func TestHostileServers(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"list comments", "start chat"} {
		call := calls[operation]
		for _, hostility := range integrationstest.Hostilities() {
			t.Run(operation+" "+hostility.Name, func(t *testing.T) {
				t.Parallel()
				server := integrationstest.Serve(t, hostility.Handler)
				client, err := unipile.New(unipile.Config{DSN: server.URL, APIKey: apiKey, Timeout: hostility.Patience})
				if err != nil {
					t.Fatal(err)
				}
				err = call(t.Context(), client)
				failure := integrations.As(err)
				if failure == nil {
					t.Fatalf("error = %v, want an integrations.Error", err)
				}
				unknown := sends(operation) && hostility.Cause != integrations.CauseRedirect
				if failure.Kind != integrations.Temporary || failure.Type != string(hostility.Cause) || failure.Operation != operation || failure.OutcomeUnknown != unknown {
					t.Errorf("error = %+v, want temporary %s, outcome unknown %v", failure, hostility.Cause, unknown)
				}
				integrationstest.AssertNoSecret(t, err, apiKey, message, server.URL)
			})
		}
	}
}

// Ensure that a vendor which quotes the whole request does not put it into errors.
func TestErrorsLeakNothing(t *testing.T) {
	t.Parallel()
	for operation, call := range calls {
		for from := 0; from < integrationstest.Quoted; from += integrationstest.QuoteStep {
			err := call(t.Context(), newClient(t, integrationstest.Echo(422, from)))
			if err == nil {
				t.Errorf("%s: status 422 is no error", operation)
			}
			integrationstest.AssertNoSecret(t, err, apiKey, message)
		}
	}
}

// Ensure that a stop of the worker reaches the caller as what it is.
func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	_, err := client.StartChat(ctx, account, person, message)
	if failure := integrations.As(err); !errors.Is(err, context.Canceled) || !failure.OutcomeUnknown {
		t.Errorf("error = %v, want canceled with an unknown outcome", err)
	}
	integrationstest.AssertNoSecret(t, err, apiKey, strings.Fields(message)[1])
}
