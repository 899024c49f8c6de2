// Package resend sends email through Resend.
//
// It stands on the vendor's SDK, which loses the status of a refusal; a transport
// of our own below it records what the SDK drops. The package must not render
// messages, and it never repeats an address in an error.
//
// https://resend.com/docs/api-reference/introduction
package resend

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/resend/resend-go/v2"

	"github.com/bravorevos/workers/integrations"
)

// service names Resend in errors and metrics.
const service = "resend"

// DefaultBaseURL is the production API.
const DefaultBaseURL = "https://api.resend.com/"

// Config is what a client needs. APIKey is required.
type Config struct {
	// APIKey may be restricted to sending.
	APIKey string
	// BaseURL is for a sandbox; empty means DefaultBaseURL.
	BaseURL string
	// Timeout of one whole exchange; 0 means 20 s.
	Timeout time.Duration
	// HTTPClient is optional. It is copied; redirects are never followed.
	HTTPClient *http.Client
	// Observe is told of each exchange; optional.
	Observe integrations.Observer
}

// Client sends email. It may be used from many goroutines.
type Client struct {
	sdk    *sdk.Client
	apiKey string
}

// New checks the configuration; it makes no call.
func New(cfg Config) (*Client, error) {
	key := strings.TrimSpace(cfg.APIKey)
	if key == "" {
		return nil, errors.New("resend: api key is empty")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("resend: api key holds a blank or a control character")
	}
	base, err := baseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	client := sdk.NewCustomClient(integrations.NoRedirects(&http.Client{
		Transport: &recorder{client: integrations.Client{
			Service: service,
			HTTP:    integrations.NoRedirects(cfg.HTTPClient),
			Timeout: cfg.Timeout,
			Observe: cfg.Observe,
		}},
	}), key)
	client.BaseURL = base // always: the SDK would take another from the environment
	client.UserAgent = integrations.UserAgent
	return &Client{sdk: client, apiKey: key}, nil
}

func baseURL(raw string) (*url.URL, error) {
	if raw == "" {
		raw = DefaultBaseURL
	}
	// Paths are resolved against it, so that it must end with a slash.
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(raw), "/") + "/")
	if err != nil || u.Hostname() == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("resend: base url must be an http or https address without a user")
	}
	return u, nil
}

// Email is one message to one person.
type Email struct {
	From    string // "Name <address>"; its domain must be verified
	To      string
	Subject string
	HTML    string
	Text    string
	Headers map[string]string
	// IdempotencyKey makes a repetition within 24 h answer with the first id, and
	// send nothing; 1 to 256 characters.
	// https://resend.com/docs/dashboard/emails/idempotency-keys
	IdempotencyKey string
}

// Send hands an email over and returns Resend's id of it. Its errors are
// [integrations.Error]; one with OutcomeUnknown may be repeated under the same
// idempotency key.
func (c *Client) Send(ctx context.Context, email Email) (id string, err error) {
	record := &record{operation: "send email"}
	sent, err := c.sdk.Emails.SendWithOptions(record.within(ctx), &sdk.SendEmailRequest{
		From:    email.From,
		To:      []string{email.To},
		Subject: email.Subject,
		Html:    email.HTML,
		Text:    email.Text,
		Headers: email.Headers,
	}, &sdk.SendEmailOptions{IdempotencyKey: email.IdempotencyKey})
	if err == nil && sent.Id != "" {
		return sent.Id, nil
	}
	failure := record.failure(err, time.Now(), c.apiKey, email.Subject, email.HTML, email.Text)
	switch {
	case failure.Status/100 == 2, failure.Status >= 500, failure.Status == http.StatusRequestTimeout,
		failure.Type == typeConcurrent: // another request with this key is under way, and may yet go through
		failure.OutcomeUnknown = true
	}
	return "", failure
}

// Check tells whether the key is accepted. It sends nothing: it lists the domains,
// which a key restricted to sending may not do, and is told so.
func (c *Client) Check(ctx context.Context) error {
	record := &record{operation: "check key"}
	_, err := c.sdk.Domains.ListWithContext(record.within(ctx))
	if err == nil {
		return nil
	}
	failure := record.failure(err, time.Now(), c.apiKey)
	if failure.Type == "restricted_api_key" {
		return nil
	}
	return failure
}
