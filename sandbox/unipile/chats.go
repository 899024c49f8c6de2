package unipile

import (
	"slices"
	"time"
)

// chat is the 1:1 between an account and a person. Its id, pair and creation never
// change, so they may be read without the lock.
type chat struct {
	pair
	id, providerID string
	createdAt      time.Time
	seq            int
	messages       []*message // as they came
}

// received is how many messages the person wrote.
func (c *chat) received() (n int) {
	for _, m := range c.messages {
		if !m.own() {
			n++
		}
	}
	return n
}

// answered reports whether the person has ever written here.
func (c *chat) answered() bool {
	return slices.ContainsFunc(c.messages, func(m *message) bool { return !m.own() })
}

// chatWith finds or opens the 1:1 of a pair; both become attendees.
func (w *world) chatWith(p pair, now time.Time) *chat {
	if c := w.chatsByPair[p]; c != nil {
		return c
	}
	w.meet(p.accountID, p.personID)
	c := &chat{pair: p, id: w.ids.opaque(), providerID: w.ids.provider(), createdAt: now, seq: w.next()}
	w.chats, w.chatsByPair[p] = append(w.chats, c), c
	return c
}

// chat finds a chat by Unipile's id, or by LinkedIn's together with an account.
func (s *Server) chat(id, accountID string) *chat {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.world.chats, func(c *chat) bool {
		return c.id == id || (c.providerID == id && c.accountID == accountID)
	})
	if i < 0 {
		return nil
	}
	return s.world.chats[i]
}

// enterChat is enter for requests that name a chat, which may be nil.
func (c *call) enterChat(found *chat, accountID string) error {
	if found == nil {
		return c.enter(accountID, "")
	}
	return c.enter(found.accountID, found.personID)
}

// shown reports whether reads show the chat: its first message brings it in.
func (s *Server) shown(c *chat) bool { return slices.ContainsFunc(c.messages, s.visible) }

// newest is the visible message that came last.
func (s *Server) newest(c *chat) *message {
	var last *message
	for _, m := range c.messages {
		if s.visible(m) && (last == nil || !m.at.Before(last.at)) {
			last = m
		}
	}
	return last
}

// unread counts the visible messages since the owner last wrote.
func (s *Server) unread(c *chat) int {
	n := 0
	for _, m := range c.messages {
		if m.own() {
			n = 0
		} else if s.visible(m) && !m.event {
			n++
		}
	}
	return n
}

func (s *Server) chatItem(c *chat) chatItem {
	unread := s.unread(c)
	return chatItem{
		Object: "Chat", ID: c.id, AccountID: c.accountID, AccountType: "LINKEDIN", ProviderID: c.providerID,
		AttendeeProviderID: c.personID, Timestamp: formatTime(s.newest(c).at),
		UnreadCount: unread, Unread: flag(unread > 0), DisabledFeatures: []string{},
		Folder: []string{"INBOX", "INBOX_LINKEDIN_CLASSIC"},
	}
}

// chatQuery is what a page of chats is asked by, and the vendor's cursor.
type chatQuery struct {
	AccountID   string    `json:"account_id,omitempty"`
	AccountType string    `json:"account_type,omitempty"`
	Unread      string    `json:"unread,omitempty"`
	Before      string    `json:"before,omitempty"`
	After       string    `json:"after,omitempty"`
	Limit       int       `json:"limit"`
	Cursor      *position `json:"cursor,omitempty"`
}

func (c *call) chatQuery() (q chatQuery, err error) {
	if found, err := c.cursor(&q); found || err != nil {
		return q, err
	}
	q.AccountID = c.r.URL.Query().Get("account_id")
	if q.AccountType, err = c.oneOf("account_type", "LINKEDIN", "WHATSAPP", "INSTAGRAM", "MESSENGER", "TELEGRAM", "TWITTER", "SLACK", "MOBILE"); err != nil {
		return q, err
	}
	if q.Unread, err = c.oneOf("unread", "true", "false"); err != nil {
		return q, err
	}
	if q.Before, err = c.moment("before"); err != nil {
		return q, err
	}
	if q.After, err = c.moment("after"); err != nil {
		return q, err
	}
	q.Limit, err = c.limit(250, 100)
	return q, err
}

// chatPage filters the chats and cuts the page that q asks for. before and after go
// by the chat's creation, as the vendor's schema says, not by its last message.
func (s *Server) chatPage(q chatQuery, match func(*chat) bool) (any, error) {
	var found []*chat
	for _, c := range s.world.chats {
		if match(c) && s.shown(c) && (q.AccountType == "" || q.AccountType == "LINKEDIN") &&
			(q.Unread == "" || (q.Unread == "true") == (s.unread(c) > 0)) &&
			between(formatTime(c.createdAt), q.After, q.Before) {
			found = append(found, c)
		}
	}
	page, next, err := newestPage(found, q.Limit, q.Cursor, func(c *chat) place { return place{c.id, s.newest(c).at, c.seq} })
	if err != nil {
		return nil, err
	}
	items := []chatItem{}
	for _, c := range page {
		items = append(items, s.chatItem(c))
	}
	answer := list{Object: "ChatList", Items: items}
	if next != nil {
		q.Cursor = next
		answer.Cursor = encodeCursor(q)
	}
	return answer, nil
}

func (s *Server) listChats(c *call) (any, error) {
	q, err := c.chatQuery()
	if err != nil {
		return nil, err
	}
	if err := c.enter(q.AccountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	accounts, err := s.world.accountsOf(q.AccountID, "Account not found")
	if err != nil {
		return nil, err
	}
	return s.chatPage(q, func(c *chat) bool { return within(accounts, c.accountID) })
}

// chatsWith lists the 1:1 chats with a person. A person who was never synced is a 404.
func (s *Server) chatsWith(c *call) (any, error) {
	q, err := c.chatQuery()
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
	return s.chatPage(q, with)
}

func (s *Server) getChat(c *call) (any, error) {
	accountID := c.r.URL.Query().Get("account_id")
	found := s.chat(c.r.PathValue("id"), accountID)
	if err := c.enterChat(found, accountID); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found == nil || !s.shown(found) {
		return nil, notFound("Chat not found")
	}
	return chatDetail{s.chatItem(found), new(s.world.messageItem(s.newest(found)))}, nil
}
