package unipile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
)

// webhook is a registration, and the line of deliveries to its address.
type webhook struct {
	id         string
	name       string
	source     string
	events     []string
	url        string
	format     string
	accountIDs []string // empty means all, also future ones
	enabled    bool
	headers    []webhookHeader

	queue   []*delivery
	held    *delivery // kept back for the one behind it, when reordering
	sending bool      // a goroutine is working on the queue
	deleted bool
}

type webhookHeader struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type webhookItem struct {
	Object     string           `json:"object"`
	ID         string           `json:"id"`
	Type       string           `json:"type"`
	AccountIDs []webhookAccount `json:"account_ids"` // objects here, strings when created
	Enabled    bool             `json:"enabled"`
	Name       string           `json:"name,omitempty"`
	RequestURL string           `json:"request_url"`
	Format     string           `json:"format"`
	Headers    []webhookHeader  `json:"headers"`
	Data       []any            `json:"data"`
	Events     []string         `json:"events"`
	Source     string           `json:"source"`
}

type webhookAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// webhookEvents lists the events of a source: those subscribed to by default, and
// those that must be asked for. Other sources of the vendor are not part of this
// world.
func webhookEvents(source string) (usual, more []string) {
	switch source {
	case "messaging":
		return []string{"message_received"},
			[]string{"message_read", "message_reaction", "message_edited", "message_deleted", "message_delivered"}
	case "users":
		return []string{"new_relation"}, nil
	case "account_status":
		return []string{
			"creation_success", "creation_fail", "deleted", "reconnected", "sync_success", "error", "credentials", "permissions",
		}, []string{"connecting", "ok", "stopped"}
	default:
		return nil, nil
	}
}

// createWebhook registers an address for one source of events.
func (s *Server) createWebhook(c *call) (any, error) {
	f, err := c.jsonForm()
	if err != nil {
		return nil, err
	}
	h := &webhook{enabled: true}
	if h.source, err = f.required("source"); err != nil {
		return nil, err
	}
	usual, more := webhookEvents(h.source)
	if usual == nil {
		return nil, violation("/source", "Expected union value", h.source)
	}
	if h.url, err = f.required("request_url"); err != nil {
		return nil, err
	}
	if u, err := url.Parse(h.url); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, known("invalid_url")
	}
	if h.events = f.values["events"]; len(h.events) == 0 {
		h.events = usual
	}
	for i, event := range h.events {
		if !slices.Contains(usual, event) && !slices.Contains(more, event) {
			return nil, violation(fmt.Sprintf("/events/%d", i), "Expected union value", event)
		}
	}
	if h.name, err = f.optional("name"); err != nil {
		return nil, err
	}
	if h.format, err = f.optional("format"); err != nil {
		return nil, err
	}
	if h.format = cmp.Or(h.format, "json"); h.format != "json" && h.format != "form" {
		return nil, violation("/format", "Expected union value", h.format)
	}
	switch v := f.values["enabled"]; {
	case len(v) > 0 && v[0] != "true" && v[0] != "false":
		return nil, violation("/enabled", "Expected boolean", v[0])
	case len(v) > 0:
		h.enabled = v[0] == "true"
	}
	if h.headers, err = f.headers(); err != nil {
		return nil, err
	}
	h.accountIDs = f.values["account_ids"]
	if err := c.enter("", ""); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range h.accountIDs {
		if _, err := s.world.synced(id); err != nil {
			return nil, err
		}
	}
	h.id = s.world.ids.opaque()
	s.webhooks = append(s.webhooks, h)
	return struct {
		object
		WebhookID string `json:"webhook_id"`
	}{object{"WebhookCreated"}, h.id}, nil
}

func (f *form) headers() ([]webhookHeader, error) {
	headers := []webhookHeader{}
	for i, raw := range f.values["headers"] {
		var h webhookHeader
		if json.Unmarshal([]byte(raw), &h) != nil || h.Key == "" {
			return nil, violation(fmt.Sprintf("/headers/%d", i), "Expected object with key and value", raw)
		}
		headers = append(headers, h)
	}
	return headers, nil
}

func (s *Server) listWebhooks(c *call) (any, error) {
	q, err := c.idQuery()
	if err != nil {
		return nil, err
	}
	if err := c.enter("", ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page, next := idPage(s.webhooks, q, func(h *webhook) string { return h.id })
	items := []webhookItem{}
	for _, h := range page {
		accounts := []webhookAccount{}
		for _, id := range h.accountIDs {
			accounts = append(accounts, webhookAccount{ID: id, Name: s.world.account(id).Name, Type: "LINKEDIN"})
		}
		items = append(items, webhookItem{
			Object: "Webhook", ID: h.id, Type: "AUTO", AccountIDs: accounts, Enabled: h.enabled, Name: h.name,
			RequestURL: h.url, Format: h.format, Headers: h.headers, Data: []any{}, Events: h.events, Source: h.source,
		})
	}
	return list{"WebhookList", items, next}, nil
}

func (s *Server) deleteWebhook(c *call) (any, error) {
	if err := c.enter("", ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.webhooks, func(h *webhook) bool { return h.id == c.r.PathValue("id") })
	if i < 0 {
		return nil, notFound("Webhook not found")
	}
	s.webhooks[i].deleted = true
	s.webhooks = slices.Delete(s.webhooks, i, i+1)
	return object{"WebhookDeleted"}, nil
}
