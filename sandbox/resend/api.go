package resend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// sendEmail answers POST /emails.
func (s *Server) sendEmail(r *http.Request, body []byte) (func() answer, *apiError) {
	var m message
	if err := decode(body, &m); err != nil {
		return nil, err
	}
	if err := m.check(s.options.Domains); err != nil {
		return nil, err
	}
	return func() answer { return answer{body: map[string]string{"id": s.store(m, r)}} }, nil
}

// sendBatch answers POST /emails/batch: all emails or none, unless the caller
// asks for the valid ones with "x-batch-validation: permissive".
func (s *Server) sendBatch(r *http.Request, body []byte) (func() answer, *apiError) {
	var batch []message
	if err := decode(body, &batch); err != nil {
		return nil, err
	}
	if len(batch) == 0 || len(batch) > 100 {
		return nil, errInvalid("The batch must hold between 1 and 100 emails.")
	}
	type invalid struct {
		Index   int    `json:"index"`
		Message string `json:"message"`
	}
	var refused []invalid
	var valid []message
	for i, m := range batch {
		err := m.check(s.options.Domains)
		if err != nil && r.Header.Get("X-Batch-Validation") != "permissive" {
			return nil, err
		}
		if err != nil {
			refused = append(refused, invalid{i, err.Message})
			continue
		}
		valid = append(valid, m)
	}
	return func() answer {
		ids := []map[string]string{}
		for _, m := range valid {
			ids = append(ids, map[string]string{"id": s.store(m, r)})
		}
		sent := map[string]any{"data": ids}
		if refused != nil {
			sent["errors"] = refused
		}
		return answer{body: sent}
	}, nil
}

// store keeps one email and returns its id.
func (s *Server) store(m message, r *http.Request) string {
	e := Email{
		ID:             uuid.NewString(),
		At:             s.options.Now(),
		From:           m.From,
		To:             m.To,
		Cc:             m.Cc,
		Bcc:            m.Bcc,
		ReplyTo:        m.ReplyTo,
		Subject:        m.Subject,
		HTML:           m.HTML,
		Text:           m.Text,
		Headers:        m.Headers,
		ScheduledAt:    m.ScheduledAt,
		IdempotencyKey: r.Header.Get("Idempotency-Key"),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emails = keep(s.emails, e)
	return e.ID
}

// getEmail answers GET /emails/{id}.
// https://resend.com/docs/api-reference/emails/retrieve-email
func (s *Server) getEmail(r *http.Request, _ []byte) (func() answer, *apiError) {
	e, ok := s.find(r.PathValue("id"))
	if !ok {
		return nil, errNoSuchEmail
	}
	return func() answer {
		return answer{body: map[string]any{
			"object":       "email",
			"id":           e.ID,
			"message_id":   fmt.Sprintf("<%s@email.amazonses.com>", e.ID),
			"created_at":   timestamp(e.At),
			"from":         e.From,
			"to":           e.To,
			"cc":           e.Cc,
			"bcc":          e.Bcc,
			"reply_to":     e.ReplyTo,
			"subject":      e.Subject,
			"html":         orNull(e.HTML),
			"text":         orNull(e.Text),
			"scheduled_at": orNull(e.ScheduledAt),
			"last_event":   "delivered",
		}}
	}, nil
}

func (s *Server) find(id string) (Email, bool) {
	for _, e := range s.Emails() {
		if e.ID == id {
			return e, true
		}
	}
	return Email{}, false
}

// listDomains answers GET /domains. Without domains of its own the pretend
// team owns bravorevos.com.
func (s *Server) listDomains(*http.Request, []byte) (func() answer, *apiError) {
	names := s.options.Domains
	if len(names) == 0 {
		names = []string{"bravorevos.com"}
	}
	var domains []map[string]any
	for _, name := range names {
		domains = append(domains, map[string]any{
			"id":           uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name)).String(),
			"name":         name,
			"status":       "verified",
			"created_at":   timestamp(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)),
			"region":       "eu-west-1",
			"capabilities": map[string]string{"sending": "enabled", "receiving": "disabled"},
		})
	}
	return func() answer {
		return answer{body: map[string]any{"object": "list", "has_more": false, "data": domains}}
	}, nil
}

func decode(body []byte, v any) *apiError {
	if err := json.Unmarshal(body, v); err != nil {
		return &apiError{http.StatusBadRequest, "validation_error", "The request body is not valid JSON for this endpoint."}
	}
	return nil
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000+00") }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
