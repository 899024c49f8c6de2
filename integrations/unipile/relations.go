package unipile

import (
	"context"
	"net/url"
	"time"
)

// Invited is an invitation that was sent.
type Invited struct {
	InvitationID string
	Usage        int // per cent of LinkedIn's quota, told when it crosses 50, 75, 90 or 95; else 0
}

// Invite asks a person, by provider id, to become a connection. The note may be
// empty; accounts that do not pay may write 200 characters. LinkedIn refuses a second
// invitation with [TypeAlreadyInvited], so that none is sent twice.
//
// https://developer.unipile.com/docs/provider-limits-and-restrictions
func (c *Client) Invite(ctx context.Context, accountID, personID, note string) (Invited, error) {
	body := map[string]string{"account_id": accountID, "provider_id": personID}
	if note != "" {
		body["message"] = note
	}
	call := apiCall{
		operation: "invite", account: accountID, path: []string{"users", "invite"}, body: body, secret: note,
	}
	if personID == "" {
		return Invited{}, call.invalid("the person's id is missing")
	}
	var wire struct {
		ID    text  `json:"invitation_id"`
		Usage count `json:"usage"`
	}
	if err := c.do(ctx, call, &wire); err != nil {
		return Invited{}, err
	}
	return Invited{InvitationID: string(wire.ID), Usage: max(int(wire.Usage), 0)}, nil
}

// RelationPage is one page of connections, most likely newest first.
type RelationPage struct {
	Relations []Relation
	Next      string // cursor; empty on the last page
}

// Relation is a connection of the account.
type Relation struct {
	PersonID string    // provider id
	At       time.Time // when they became one; zero when unknown
}

type wireRelation struct {
	PersonID text   `json:"member_id"`
	At       millis `json:"created_at"`
}

// maxRelations is a page that holds what is new of some weeks.
const maxRelations = "100"

// Relations reads a page of an account's connections. A few times a day is enough,
// at random times: https://developer.unipile.com/docs/detecting-accepted-invitations
func (c *Client) Relations(ctx context.Context, accountID, cursor string) (RelationPage, error) {
	var wire page
	err := c.do(ctx, apiCall{
		operation: "list relations",
		account:   accountID,
		path:      []string{"users", "relations"},
		query:     list(accountID, cursor, maxRelations, url.Values{}),
	}, &wire)
	if err != nil {
		return RelationPage{}, err
	}
	page := RelationPage{Next: string(wire.Cursor)}
	page.Relations, _ = decodeItems(wire.Items.value, func(w wireRelation) (Relation, bool) {
		return Relation{PersonID: string(w.PersonID), At: w.At.Time}, w.PersonID != ""
	})
	return page, nil
}
