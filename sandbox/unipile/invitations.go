package unipile

import (
	"fmt"
	"slices"
	"time"
)

type invitation struct {
	pair
	id     string
	note   string
	sentAt time.Time
	state  string    // pending, accepted or withdrawn
	endAt  time.Time // when it was withdrawn
}

// noteLimit is LinkedIn's for accounts that pay, in characters:
// https://developer.unipile.com/docs/provider-limits-and-restrictions
const noteLimit = 300

// rest is how long LinkedIn refuses another invitation after one was withdrawn.
const rest = 21 * 24 * time.Hour

type invitationSent struct {
	Object       string `json:"object"`
	InvitationID string `json:"invitation_id"`
	Usage        int    `json:"usage,omitempty"` // per cent of the quota, when a mark is crossed
}

type invitationItem struct {
	Object                 string  `json:"object"`
	ID                     string  `json:"id"`
	InvitedUser            string  `json:"invited_user"`
	InvitedUserID          string  `json:"invited_user_id"`
	InvitedUserPublicID    *string `json:"invited_user_public_id"`
	InvitedUserDescription string  `json:"invited_user_description"`
	Date                   string  `json:"date"` // relative: "Sent yesterday"
	ParsedDatetime         string  `json:"parsed_datetime"`
	InvitationText         *string `json:"invitation_text"`
}

// pending finds the open invitation of a pair; nil when there is none.
func (w *world) pending(p pair) *invitation {
	i := slices.IndexFunc(w.invitations, func(i *invitation) bool { return i.pair == p && i.state == "pending" })
	if i < 0 {
		return nil
	}
	return w.invitations[i]
}

// AcceptInvitation makes a person first-degree of an account, as when the pending
// invitation is accepted: it leaves the list, the webhooks hear of the relation, and
// a note becomes the first message of the chat.
func (s *Server) AcceptInvitation(accountID, personID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, p := s.world.mustAccount(accountID), s.world.mustPerson(personID)
	with := pair{accountID, personID}
	s.world.ties[with] = &tie{distance: 1, since: s.now()}
	invited := s.world.pending(with)
	if invited != nil {
		invited.state = "accepted"
	}
	s.publishRelation(a, p)
	if invited != nil && invited.note != "" {
		s.store(&message{
			chat: s.world.chatWith(with, s.now()), senderID: a.ProviderID, text: invited.note,
			at: invited.sentAt, kind: "INVITATION",
		})
	}
}

func (s *Server) invite(c *call) (any, error) {
	f, err := c.jsonForm()
	if err != nil {
		return nil, err
	}
	var to pair
	if to.accountID, err = f.required("account_id"); err != nil {
		return nil, err
	}
	if to.personID, err = f.required("provider_id"); err != nil {
		return nil, err
	}
	if !isMemberID(to.personID) {
		return nil, invalid("User ID does not match provider's expected format.")
	}
	note, err := f.optional("message")
	if err != nil {
		return nil, err
	}
	if length(note) > noteLimit {
		return nil, violation("/message", "Expected string length less or equal to 300", note)
	}
	if err := c.enter(to.accountID, to.personID); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.live(to.accountID)
	if err != nil {
		return nil, err
	}
	p := s.world.people[to.personID]
	switch {
	case p == nil || p.Company || p.ProviderID == a.ProviderID:
		return nil, known("invalid_recipient")
	case s.world.connected(to):
		return nil, known("already_connected")
	case s.world.invitedSince(to, s.now().Add(-rest)):
		return nil, known("already_invited_recently")
	case a.invites.spent():
		return nil, known("cannot_resend_yet")
	}
	a.invites.used++
	sent := &invitation{pair: to, id: s.world.ids.digits(s.now()), note: note, sentAt: s.now(), state: "pending"}
	s.world.invitations = append(s.world.invitations, sent)
	if p.persona.Accepts > 0 {
		s.later(p.persona.Accepts, func() { s.AcceptInvitation(to.accountID, to.personID) })
	}
	return invitationSent{Object: "UserInvitationSent", InvitationID: sent.id, Usage: a.invites.usage()}, nil
}

// invitedSince reports an invitation that is pending, or was withdrawn after t.
func (w *world) invitedSince(p pair, t time.Time) bool {
	return slices.ContainsFunc(w.invitations, func(i *invitation) bool {
		return i.pair == p && (i.state == "pending" || i.endAt.After(t))
	})
}

// usage is the share of the quota in per cent if the last use crossed one of the
// vendor's marks, else 0.
func (q quota) usage() int {
	if !q.set || q.most == 0 {
		return 0
	}
	before, after := 100*(q.used-1)/q.most, 100*q.used/q.most
	for _, mark := range []int{95, 90, 75, 50} {
		if before < mark && mark <= after {
			return after
		}
	}
	return 0
}

// invitationQuery is the page that is asked for, and the vendor's cursor.
type invitationQuery struct {
	Limit  int `json:"limit"`
	Cursor int `json:"cursor"`
}

func (s *Server) listInvitations(c *call) (any, error) {
	accountID, err := c.accountID()
	if err != nil {
		return nil, err
	}
	var q invitationQuery
	if q.Limit, err = c.limit(100, 10); err != nil {
		return nil, err
	}
	if _, err = c.cursor(&q); err != nil {
		return nil, err
	}
	if err := c.enter(accountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.world.live(accountID); err != nil {
		return nil, err
	}
	var open []*invitation
	for _, i := range slices.Backward(s.world.invitations) { // newest first
		if i.accountID == accountID && i.state == "pending" {
			open = append(open, i)
		}
	}
	page, next := offsetPage(open, q.Cursor, q.Limit)
	items := []invitationItem{}
	for _, i := range page {
		p := s.world.people[i.personID]
		items = append(items, invitationItem{
			Object: "InvitationSent", ID: i.id, InvitedUser: p.Name, InvitedUserID: p.ProviderID,
			InvitedUserPublicID: nullable(p.Slug), InvitedUserDescription: p.Headline,
			Date: sentAgo(s.now().Sub(i.sentAt)), ParsedDatetime: formatTime(i.sentAt), InvitationText: nullable(i.note),
		})
	}
	answer := list{Object: "InvitationList", Items: items}
	if next > 0 {
		q.Cursor = next
		answer.Cursor = encodeCursor(q)
	}
	return answer, nil
}

func sentAgo(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); days {
	case 0:
		return "Sent today"
	case 1:
		return "Sent yesterday"
	default:
		return fmt.Sprintf("Sent %d days ago", days)
	}
}

func (s *Server) withdrawInvitation(c *call) (any, error) {
	accountID, err := c.accountID()
	if err != nil {
		return nil, err
	}
	if err := c.enter(accountID, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.world.live(accountID); err != nil {
		return nil, err
	}
	for _, i := range s.world.invitations {
		if i.id == c.r.PathValue("id") && i.accountID == accountID && i.state == "pending" {
			i.state, i.endAt = "withdrawn", s.now()
			return object{"InvitationCanceled"}, nil
		}
	}
	return nil, notFound("Invitation not found")
}

// object is an answer that says nothing more than what it is.
type object struct {
	Object string `json:"object"`
}
