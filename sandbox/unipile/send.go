package unipile

// messageLimit is what LinkedIn takes in one direct message, in characters.
const messageLimit = 8000

// startChat opens or reuses the 1:1 with a person and sends the first message.
func (s *Server) startChat(c *call) (any, error) {
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	accountID, err := f.required("account_id")
	if err != nil {
		return nil, err
	}
	text, err := f.content()
	if err != nil {
		return nil, err
	}
	if length(text) > messageLimit {
		return nil, known("too_many_characters")
	}
	recipients := f.values["attendees_ids"]
	if len(recipients) == 0 {
		return nil, violation("/attendees_ids", "Expected array length to be greater or equal to 1", recipients)
	}
	for _, id := range recipients {
		if !isMemberID(id) {
			return nil, invalid("User ID does not match provider's expected format.")
		}
	}
	inMail, err := f.inMail()
	if err != nil {
		return nil, err
	}
	to := pair{accountID, recipients[0]}
	if err := c.enter(to.accountID, to.personID); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.live(accountID)
	if err != nil {
		return nil, err
	}
	if len(recipients) > 1 { // groups are not part of this world
		return nil, known("feature_not_implemented")
	}
	if inMail { // nor are premium accounts
		return nil, known("feature_not_subscribed")
	}
	if err := s.world.mayWrite(a, to); err != nil {
		return nil, err
	}
	m := s.send(a, s.world.chatWith(to, s.now()), text, f.files > 0, "start_chat")
	return chatStarted{Object: "ChatStarted", ChatID: &m.chat.id, MessageID: &m.id}, nil
}

// inMail reads the LinkedIn extras, of which only the choice of InMail matters here.
func (f *form) inMail() (bool, error) {
	api, err := f.optional("linkedin[api]")
	if err != nil {
		return false, err
	}
	switch api {
	case "", "classic":
	case "sales_navigator", "recruiter":
		return true, nil
	default:
		return false, violation("/linkedin/api", "Expected union value", api)
	}
	switch v, err := f.optional("linkedin[inmail]"); {
	case err != nil:
		return false, err
	case v != "" && v != "true" && v != "false":
		return false, violation("/linkedin/inmail", "Expected boolean", v)
	default:
		return v == "true", nil
	}
}

// mayWrite is LinkedIn's own verdict: only to people, only to the first degree or to
// who has written before, and only as many as the quota allows.
func (w *world) mayWrite(a *account, to pair) error {
	p := w.people[to.personID]
	if p == nil || p.Company || p.ProviderID == a.ProviderID {
		return known("invalid_recipient")
	}
	if c := w.chatsByPair[to]; !w.connected(to) && (c == nil || !c.answered()) {
		return known("no_connection_with_recipient")
	}
	if a.dms.spent() {
		return known("limit_exceeded")
	}
	return nil
}

// send stores a message that came through the API.
func (s *Server) send(a *account, c *chat, text string, file bool, via string) *message {
	a.dms.used++
	m := s.store(&message{chat: c, senderID: a.ProviderID, text: s.shownAs(text), attachment: file})
	s.sent = append(s.sent, SentMessage{
		ID: m.id, AccountID: a.ID, ChatID: c.id, RecipientID: c.personID, Text: text, At: m.at, Via: via,
	})
	return m
}

// sendMessage sends into a chat that exists, even while reads do not show it yet.
func (s *Server) sendMessage(c *call) (any, error) {
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	text, err := f.content()
	if err != nil {
		return nil, err
	}
	if length(text) > messageLimit {
		return nil, known("too_many_characters")
	}
	guard, err := f.optional("account_id")
	if err != nil {
		return nil, err
	}
	found := s.chat(c.r.PathValue("id"), guard)
	if err := c.enterChat(found, guard); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if found == nil || (guard != "" && guard != found.accountID) {
		return nil, notFound("Account, chat, thread or provider resource not found")
	}
	a, err := s.world.live(found.accountID)
	if err != nil {
		return nil, err
	}
	if err := s.world.mayWrite(a, found.pair); err != nil {
		return nil, err
	}
	m := s.send(a, found, text, f.files > 0, "send_message")
	return messageSent{Object: "MessageSent", MessageID: &m.id}, nil
}
