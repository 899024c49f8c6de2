package unipile

import (
	"cmp"
	"time"
)

// Inbound is a message from a person, as [Server.ReceiveMessage] takes it.
type Inbound struct {
	AccountID, PersonID string
	Text                string
	At                  time.Time // now when zero
	Quotes              string    // id of a message of the chat that this one quotes
	Attachment          bool      // a file; without Text the text is null then
	Event               bool      // a system line such as a reaction, without text
}

type message struct {
	id, providerID string
	chat           *chat
	senderID       string // provider id
	text           string
	at             time.Time
	seq            int
	kind           string // MESSAGE or INVITATION
	quotes         *message
	attachment     bool
	event          bool
	syncedAt       time.Time // when the vendor got it; zero while the account is not connected
}

// own reports whether the account's owner wrote the message.
func (m *message) own() bool { return m.senderID != m.chat.personID }

// Receive lets a person write to an account and returns the message's id.
func (s *Server) Receive(accountID, personID, text string) string {
	return s.ReceiveMessage(Inbound{AccountID: accountID, PersonID: personID, Text: text})
}

// ReceiveMessage is [Server.Receive] for the less usual messages.
func (s *Server) ReceiveMessage(in Inbound) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receive(in).id
}

func (s *Server) receive(in Inbound) *message {
	w := s.world
	w.mustAccount(in.AccountID)
	w.mustPerson(in.PersonID)
	return s.store(&message{
		chat: w.chatWith(pair{in.AccountID, in.PersonID}, s.now()), senderID: in.PersonID, text: in.Text,
		at: in.At, quotes: w.messages[in.Quotes], attachment: in.Attachment, event: in.Event,
	})
}

// Type lets the account's owner write to a person in LinkedIn himself.
func (s *Server) Type(accountID, personID, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.world.mustAccount(accountID)
	s.world.mustPerson(personID)
	s.store(&message{chat: s.world.chatWith(pair{accountID, personID}, s.now()), senderID: a.ProviderID, text: text})
}

// store puts a message into its chat and lets the world react to it: the vendor's
// webhooks, and the persona of who was written to.
func (s *Server) store(m *message) *message {
	w := s.world
	if m.at.IsZero() {
		m.at = s.now()
	}
	m.at = m.at.UTC().Truncate(time.Millisecond)
	m.id, m.providerID, m.seq, m.kind = w.ids.opaque(), w.ids.provider(), w.next(), cmp.Or(m.kind, "MESSAGE")
	written := len(m.chat.messages) - m.chat.received()
	m.chat.messages = append(m.chat.messages, m)
	w.messages[m.id] = m

	if a := w.account(m.chat.accountID); a.Status == "OK" {
		m.syncedAt = s.real()
		s.publishMessage(m)
	} else {
		a.missed = append(a.missed, m)
	}
	if persona := w.people[m.chat.personID].persona; m.own() {
		switch written {
		case 0:
			s.play(m.chat.pair, persona.Replies)
		case 1:
			s.play(m.chat.pair, persona.Then)
		}
	}
	return m
}

// visible reports whether reads show the message yet.
func (s *Server) visible(m *message) bool {
	return !m.syncedAt.IsZero() && !s.real().Before(m.syncedAt.Add(s.opts.ReadLag))
}

func (w *world) messageItem(m *message) messageItem {
	a := w.account(m.chat.accountID)
	sender := w.people[m.senderID]
	item := messageItem{
		Object: "Message", ID: m.id, AccountID: a.ID, ChatID: m.chat.id, ChatProviderID: m.chat.providerID,
		ProviderID: m.providerID, SenderID: m.senderID, SenderAttendeeID: w.attendeeOf[pair{m.chat.accountID, m.senderID}].id,
		Text: nullable(m.text), Timestamp: formatTime(m.at), IsSender: flag(m.own()), SeenBy: map[string]string{},
		Delivered: 1, IsEvent: flag(m.event), Original: `{"entityUrn":"` + m.providerID + `"}`,
		MessageType: m.kind, AttendeeType: "MEMBER", AttendeeDistance: cmp.Or(w.distance(m.chat.pair), 1),
		SenderURN:   "urn:li:fsd_profile:" + m.senderID,
		Attachments: []attachment{}, Reactions: []any{},
	}
	if sender.Company {
		item.AttendeeType = "ORGANIZATION"
	}
	if m.event {
		item.EventType = new(1)
	}
	if m.attachment {
		item.Attachments = append(item.Attachments, attachment{
			ID: "a" + m.id[1:], Type: "file", MIMEType: "application/pdf", FileName: "document.pdf",
		})
	}
	if q := m.quotes; q != nil {
		item.Quoted = &quotedItem{ProviderID: q.providerID, SenderID: q.senderID, Text: nullable(q.text), Attachments: []any{}}
	}
	return item
}

// flag is a boolean in the vendor's REST answers.
func flag(v bool) int {
	if v {
		return 1
	}
	return 0
}
