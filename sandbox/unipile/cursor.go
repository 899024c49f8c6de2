package unipile

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Cursors are base64 of JSON that holds the filters and the limit of the first
// page; what is inside wins over what is sent beside them.

// encodeCursor packs the state of a list's next page.
func encodeCursor(state any) *string {
	data, err := json.Marshal(state)
	if err != nil {
		panic("unipile sandbox: cursor cannot be encoded: " + err.Error())
	}
	return new(base64.StdEncoding.EncodeToString(data))
}

// cursor unpacks the cursor parameter into state and reports whether there is one.
func (c *call) cursor(state any) (bool, error) {
	v := c.r.URL.Query().Get("cursor")
	if v == "" || leadsNowhere(v) {
		return false, nil
	}
	data, err := base64.StdEncoding.DecodeString(v)
	if err == nil {
		err = json.Unmarshal(data, state)
	}
	if err != nil {
		return false, violation("/cursor", "Expected kind 'EncodedQueryCursor'", v)
	}
	return true, nil
}

// limit reads the page size, which the vendor refuses rather than clamps.
func (c *call) limit(most, usual int) (int, error) {
	v := c.r.URL.Query().Get("limit")
	if v == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > most {
		return 0, violation("/limit", "Expected integer from 1 to "+strconv.Itoa(most), v)
	}
	return n, nil
}

// position is where a list ordered by date was left.
type position struct {
	LastID   string `json:"last_id"`
	LastDate string `json:"last_date,omitempty"`
}

// place is where an item stands in a list ordered by date. seq, which starts at 1,
// orders items of the same millisecond.
type place struct {
	id  string
	at  time.Time
	seq int
}

// newestPage sorts items newest first and cuts the page that follows from.
func newestPage[T any](items []T, limit int, from *position, where func(T) place) ([]T, *position, error) {
	type ranked struct {
		item T
		place
	}
	all := make([]ranked, len(items))
	for i, item := range items {
		all[i] = ranked{item, where(item)}
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.seq, a.seq)) })

	if from != nil {
		last, err := parseTime(from.LastDate)
		if err != nil {
			return nil, nil, violation("/cursor", "Expected kind 'EncodedQueryCursor'", from)
		}
		seq := 0
		if i := slices.IndexFunc(all, func(r ranked) bool { return r.id == from.LastID }); i >= 0 {
			seq = all[i].seq
		}
		all = slices.DeleteFunc(all, func(r ranked) bool {
			return r.at.After(last) || (r.at.Equal(last) && r.seq >= seq)
		})
	}
	var next *position
	if len(all) > limit {
		all = all[:limit]
		next = &position{LastID: all[limit-1].id, LastDate: formatTime(all[limit-1].at)}
	}
	page := make([]T, len(all))
	for i, r := range all {
		page[i] = r.item
	}
	return page, next, nil
}

// idCursor is the cursor of lists in the order of creation.
type idCursor struct {
	AccountID string    `json:"account_id,omitempty"`
	Limit     int       `json:"limit"`
	Cursor    *position `json:"cursor"`
}

// idPage cuts the page that follows q's position and packs the next cursor.
func idPage[T any](items []T, q idCursor, id func(T) string) ([]T, *string) {
	if q.Cursor != nil {
		i := slices.IndexFunc(items, func(item T) bool { return id(item) == q.Cursor.LastID })
		items = items[i+1:]
	}
	if len(items) <= q.Limit {
		return items, nil
	}
	q.Cursor = &position{LastID: id(items[q.Limit-1])}
	return items[:q.Limit], encodeCursor(q)
}

// offsetPage cuts the page at start and gives the start of the next, or 0 after the
// last page. New items at the front shift the pages, as they do at the vendor.
func offsetPage[T any](items []T, start, limit int) ([]T, int) {
	from := min(max(start, 0), len(items))
	to := min(from+limit, len(items))
	if to == len(items) {
		return items[from:to], 0
	}
	return items[from:to], to
}
