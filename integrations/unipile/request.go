package unipile

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// apiCall is one request of the API.
type apiCall struct {
	operation string
	account   string   // required unless anyAccount
	path      []string // segments, unescaped
	query     url.Values
	form      []field // makes it a POST in multipart
	body      any     // makes it a POST in JSON
	secret    string  // what an answer might quote of the request
	// anyAccount marks the calls that concern no account.
	anyAccount bool
}

type field struct{ name, value string }

func (call apiCall) sends() bool { return call.form != nil || call.body != nil }

// fault is a failure that we found ourselves.
func (call apiCall) fault(cause integrations.Cause) *integrations.Error {
	return &integrations.Error{
		Service:   service,
		Operation: call.operation,
		AccountID: call.account,
		Type:      string(cause),
	}
}

func (c *Client) request(call apiCall) (*http.Request, error) {
	address := c.base
	for _, segment := range call.path {
		// An empty or dotted segment would reach another route than the one meant.
		if strings.Trim(segment, ".") == "" {
			return nil, call.invalid("an id is missing")
		}
		address += "/" + url.PathEscape(segment)
	}
	if call.account == "" && !call.anyAccount {
		return nil, call.invalid("the account id is missing")
	}
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}

	method, body, contentType := http.MethodGet, io.Reader(nil), ""
	if call.sends() {
		method = http.MethodPost
		var err error
		if body, contentType, err = call.encode(); err != nil {
			return nil, call.invalid("it cannot be encoded")
		}
	}
	req, err := http.NewRequest(method, address, body) //nolint:noctx // the shared client gives it the caller's
	if err != nil {
		return nil, call.invalid("an id cannot be part of a URL")
	}
	req.Header.Set("X-API-KEY", c.apiKey)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", integrations.UserAgent)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

func (call apiCall) invalid(detail string) error {
	failure := call.fault(integrations.CauseInvalidRequest)
	failure.Kind, failure.Detail = integrations.Rejected, detail
	return failure
}

// encode writes what the documents ask for: multipart for messages, which may carry
// files, JSON for the rest.
func (call apiCall) encode() (body io.Reader, contentType string, err error) {
	var b bytes.Buffer
	if call.body != nil {
		err := json.NewEncoder(&b).Encode(call.body)
		return &b, "application/json", err
	}
	w := multipart.NewWriter(&b)
	for _, f := range call.form {
		_ = w.WriteField(f.name, f.value) // a Buffer never fails
	}
	_ = w.Close()
	return &b, w.FormDataContentType(), nil
}

// list is the query of a page. With a cursor nothing but the account and the
// limit is repeated: the cursor holds the filters, and it wins over the query.
func list(accountID, cursor, limit string, filters url.Values) url.Values {
	query := url.Values{}
	if cursor == "" {
		maps.Copy(query, filters)
	} else {
		query.Set("cursor", cursor)
	}
	if accountID != "" {
		query.Set("account_id", accountID)
	}
	query.Set("limit", limit)
	return query
}

// timestamp is the one format that the date filters accept: three digits of
// milliseconds and Z.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
