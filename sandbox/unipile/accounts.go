package unipile

import "slices"

type accountItem struct {
	Object           string           `json:"object"`
	ID               string           `json:"id"`
	Name             string           `json:"name"`
	Type             string           `json:"type"`
	CreatedAt        string           `json:"created_at"`
	Groups           []string         `json:"groups"`
	Sources          []accountSource  `json:"sources"`
	ConnectionParams connectionParams `json:"connection_params"`
}

type accountSource struct {
	ID     string `json:"id"`
	Status string `json:"status"` // there is no status on the account itself
}

type connectionParams struct {
	IM linkedInParams `json:"im"`
}

type linkedInParams struct {
	ID                string   `json:"id"`
	PublicIdentifier  string   `json:"publicIdentifier"`
	Username          string   `json:"username"`
	PremiumID         *string  `json:"premiumId"`
	PremiumFeatures   []string `json:"premiumFeatures"`
	PremiumContractID *string  `json:"premiumContractId"`
	Organizations     []any    `json:"organizations"`
}

func (a *account) item() accountItem {
	return accountItem{
		Object: "Account", ID: a.ID, Name: a.Name, Type: "LINKEDIN", CreatedAt: formatTime(a.createdAt),
		Groups:  []string{},
		Sources: []accountSource{{ID: a.ID + "_MESSAGING", Status: a.Status}},
		ConnectionParams: connectionParams{linkedInParams{
			ID: a.ProviderID, PublicIdentifier: a.Slug, Username: a.Name,
			PremiumFeatures: []string{}, Organizations: []any{},
		}},
	}
}

func (s *Server) listAccounts(c *call) (any, error) {
	q, err := c.idQuery()
	if err != nil {
		return nil, err
	}
	if err := c.enter("", ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{"OK": 0, "CONNECTING": 0, "CREDENTIALS": 0, "STOPPED": 0}
	for _, a := range s.world.accounts {
		counts[a.Status]++
	}
	page, next := idPage(s.world.accounts, q, func(a *account) string { return a.ID })
	items := []accountItem{}
	for _, a := range page {
		items = append(items, a.item())
	}
	return struct {
		list
		TotalCount   int            `json:"total_count"`
		StatusCounts map[string]int `json:"status_counts"`
	}{list{"AccountList", items, next}, len(s.world.accounts), counts}, nil
}

func (s *Server) getAccount(c *call) (any, error) {
	id := c.r.PathValue("id")
	if err := c.enter(id, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.world.synced(id)
	if err != nil {
		return nil, err
	}
	return a.item(), nil
}

// idQuery reads the paging of a list in the order of creation.
func (c *call) idQuery() (idCursor, error) {
	var q idCursor
	if found, err := c.cursor(&q); found || err != nil {
		return q, err
	}
	var err error
	q.AccountID = c.r.URL.Query().Get("account_id")
	q.Limit, err = c.limit(250, 100)
	return q, err
}

// accountsOf reads a filter that may hold several account ids; nil means all.
func (w *world) accountsOf(filter, missing string) ([]string, error) {
	ids := splitList(filter)
	if slices.ContainsFunc(ids, func(id string) bool { return w.account(id) == nil }) {
		return nil, notFound(missing)
	}
	return ids, nil
}

// within reports whether a filter lets an id pass; an empty filter lets all pass.
func within(filter []string, id string) bool { return len(filter) == 0 || slices.Contains(filter, id) }
