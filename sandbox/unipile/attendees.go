package unipile

import (
	"cmp"
	"fmt"
	"slices"
)

// attendee is the vendor's record of a person, or of the owner, for one account.
type attendee struct {
	id, accountID, providerID string
	self                      bool
}

// meet makes a person an attendee of an account, as the first contact does.
func (w *world) meet(accountID, providerID string) {
	p := pair{accountID, providerID}
	if w.attendeeOf[p] != nil {
		return
	}
	a := &attendee{
		id: w.ids.opaque(), accountID: accountID, providerID: providerID,
		self: w.account(accountID).ProviderID == providerID,
	}
	w.attendees, w.attendeeOf[p] = append(w.attendees, a), a
}

// met reports whether reads show the attendee, which comes with its chat.
func (s *Server) met(a *attendee) bool {
	return a.self || s.shown(s.world.chatsByPair[pair{a.accountID, a.providerID}])
}

// find lists the attendees that go by one of the ids in a list, which may be
// Unipile's or LinkedIn's, as far as reads show them.
func (s *Server) find(ids string, accounts []string) []*attendee {
	var found []*attendee
	for _, a := range s.world.attendees {
		wanted := slices.ContainsFunc(splitList(ids), func(id string) bool { return id == a.id || id == a.providerID })
		if wanted && within(accounts, a.accountID) && s.met(a) {
			found = append(found, a)
		}
	}
	return found
}

// involving gives a filter for the chats of the attendees that go by ids.
func (s *Server) involving(ids, accountFilter string) (func(*chat) bool, error) {
	accounts, err := s.world.accountsOf(accountFilter, "Account not found")
	if err != nil {
		return nil, err
	}
	found := s.find(ids, accounts)
	if len(found) == 0 {
		return nil, notFound("Attendee not found")
	}
	return func(c *chat) bool {
		return slices.ContainsFunc(found, func(a *attendee) bool {
			return a.accountID == c.accountID && (a.providerID == c.personID || a.self)
		})
	}, nil
}

// personOf gives the provider id behind an attendee id or a slug, for the filters of
// faults; other ids come back as they are.
func (s *Server) personOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.world.attendees, func(a *attendee) bool { return a.id == id }); i >= 0 {
		return s.world.attendees[i].providerID
	}
	if p := s.world.bySlug(id); p != nil {
		return p.ProviderID
	}
	return id
}

func (w *world) attendeeItem(a *attendee) attendeeItem {
	p := w.people[a.providerID]
	return attendeeItem{
		Object: "ChatAttendee", ID: a.id, AccountID: a.accountID, ProviderID: a.providerID,
		Name: p.Name, IsSelf: flag(a.self), ProfileURL: p.memberURL(),
		Specifics: attendeeFacts{
			Provider: "LINKEDIN", MemberURN: "urn:li:member:" + p.memberNumber, Occupation: p.Headline,
			NetworkDistance:   w.attendeeDistance(a),
			PendingInvitation: w.pending(pair{a.accountID, a.providerID}) != nil,
			ContactInfo:       map[string]any{"emails": []string{}},
		},
	}
}

// attendeeDistance is the degree in the words of the messaging endpoints.
func (w *world) attendeeDistance(a *attendee) string {
	if a.self {
		return "SELF"
	}
	return fmt.Sprintf("DISTANCE_%d", cmp.Or(w.distance(pair{a.accountID, a.providerID}), 1))
}

func (s *Server) listAttendees(c *call) (any, error) {
	q, err := c.idQuery()
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
	var all []*attendee
	for _, a := range s.world.attendees {
		if within(accounts, a.accountID) && s.met(a) {
			all = append(all, a)
		}
	}
	page, next := idPage(all, q, func(a *attendee) string { return a.id })
	items := []attendeeItem{}
	for _, a := range page {
		items = append(items, s.world.attendeeItem(a))
	}
	return list{"ChatAttendeeList", items, next}, nil
}

func (s *Server) getAttendee(c *call) (any, error) {
	id := c.r.PathValue("id")
	if err := c.enter("", s.personOf(id)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(id, nil)
	if len(found) == 0 {
		return nil, notFound("Attendee not found")
	}
	return s.world.attendeeItem(found[0]), nil
}
