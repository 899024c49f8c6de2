package unipile

import (
	"fmt"

	"github.com/bravorevos/workers/integrations"
)

// A list that does not end would be read for as long as a job may run, again and again.
const (
	// barrenPages in a row without an item that was not seen before end a walk. Not the
	// first of them: comments that arrive meanwhile push others to the next page, and
	// pages may be empty where items were filtered out.
	barrenPages = 3
	// mostPages end a walk in any case. No list that is read to its end is near it.
	mostPages = 1000
)

// CauseEndlessList is the type of the error that ends a walk through a list which leads
// back to itself. What lies behind was not read.
const CauseEndlessList integrations.Cause = "endless_list"

// Walk watches over the pages of one list as they are read one after the other. Its zero
// value is not usable: see [NewWalk].
type Walk struct {
	call    apiCall
	cursors map[string]bool
	items   map[string]bool
	pages   int
	barren  int // in a row
}

// NewWalk begins a walk at a cursor, which is empty for the first page. The operation and
// the account stand in its errors.
func NewWalk(operation, accountID, cursor string) *Walk {
	return &Walk{
		call:    apiCall{operation: operation, account: accountID},
		cursors: map[string]bool{cursor: true}, items: map[string]bool{},
	}
}

// listed is a page of any list.
type listed interface {
	place() (next string, ids []string)
}

// Next returns where the page leads, empty at the end of the list. It returns an error of
// type [CauseEndlessList] for a cursor that was followed before, for pages that bring
// nothing new, and for more pages than any list has.
func (w *Walk) Next(page listed) (cursor string, err error) {
	cursor, ids := page.place()
	if cursor == "" {
		return "", nil
	}
	w.pages++
	w.barren++
	for _, id := range ids {
		if !w.items[id] {
			w.items[id], w.barren = true, 0
		}
	}
	switch {
	case w.cursors[cursor]:
		return "", w.endless("page %d names a page that was read before as the next", w.pages)
	case w.barren >= barrenPages:
		return "", w.endless("%d pages in a row held nothing new", w.barren)
	case w.pages >= mostPages:
		return "", w.endless("there are more than %d pages", w.pages)
	}
	w.cursors[cursor] = true
	return cursor, nil
}

func (w *Walk) endless(format string, args ...any) error {
	failure := w.call.fault(CauseEndlessList)
	failure.Kind = integrations.Temporary
	failure.Detail = "the list does not end: " + fmt.Sprintf(format, args...) + "; what lies behind was not read"
	return failure
}

func idsOf[T any](items []T, id func(T) string) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = id(item)
	}
	return ids
}

func (p CommentPage) place() (string, []string) {
	return p.Next, idsOf(p.Comments, func(c Comment) string { return c.ID })
}

func (p MessagePage) place() (string, []string) {
	return p.Next, idsOf(p.Messages, func(m Message) string { return m.ID })
}

func (p ChatPage) place() (string, []string) {
	return p.Next, idsOf(p.Chats, func(c Chat) string { return c.ID })
}

func (p RelationPage) place() (string, []string) {
	return p.Next, idsOf(p.Relations, func(r Relation) string { return r.PersonID })
}

func (p AccountPage) place() (string, []string) {
	return p.Next, idsOf(p.Accounts, func(a Account) string { return a.ID })
}
