package unipile

import "slices"

// messageQuery is what a page of messages is asked by, and the vendor's cursor.
type messageQuery struct {
	AccountID string    `json:"account_id,omitempty"`
	SenderID  string    `json:"sender_id,omitempty"`
	Before    string    `json:"before,omitempty"`
	After     string    `json:"after,omitempty"`
	Limit     int       `json:"limit"`
	Cursor    *position `json:"cursor,omitempty"`
}

func (c *call) messageQuery() (q messageQuery, err error) {
	if found, err := c.cursor(&q); found || err != nil {
		return q, err
	}
	q.AccountID = c.r.URL.Query().Get("account_id")
	q.SenderID = c.r.URL.Query().Get("sender_id")
	if q.Before, err = c.moment("before"); err != nil {
		return q, err
	}
	if q.After, err = c.moment("after"); err != nil {
		return q, err
	}
	q.Limit, err = c.limit(250, 100)
	return q, err
}

// between reports whether the formatted time lies between two exclusive bounds, of
// which either may be empty. The vendor's form of times sorts as text.
func between(at, after, before string) bool {
	return (after == "" || at > after) && (before == "" || at < before)
}

// messagePage filters messages and cuts the page that q asks for.
func (s *Server) messagePage(q messageQuery, candidates []*message) (any, error) {
	var found []*message
	for _, m := range candidates {
		sentBy := q.SenderID == "" || q.SenderID == m.senderID ||
			q.SenderID == s.world.attendeeOf[pair{m.chat.accountID, m.senderID}].id
		if sentBy && s.visible(m) && between(formatTime(m.at), q.After, q.Before) {
			found = append(found, m)
		}
	}
	page, next, err := newestPage(found, q.Limit, q.Cursor, func(m *message) place { return place{m.id, m.at, m.seq} })
	if err != nil {
		return nil, err
	}
	items := []messageItem{}
	for _, m := range page {
		items = append(items, s.world.messageItem(m))
	}
	answer := list{Object: "MessageList", Items: items}
	if next != nil {
		q.Cursor = next
		answer.Cursor = encodeCursor(q)
	}
	return answer, nil
}

// listMessages reads all chats of one, several or all accounts.
func (s *Server) listMessages(c *call) (any, error) {
	q, err := c.messageQuery()
	if err != nil {
		return nil, err
	}
	if err := c.enter(q.AccountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	accounts, err := s.world.accountsOf(q.AccountID, "Account or sender not found")
	if err != nil {
		return nil, err
	}
	if q.SenderID != "" && len(s.find(q.SenderID, accounts)) == 0 {
		return nil, notFound("Account or sender not found")
	}
	return s.messagePage(q, s.world.messagesIn(func(c *chat) bool { return within(accounts, c.accountID) }))
}

// chatMessages reads one chat.
func (s *Server) chatMessages(c *call) (any, error) {
	q, err := c.messageQuery()
	if err != nil {
		return nil, err
	}
	found := s.chat(c.r.PathValue("id"), q.AccountID)
	if err := c.enterChat(found, q.AccountID); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found == nil || !s.shown(found) {
		return nil, notFound("Chat not found")
	}
	return s.messagePage(q, slices.Clone(found.messages))
}

// messagesWith reads the chats with a person: both directions, since the vendor does
// not say that own messages are left out.
func (s *Server) messagesWith(c *call) (any, error) {
	q, err := c.messageQuery()
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	if err := c.enter(q.AccountID, s.personOf(id)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	with, err := s.involving(id, q.AccountID)
	if err != nil {
		return nil, err
	}
	return s.messagePage(q, s.world.messagesIn(with))
}

func (s *Server) getMessage(c *call) (any, error) {
	s.mu.Lock()
	m := s.world.messages[c.r.PathValue("id")]
	s.mu.Unlock()
	var in *chat
	if m != nil {
		in = m.chat
	}
	if err := c.enterChat(in, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m == nil || !s.visible(m) {
		return nil, notFound("Message not found")
	}
	return s.world.messageItem(m), nil
}

// messagesIn collects the messages of the chats that match.
func (w *world) messagesIn(match func(*chat) bool) []*message {
	var found []*message
	for _, c := range w.chats {
		if match(c) {
			found = append(found, c.messages...)
		}
	}
	return found
}
