package main

import (
	"slices"
	"testing"
	"unicode"
)

// Ensure the script holds what the demo promises to show.
func TestWorldKeepsItsPromises(t *testing.T) {
	t.Parallel()
	w := newWorld()
	all := slices.Concat(w.early, w.late)
	want := w.expected()
	if want.Comments != len(all) || want.Comments < 120 {
		t.Errorf("%d comments, want 120 or more", want.Comments)
	}
	if want.FirstDMs != 42 || want.Questions != 5 {
		t.Errorf("%d people get a DM and %d a second question, want 42 and 5", want.FirstDMs, want.Questions)
	}
	if want.Addresses < 25 || want.Webhooks != want.Addresses || want.BackupLinks != want.Addresses {
		t.Errorf("%d addresses, %d webhooks, %d backup links, want 25 or more of each", want.Addresses, want.Webhooks, want.BackupLinks)
	}
	if want.NotConnected != 1 || want.Invitations != 2 {
		t.Errorf("%d people are not connected and %d were invited, want 1 and 2", want.NotConnected, want.Invitations)
	}
	if len(w.late) < 15 {
		t.Errorf("%d comments arrive while the worker runs, want 15 or more", len(w.late))
	}
	byAuthor := map[string]int{}
	otherScripts := 0
	for _, c := range all {
		byAuthor[c.authorID]++
		if c.asks && unicode.In([]rune(c.text)[0], unicode.Han, unicode.Katakana, unicode.Cyrillic) {
			otherScripts++
		}
	}
	if byAuthor[authorID] == 0 || byAuthor[companyID] == 0 {
		t.Error("the author or the company page does not comment")
	}
	if otherScripts < 4 {
		t.Errorf("%d comments ask in other scripts, want 4 or more", otherScripts)
	}
	several := 0
	for i, p := range w.people {
		if p.gets() && byAuthor[memberID(i)] > 1 {
			several++
		}
	}
	if several < 5 {
		t.Errorf("%d people comment several times, want 5 or more", several)
	}
}

// Ensure each person's script is whole: who delivers has an address of their own,
// nobody else has one, and only who asked can become a lead.
func TestWorldPeopleAreConsistent(t *testing.T) {
	t.Parallel()
	names, emails := map[string]bool{}, map[string]bool{}
	for _, p := range newWorld().people {
		if names[p.name] {
			t.Errorf("%s is there twice", p.name)
		}
		names[p.name] = true
		if (p.end == endDelivered) != (p.email != "") {
			t.Errorf("%s ends as %q with address %q", p.name, p.end, p.email)
		}
		if p.email != "" && emails[p.email] {
			t.Errorf("%s shares the address %s", p.name, p.email)
		}
		emails[p.email] = true
		if (p.end != "") != (len(p.asks) > 0) {
			t.Errorf("%s ends as %q after %d comments that ask", p.name, p.end, len(p.asks))
		}
		if len(p.answers) > 0 && !p.gets() {
			t.Errorf("%s answers and is never written to", p.name)
		}
	}
}
