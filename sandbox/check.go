package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/sandbox/unipile"
)

// check goes through the script person by person, which totals cannot replace:
// two mistakes may add up to the right sum.
type check struct {
	duplicates     int // messages beyond the first of their sort to a person
	strangers      int // messages to people who must not get one
	wrongStored    int // addresses in the database that differ from the script's
	wrongDelivered int // and at the receiver
	repeats        int // deliveries of a lead that was accepted before
	problems       []string
}

func (c *check) complainf(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// checkPeople compares each person's script with their row, with the messages they
// received and with the leads that were delivered.
func checkPeople(w world, leads map[string]leadRow, sent []unipile.SentMessage, delivered []accepted) *check {
	c := &check{}
	first, question, backup := map[string]int{}, map[string]int{}, map[string]int{}
	for _, m := range sent {
		switch {
		case isBackupLink(m):
			backup[m.RecipientID]++
		case isQuestion(m):
			question[m.RecipientID]++
		default:
			first[m.RecipientID]++
		}
		if strings.Contains(m.Text, "{{") {
			c.complainf("a message holds a variable without value")
		}
	}
	webhooks := map[string]map[string]bool{} // email to webhook ids
	for _, d := range delivered {
		if webhooks[d.Email][d.WebhookID] {
			c.repeats++
		}
		if webhooks[d.Email] == nil {
			webhooks[d.Email] = map[string]bool{}
		}
		webhooks[d.Email][d.WebhookID] = true
	}
	for i, p := range w.people {
		id := memberID(i)
		c.checkLead(p, leads[id])
		c.checkMessages(p, "first DM", first[id], p.gets())
		c.checkMessages(p, "second question", question[id], p.doubted)
		c.checkMessages(p, "backup link", backup[id], p.email != "")
		delete(question, id)
		delete(first, id)
		delete(backup, id)
		if p.email == "" {
			continue
		}
		if n := len(webhooks[p.email]); n != 1 {
			c.complainf("%s: delivered under %d webhook-ids, want 1", p.name, n)
		}
		delete(webhooks, p.email)
	}
	for id := range first {
		c.strangers += first[id]
		c.complainf("%s got a message and is not a commenter", id)
	}
	for id := range question {
		c.strangers += question[id]
		c.complainf("%s got a second question and is not a commenter", id)
	}
	for id := range backup {
		c.strangers += backup[id]
		c.complainf("%s got a backup link and is not a commenter", id)
	}
	for email := range webhooks {
		c.wrongDelivered++
		c.complainf("%q was delivered and is nobody's address", email)
	}
	return c
}

func (c *check) checkLead(p person, lead leadRow) {
	if lead.Status != p.end {
		c.complainf("%s: lead is %s, want %s", p.name, cmp.Or(lead.Status, "missing"), cmp.Or(p.end, "none"))
	}
	if lead.Email != p.email {
		if lead.Email != "" {
			c.wrongStored++
		}
		c.complainf("%s: stored address is %q, want %q", p.name, lead.Email, p.email)
	}
}

func (c *check) checkMessages(p person, what string, got int, wanted bool) {
	switch {
	case !wanted && got > 0:
		c.strangers += got
		c.complainf("%s: got a %s, must not", p.name, what)
	case wanted && got == 0:
		c.complainf("%s: got no %s", p.name, what)
	case wanted && got > 1:
		c.duplicates += got - 1
		c.complainf("%s: got %d times the %s", p.name, got, what)
	}
}

// checkDeliveries wants every request valid, also those that the receiver was told
// to fail.
func (c *check) checkDeliveries(all []receiver.Delivery) {
	for _, d := range all {
		if !d.Valid {
			c.complainf("delivery %s was not valid: %s", d.ID, d.Problem)
		}
	}
}
