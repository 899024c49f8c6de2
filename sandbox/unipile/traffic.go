package unipile

import (
	"slices"
	"time"
)

// Request is one exchange of the traffic log. It holds no text that people wrote.
type Request struct {
	At        time.Time `json:"at"`
	Method    string    `json:"method"`
	Path      string    `json:"path"` // as sent, without the query
	Operation string    `json:"operation"`
	AccountID string    `json:"account_id"` // empty when the request was refused before it was known
	Status    int       `json:"status"`     // 0 while it is held, and when it was cut
	FaultName string    `json:"fault"`      // id of the fault that struck
}

// SentMessage is a message that a client sent through the API and that was stored,
// whatever the client was told.
type SentMessage struct {
	ID          string
	AccountID   string
	ChatID      string
	RecipientID string // provider id
	Text        string
	At          time.Time
	Via         string // start_chat or send_message
}

// Requests lists the last exchanges, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := make([]Request, len(s.requests))
	for i, r := range s.requests {
		log[i] = *r
	}
	return log
}

// Sent lists all messages that came through the API, in the order stored. What
// personas, [Server.Receive] and [Server.Type] wrote is not among them.
func (s *Server) Sent() []SentMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}
