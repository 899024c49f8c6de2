// Package unipile speaks version 1 of the Unipile API: posts and comments,
// chats and messages, accounts and people of LinkedIn.
//
// Every refusal becomes an [integrations.Error] by the table in errors.go. The
// package must not retry, wait, or decide whom to write to. It believes nothing of
// what it reads: a field of the wrong type is empty, an item without an id is
// dropped, and unknown fields are ignored, since the vendor's answers differ from
// its documents.
//
// https://developer.unipile.com/v1.0/reference
package unipile

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// service names Unipile in errors and metrics.
const service = "unipile"

// Config is what a client needs. DSN and APIKey are required.
type Config struct {
	// DSN is the server from the dashboard, "api8.unipile.com:13443"; a scheme and
	// a trailing slash are tolerated. Plain http:// is meant for a sandbox.
	DSN string
	// APIKey is the access token; it covers every linked account of the workspace.
	APIKey string
	// Timeout of one whole exchange; 0 means 20 s.
	Timeout time.Duration
	// HTTPClient is optional. It is copied; redirects are never followed. Without it
	// nothing is delivered later than one and a half Timeouts after an exchange began.
	HTTPClient *http.Client
	// Observe is told of each exchange; optional.
	Observe integrations.Observer
	// PauseLimited is the wait that a refusal for quota asks for when the vendor
	// names none, which version 1 never does; 0 means 1 h. LinkedIn's limits are
	// daily and weekly: https://developer.unipile.com/docs/provider-limits-and-restrictions
	PauseLimited time.Duration
}

// Client calls one Unipile workspace. It may be used from many goroutines.
type Client struct {
	http    integrations.Client
	base    string // https://host:port/api/v1
	apiKey  string
	limited time.Duration
	clock   clock
}

// New checks the configuration; it makes no call.
func New(cfg Config) (*Client, error) {
	key := strings.TrimSpace(cfg.APIKey)
	if key == "" {
		return nil, errors.New("unipile: api key is empty")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("unipile: api key holds a blank or a control character")
	}
	base, err := baseURL(cfg.DSN)
	if err != nil {
		return nil, err
	}
	timeout := cmp.Or(cfg.Timeout, integrations.DefaultTimeout)
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Transport: newTransport(timeout / 2)}
	}
	return &Client{
		http: integrations.Client{
			Service: service,
			HTTP:    integrations.NoRedirects(cfg.HTTPClient),
			Timeout: timeout,
			Observe: cfg.Observe,
		},
		base:    base,
		apiKey:  key,
		limited: cmp.Or(cfg.PauseLimited, time.Hour),
	}, nil
}

func baseURL(dsn string) (string, error) {
	dsn = strings.TrimRight(strings.TrimSpace(dsn), "/")
	if dsn != "" && !strings.Contains(dsn, "://") {
		dsn = "https://" + dsn
	}
	u, err := url.Parse(dsn)
	// The parser's own error would repeat the value, which may hold a pasted key.
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", errors.New("unipile: dsn must be host:port as the dashboard shows it, such as api8.unipile.com:13443")
	}
	return strings.TrimSuffix(dsn, "/api/v1") + "/api/v1", nil
}

// do performs the call and decodes a 2xx answer into "into".
func (c *Client) do(ctx context.Context, call apiCall, into any) error {
	req, err := c.request(call)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(ctx, call.operation, req)
	c.clock.look(answer.Header)
	if err != nil {
		failure := integrations.As(err)
		failure.AccountID = call.account
		// A read changes nothing, so that there is no outcome to wonder about.
		failure.OutcomeUnknown = failure.OutcomeUnknown && call.sends()
		return failure
	}
	if !answer.OK() {
		return c.refusal(call, answer)
	}
	if len(bytes.TrimSpace(answer.Body)) == 0 && call.sends() {
		return nil // accepted, without telling the ids
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		failure := call.fault(integrations.CauseBadAnswer)
		failure.Status = answer.Status
		failure.OutcomeUnknown = call.sends()
		return failure
	}
	return nil
}
