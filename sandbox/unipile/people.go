package unipile

import (
	"cmp"
	"strings"
)

type profileItem struct {
	Object           string         `json:"object"`
	Provider         string         `json:"provider"`
	ProviderID       string         `json:"provider_id"`
	PublicIdentifier *string        `json:"public_identifier"`
	MemberURN        string         `json:"member_urn"` // a bare number, unlike everywhere else
	FirstName        *string        `json:"first_name"`
	LastName         *string        `json:"last_name"`
	Headline         string         `json:"headline"`
	Websites         []string       `json:"websites"`
	ContactInfo      map[string]any `json:"contact_info"`
	IsOpenProfile    bool           `json:"is_open_profile"`
	IsPremium        bool           `json:"is_premium"`
	IsRelationship   bool           `json:"is_relationship"`
	IsSelf           bool           `json:"is_self"`
	NetworkDistance  *string        `json:"network_distance,omitempty"`
	CanSendInMail    bool           `json:"can_send_inmail"`
	PublicProfileURL string         `json:"public_profile_url"`
	Invitation       *invitedState  `json:"invitation,omitempty"`
}

type invitedState struct {
	Type   string `json:"type"`
	Status string `json:"status"`
}

type ownProfile struct {
	Object            string  `json:"object"`
	Provider          string  `json:"provider"`
	ProviderID        string  `json:"provider_id"`
	PublicIdentifier  *string `json:"public_identifier"`
	EntityURN         string  `json:"entity_urn"`
	ObjectURN         string  `json:"object_urn"`
	FirstName         string  `json:"first_name"`
	LastName          string  `json:"last_name"`
	Email             string  `json:"email"`
	Premium           bool    `json:"premium"`
	OpenProfile       bool    `json:"open_profile"`
	Occupation        string  `json:"occupation"`
	PublicProfileURL  string  `json:"public_profile_url"`
	ProfilePictureURL *string `json:"profile_picture_url"`
	Organizations     []any   `json:"organizations"`
	Recruiter         *string `json:"recruiter"`
	SalesNavigator    *string `json:"sales_navigator"`
	Location          string  `json:"location"`
}

type relationItem struct {
	Object           string `json:"object"`
	FirstName        string `json:"first_name"`
	LastName         string `json:"last_name"`
	Headline         string `json:"headline"`
	PublicIdentifier string `json:"public_identifier"`
	PublicProfileURL string `json:"public_profile_url"`
	CreatedAt        int64  `json:"created_at"` // milliseconds, the one number among v1's times
	MemberID         string `json:"member_id"`
	MemberURN        string `json:"member_urn"`
	ConnectionURN    string `json:"connection_urn"`
}

// names splits a display name as LinkedIn keeps it.
func (p *person) names() (first, last string) {
	first, last, _ = strings.Cut(p.Name, " ")
	return first, last
}

// memberURL is the address by provider id; profileURL the vanity one where there is one.
func (p *person) memberURL() string { return "https://www.linkedin.com/in/" + p.ProviderID }

func (p *person) profileURL() string {
	slug := cmp.Or(p.Slug, p.ProviderID)
	if p.Company {
		return "https://www.linkedin.com/company/" + slug
	}
	return "https://www.linkedin.com/in/" + slug
}

// degree is the distance in the words of comments and profiles. Null does not mean
// stranger: it is what a company, the owner himself and distance 0 have.
func (w *world) degree(a *account, p *person) *string {
	if p.Company || p.ProviderID == a.ProviderID {
		return nil
	}
	switch w.distance(pair{a.ID, p.ProviderID}) {
	case 0:
		return nil
	case 1:
		return new("FIRST_DEGREE")
	case 2:
		return new("SECOND_DEGREE")
	case 3:
		return new("THIRD_DEGREE")
	default:
		return new("OUT_OF_NETWORK")
	}
}

func (s *Server) getProfile(c *call) (any, error) {
	accountID, err := c.accountID()
	if err != nil {
		return nil, err
	}
	if _, err := c.oneOf("linkedin_api", "recruiter", "sales_navigator"); err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	if err := c.enter(accountID, s.personOf(id)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.live(accountID)
	if err != nil {
		return nil, err
	}
	p := s.world.people[id]
	if p == nil {
		p = s.world.bySlug(id)
	}
	if p == nil || p.Company {
		return nil, notFound("User not found")
	}
	with := pair{a.ID, p.ProviderID}
	first, last := p.names()
	item := profileItem{
		Object: "UserProfile", Provider: "LINKEDIN", ProviderID: p.ProviderID, PublicIdentifier: nullable(p.Slug),
		MemberURN: p.memberNumber, FirstName: nullable(first), LastName: nullable(last), Headline: p.Headline,
		Websites: []string{}, ContactInfo: map[string]any{"emails": []string{}},
		IsSelf: p.ProviderID == a.ProviderID, NetworkDistance: s.world.degree(a, p), PublicProfileURL: p.profileURL(),
	}
	item.IsRelationship = !item.IsSelf && s.world.connected(with)
	if s.world.pending(with) != nil {
		item.Invitation = &invitedState{Type: "SENT", Status: "PENDING"}
	}
	return item, nil
}

func (s *Server) getOwnProfile(c *call) (any, error) {
	accountID, err := c.accountID()
	if err != nil {
		return nil, err
	}
	if err := c.enter(accountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.live(accountID)
	if err != nil {
		return nil, err
	}
	p := s.world.people[a.ProviderID]
	first, last := p.names()
	return ownProfile{
		Object: "AccountOwnerProfile", Provider: "LINKEDIN", ProviderID: p.ProviderID, PublicIdentifier: nullable(p.Slug),
		EntityURN: "urn:li:fsd_profile:" + p.ProviderID, ObjectURN: "urn:li:member:" + p.memberNumber,
		FirstName: first, LastName: last, Occupation: p.Headline, PublicProfileURL: p.profileURL(),
		Organizations: []any{},
	}, nil
}

// relationQuery is the page of relations that is asked for, and the vendor's cursor.
type relationQuery struct {
	Limit      int `json:"limit"`
	StartIndex int `json:"startIndex"`
}

func (s *Server) listRelations(c *call) (any, error) {
	accountID, err := c.accountID()
	if err != nil {
		return nil, err
	}
	var q relationQuery
	if q.Limit, err = c.limit(1000, 100); err != nil {
		return nil, err
	}
	if _, err = c.cursor(&q); err != nil {
		return nil, err
	}
	filter := strings.ToLower(c.r.URL.Query().Get("filter"))
	if err := c.enter(accountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.live(accountID)
	if err != nil {
		return nil, err
	}
	var named []*person
	for _, p := range s.world.connections(a) {
		if strings.Contains(strings.ToLower(p.Name), filter) {
			named = append(named, p)
		}
	}
	page, next := offsetPage(named, q.StartIndex, q.Limit)
	items := []relationItem{}
	for _, p := range page {
		first, last := p.names()
		items = append(items, relationItem{
			Object: "UserRelation", FirstName: first, LastName: last, Headline: p.Headline,
			PublicIdentifier: cmp.Or(p.Slug, p.ProviderID), PublicProfileURL: p.profileURL(),
			CreatedAt: s.world.since(a, p).UnixMilli(), MemberID: p.ProviderID,
			MemberURN: "urn:li:fsd_profile:" + p.ProviderID, ConnectionURN: "urn:li:fsd_connection:" + p.ProviderID,
		})
	}
	answer := list{Object: "UserRelationsList", Items: items}
	if next > 0 {
		q.StartIndex = next
		answer.Cursor = encodeCursor(q)
	}
	return answer, nil
}
