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
	Cut       bool      `json:"cut"`        // it ended without an answer: a fault cut it, or its client left while it was held
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

// PublicReply is a reply that an account wrote under somebody's comment.
type PublicReply struct {
	CommentID string // that it answers
	ToID      string // who wrote that, by provider id
	Text      string
}

// PublicReplies lists the replies of an account under the comments of others.
func (s *Server) PublicReplies(accountID string) (replies []PublicReply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.world.mustAccount(accountID).ProviderID
	for _, c := range s.world.comments {
		if parent := s.world.comments[c.ParentID]; parent != nil && c.AuthorID == own {
			replies = append(replies, PublicReply{CommentID: parent.ID, ToID: parent.AuthorID, Text: c.Text})
		}
	}
	return replies
}

// Invitation is one that came through the API.
type Invitation struct {
	AccountID, PersonID, Note string
	State                     string // pending, accepted or withdrawn
}

// Invitations lists all that were sent, in order.
func (s *Server) Invitations() []Invitation {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Invitation, len(s.world.invitations))
	for i, sent := range s.world.invitations {
		all[i] = Invitation{AccountID: sent.accountID, PersonID: sent.personID, Note: sent.note, State: sent.state}
	}
	return all
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
