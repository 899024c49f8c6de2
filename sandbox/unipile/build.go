package unipile

import (
	"cmp"
	"slices"
	"time"
)

// Account is a LinkedIn account that is linked to the workspace.
type Account struct {
	ID         string // Unipile's id
	Name       string
	ProviderID string // the owner's own ACo… id
	Slug       string // the owner's public identifier
	Status     string // OK (when empty), CONNECTING, CREDENTIALS, ERROR, PERMISSIONS or STOPPED
}

// Person is a LinkedIn member, or a company page.
type Person struct {
	ProviderID string // ACo… of a member, digits of a company
	Slug       string // public identifier; may be empty
	Name       string
	Headline   string
	Company    bool
}

// Post is a LinkedIn post.
type Post struct {
	ID          string // the digits of its activity
	SocialID    string // URN that comments go by, maybe of another type and number; urn:li:activity:ID when empty
	AccountID   string // when set, only this account can see the post
	AuthorID    string
	Text        string
	PublishedAt time.Time // now when zero
}

// Comment is a comment on a post, or with a ParentID a reply to one.
type Comment struct {
	ID       string // 19 digits, made when empty
	PostID   string // the post's ID or SocialID
	AuthorID string
	Text     string
	At       time.Time // now when zero
	ParentID string
}

// AddAccount links an account; its owner becomes a person too.
func (s *Server) AddAccount(a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.Status = cmp.Or(a.Status, "OK")
	mustBeStatus(a.Status)
	s.world.accounts = append(s.world.accounts, &account{Account: a, createdAt: s.now()})
	if s.world.people[a.ProviderID] == nil {
		s.addPerson(Person{ProviderID: a.ProviderID, Slug: a.Slug, Name: a.Name})
	}
	s.world.meet(a.ID, a.ProviderID)
}

// SetAccountStatus changes the status of an account's session and tells the webhooks
// if that is a transition. While it is not OK, calls that need LinkedIn are refused
// and arriving messages wait; with OK they come in a burst.
func (s *Server) SetAccountStatus(id, status string) {
	mustBeStatus(status)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.world.mustAccount(id)
	before := a.Status
	if a.Status = status; before == status {
		return
	}
	if before == "CREDENTIALS" && status == "OK" { // only a new login leads there
		s.publishStatus(a, "RECONNECTED")
	}
	s.publishStatus(a, status)
	if status == "OK" {
		for _, m := range a.missed {
			m.syncedAt = s.real()
			s.publishMessage(m)
		}
		a.missed = nil
	}
}

func mustBeStatus(status string) {
	if !slices.Contains([]string{"OK", "CONNECTING", "CREDENTIALS", "ERROR", "PERMISSIONS", "STOPPED"}, status) {
		panic("unipile sandbox: " + status + " is not an account status")
	}
}

// AddPerson adds a person, or changes one added before.
func (s *Server) AddPerson(p Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addPerson(p)
}

func (s *Server) addPerson(p Person) {
	if p.ProviderID == "" {
		panic("unipile sandbox: a person needs a provider id")
	}
	if before := s.world.people[p.ProviderID]; before != nil {
		before.Person = p
		return
	}
	s.world.people[p.ProviderID] = &person{Person: p, memberNumber: s.world.ids.memberNumber(), addedAt: s.now()}
}

// SetDistance sets the degree of a pair: 1, 2 or 3. With 0 the person is first-degree
// but reported as null, as LinkedIn sometimes does.
func (s *Server) SetDistance(accountID, providerID string, d int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.ties[pair{accountID, providerID}] = &tie{distance: d, since: s.now()}
}

// AddPost publishes a post.
func (s *Server) AddPost(p Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.mustPerson(p.AuthorID)
	p.SocialID = cmp.Or(p.SocialID, "urn:li:activity:"+p.ID)
	if p.PublishedAt.IsZero() {
		p.PublishedAt = s.now()
	}
	s.world.posts = append(s.world.posts, &post{Post: p})
}

// RemovePost deletes a post as its author would; the vendor then answers 404.
func (s *Server) RemovePost(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.mustPost(id).removed = true
}

// AddComment lets somebody comment and returns the comment's id. The post must have
// been added; on a removed one nothing happens.
func (s *Server) AddComment(c Comment) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.At.IsZero() {
		c.At = s.now()
	}
	return s.world.addComment(c).ID
}

// LimitDMs lets an account send n more messages; then LinkedIn refuses with 422
// limit_exceeded. A negative n lifts the limit.
func (s *Server) LimitDMs(accountID string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.mustAccount(accountID).dms = quota{set: n >= 0, most: n}
}

// LimitInvites lets an account send n more invitations; then LinkedIn refuses with
// 422 cannot_resend_yet. A negative n lifts the limit.
func (s *Server) LimitInvites(accountID string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.mustAccount(accountID).invites = quota{set: n >= 0, most: n}
}
