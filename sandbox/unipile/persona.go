package unipile

import "time"

// Persona is how a person reacts to being written to.
type Persona struct {
	// Replies are sent one after the other once the first message of an account has
	// arrived, whatever else is written meanwhile.
	Replies []Answer
	// Then is the same for the second message.
	Then []Answer
	// Accepts is how long after an invitation they accept it; zero: never.
	Accepts time.Duration
}

// Answer is one message of a [Persona].
type Answer struct {
	After time.Duration // since the answer before, or since the message that started it
	Text  string
}

// SetPersona gives a person a character. It concerns chats that start afterwards.
func (s *Server) SetPersona(providerID string, p Persona) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.mustPerson(providerID).persona = p
}

// play schedules the answers of a persona, each by the one before. The caller holds
// the lock.
func (s *Server) play(p pair, replies []Answer) {
	if len(replies) == 0 {
		return
	}
	s.later(replies[0].After, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.receive(Inbound{AccountID: p.accountID, PersonID: p.personID, Text: replies[0].Text})
		s.play(p, replies[1:])
	})
}
