package unipile

// SetShown lets reads show messages that came through the API differently from what
// was sent, as LinkedIn does with links, entities and white space. It concerns messages
// sent afterwards; [Server.Sent] tells what was sent. Nil ends it.
func (s *Server) SetShown(change func(text string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change = change
}

// shownAs is what becomes of a text. The caller holds the lock.
func (s *Server) shownAs(text string) string {
	if s.change == nil {
		return text
	}
	return s.change(text)
}
