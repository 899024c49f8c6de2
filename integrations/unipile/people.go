package unipile

import (
	"context"
	"net/url"
)

// Profile is a LinkedIn member as the account sees them.
type Profile struct {
	ProviderID     string
	Slug           string
	FirstName      string
	LastName       string
	Headline       string
	Distance       Distance
	IsRelationship bool // connected; to be believed where Distance is unknown
}

// Profile looks a person up by slug or provider id, without a visit they could see.
// LinkedIn allows about 100 a day for an account.
func (c *Client) Profile(ctx context.Context, accountID, identifier string) (Profile, error) {
	var wire struct {
		ProviderID     text `json:"provider_id"`
		Slug           text `json:"public_identifier"`
		FirstName      text `json:"first_name"`
		LastName       text `json:"last_name"`
		Headline       text `json:"headline"`
		Distance       text `json:"network_distance"`
		IsRelationship flag `json:"is_relationship"`
	}
	err := c.do(ctx, apiCall{
		operation: "get profile",
		account:   accountID,
		path:      []string{"users", identifier},
		query:     url.Values{"account_id": {accountID}},
	}, &wire)
	if err != nil {
		return Profile{}, err
	}
	return Profile{
		ProviderID:     string(wire.ProviderID),
		Slug:           string(wire.Slug),
		FirstName:      string(wire.FirstName),
		LastName:       string(wire.LastName),
		Headline:       string(wire.Headline),
		Distance:       distance(wire.Distance),
		IsRelationship: bool(wire.IsRelationship),
	}, nil
}
