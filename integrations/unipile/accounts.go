package unipile

import (
	"cmp"
	"context"
	"encoding/json"
)

// AccountPage is one page of the accounts that the workspace has linked.
type AccountPage struct {
	Accounts []Account
	Next     string // cursor; empty on the last page
}

// Account is a linked account.
type Account struct {
	ID      string
	Name    string
	Type    string // LINKEDIN; others occur
	OwnID   string // provider id of the owner, whose comments and messages are our own
	OwnSlug string
	Healthy bool   // every source is OK
	Problem string // status of the first source that is not, such as CREDENTIALS
}

type wireAccount struct {
	ID     text `json:"id"`
	Name   text `json:"name"`
	Type   text `json:"type"`
	Params lenient[struct {
		IM lenient[struct {
			ID   text `json:"id"`
			Slug text `json:"publicIdentifier"`
		}] `json:"im"`
	}] `json:"connection_params"`
	Sources lenient[[]json.RawMessage] `json:"sources"`
}

// Account looks an account up.
func (c *Client) Account(ctx context.Context, accountID string) (Account, error) {
	call := apiCall{operation: "get account", account: accountID, path: []string{"accounts", accountID}}
	var wire wireAccount
	if err := c.do(ctx, call, &wire); err != nil {
		return Account{}, err
	}
	account, _ := wire.account()
	account.ID = cmp.Or(account.ID, accountID)
	return account, nil
}

// Accounts reads a page of all linked accounts, of any type.
func (c *Client) Accounts(ctx context.Context, cursor string) (AccountPage, error) {
	var wire page
	err := c.do(ctx, apiCall{
		operation:  "list accounts",
		anyAccount: true,
		path:       []string{"accounts"},
		query:      list("", cursor, maxMessages, nil),
	}, &wire)
	if err != nil {
		return AccountPage{}, err
	}
	page := AccountPage{Next: string(wire.Cursor)}
	page.Accounts, _ = decodeItems(wire.Items.value, wireAccount.account)
	return page, nil
}

func (w wireAccount) account() (Account, bool) {
	own := w.Params.value.IM.value
	problem := w.problem()
	return Account{
		ID:      string(w.ID),
		Name:    string(w.Name),
		Type:    string(w.Type),
		OwnID:   string(own.ID),
		OwnSlug: string(own.Slug),
		Healthy: problem == "",
		Problem: problem,
	}, w.ID != ""
}

// problem is the status of the first source that is not OK. An account has no
// status of its own, and one without any source cannot do anything.
func (w wireAccount) problem() string {
	if len(w.Sources.value) == 0 {
		return "UNKNOWN"
	}
	for _, raw := range w.Sources.value {
		var source struct {
			Status text `json:"status"`
		}
		if err := json.Unmarshal(raw, &source); err != nil || source.Status == "" {
			return "UNKNOWN"
		}
		if source.Status != "OK" {
			return string(source.Status)
		}
	}
	return ""
}
