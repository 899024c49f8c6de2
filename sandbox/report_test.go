package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/sandbox/unipile"
)

// Ensure a line fails as soon as one known side differs from the script.
func TestLineAgrees(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		line line
		want bool
	}{
		{"all equal", line{"", 4, 4, 4, 4}, true},
		{"unknown sides", line{"", 4, unknown, unknown, 4}, true},
		{"any figure is right", line{"", unknown, unknown, unknown, 3}, true},
		{"database differs", line{"", 4, 3, 4, 4}, false},
		{"counter differs", line{"", 4, 4, 5, 4}, false},
		{"fakes differ", line{"", 4, 4, unknown, 5}, false},
		{"one too many of none", line{"", 0, unknown, unknown, 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.line.agrees(); got != tt.want {
				t.Errorf("agrees is %v, want %v", got, tt.want)
			}
			if got := (report{lines: []line{{}, tt.line}}).ok(); got != tt.want {
				t.Errorf("report is ok: %v, want %v", got, tt.want)
			}
		})
	}
}

// Ensure a complaint fails a report whose figures all agree.
func TestReportFailsOnComplaint(t *testing.T) {
	t.Parallel()
	if (report{problems: []string{"Ana Ruiz: got no first DM"}}).ok() {
		t.Error("report with a complaint is ok")
	}
}

// Ensure the table marks what differs, and shows what is unknown as such.
func TestReportPrint(t *testing.T) {
	t.Parallel()
	r := report{
		lines:    []line{{"first DMs", 40, 40, 39, 40}, {"leads", 41, 41, unknown, unknown}},
		problems: []string{"Ana Ruiz: got no first DM"},
	}
	var out strings.Builder
	r.print(&out, false)
	want := `                               script   database   counters   fakes   
  first DMs                        40         40         39      40   DIFFERS
  leads                            41         41          -       -   ok

  DIFFERS Ana Ruiz: got no first DM
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// outcome is what a campaign left behind.
type outcome struct {
	leads     map[string]leadRow
	sent      []unipile.SentMessage
	delivered []accepted
}

// perfect is the outcome that the script wants.
func perfect(w world) *outcome {
	o := &outcome{leads: map[string]leadRow{}}
	for i, p := range w.people {
		id := memberID(i)
		if p.end != "" {
			o.leads[id] = leadRow{id, p.end, p.email}
		}
		if p.gets() {
			o.sent = append(o.sent, unipile.SentMessage{RecipientID: id, Text: "Which address?"})
		}
		if p.doubted {
			o.sent = append(o.sent, unipile.SentMessage{RecipientID: id, Text: "Thanks! Which one?"})
		}
		if p.email != "" {
			o.sent = append(o.sent, unipile.SentMessage{RecipientID: id, Text: "Here: " + magnetURL})
			o.delivered = append(o.delivered, accepted{"webhook-" + id, p.email})
		}
	}
	return o
}

// Ensure each sort of mistake about a person is found, also where the totals are
// right.
func TestCheckPeople(t *testing.T) {
	t.Parallel()
	w := newWorld()
	ana, stranger := memberID(0), memberID(len(w.people)-1)
	tests := []struct {
		name    string
		spoil   func(o *outcome)
		want    check // but for the complaints
		without bool  // no complaint: the figure alone
	}{
		{"nothing wrong", func(*outcome) {}, check{}, true},
		{"a second first DM", func(o *outcome) { o.sent = append(o.sent, o.sent[0]) }, check{duplicates: 1}, false},
		{"a second backup link", func(o *outcome) { o.sent = append(o.sent, o.sent[1]) }, check{duplicates: 1}, false},
		{"no first DM", func(o *outcome) { o.sent = o.sent[1:] }, check{}, false},
		{"a DM to a bystander instead", func(o *outcome) { o.sent[0].RecipientID = stranger }, check{strangers: 1}, false},
		{"a DM to nobody of the script", func(o *outcome) {
			o.sent = append(o.sent, unipile.SentMessage{RecipientID: companyID, Text: "Which address?"})
		}, check{strangers: 1}, false},
		{"an unfilled variable", func(o *outcome) { o.sent[0].Text = "Hi {{first_name}}" }, check{}, false},
		{"a piece of the address", func(o *outcome) {
			o.leads[ana] = leadRow{ana, endDelivered, "ruiz@example.com"}
		}, check{wrongStored: 1}, false},
		{"an address in another case", func(o *outcome) {
			o.delivered[0].Email = strings.ToUpper(o.delivered[0].Email)
		}, check{wrongDelivered: 1}, false},
		{"a lead of a bystander", func(o *outcome) {
			o.leads[stranger] = leadRow{stranger, endSilent, ""}
		}, check{}, false},
		{"no lead", func(o *outcome) { delete(o.leads, ana) }, check{}, false},
		{"a lead under two webhook-ids", func(o *outcome) {
			o.delivered = append(o.delivered, accepted{"another", o.delivered[0].Email})
		}, check{}, false},
		{"a lead twice under one webhook-id", func(o *outcome) {
			o.delivered = append(o.delivered, o.delivered[0])
		}, check{repeats: 1}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := perfect(w)
			tt.spoil(o)
			got := checkPeople(w, o.leads, o.sent, o.delivered)
			if complained := len(got.problems) > 0; complained == tt.without {
				t.Errorf("complaints: %q", got.problems)
			}
			got.problems = nil
			if diff := cmp.Diff(tt.want, *got, cmp.AllowUnexported(check{})); diff != "" {
				t.Errorf("figures (-want +got):\n%s", diff)
			}
		})
	}
}

// Ensure a delivery with a wrong signature is complained about, whatever it was
// answered with.
func TestCheckDeliveries(t *testing.T) {
	t.Parallel()
	var c check
	c.checkDeliveries([]receiver.Delivery{{ID: "a", Valid: true, Status: 503}, {ID: "b", Problem: "X-Webhook-Signature does not match", Status: 503}})
	if len(c.problems) != 1 || !strings.Contains(c.problems[0], "delivery b") {
		t.Errorf("complaints: %q, want one about b", c.problems)
	}
}
