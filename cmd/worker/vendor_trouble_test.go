package main

import (
	"testing"
	"time"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a provider that fails in each of its ways gets every message exactly once,
// with one, two and four workers.
func TestProviderInTrouble(t *testing.T) {
	t.Parallel()
	const people = 20
	third := 1.0 / 3
	for name, tc := range map[string]struct {
		workers int
		lag     time.Duration
		faults  []unipile.Fault
	}{
		"504 although it stored the message": {1, 0, []unipile.Fault{
			{Operation: "start_chat", Status: 504, AfterStore: true, Probability: third},
			{Operation: "send_message", Status: 504, AfterStore: true, Probability: third},
		}},
		"resets after it stored the message": {2, 0, []unipile.Fault{
			{Operation: "start_chat", Reset: true, AfterStore: true, Probability: third},
			{Operation: "send_message", Reset: true, AfterStore: true, Probability: third},
		}},
		"500 and 503 before it stored anything": {2, 0, []unipile.Fault{
			{Operation: "start_chat", Status: 503, Probability: third, Times: 8}, {Operation: "send_message", Status: 500, Probability: third, Times: 8},
		}},
		"no ids": {4, 0, []unipile.Fault{
			{Operation: "start_chat", NullIDs: true}, {Operation: "send_message", NullIDs: true},
		}},
		"reads that lag, and 504": {4, 1500 * time.Millisecond, []unipile.Fault{
			{Operation: "start_chat", Status: 504, AfterStore: true, Probability: third},
			{Operation: "start_chat", NullIDs: true, Probability: third},
		}},
		"reads that fail": {2, 0, []unipile.Fault{
			{Operation: "list_messages", Status: 500, Probability: third}, {Operation: "list_comments", Status: 503, Times: 2},
			{Operation: "start_chat", Status: 504, AfterStore: true, Probability: third},
			{Operation: "chats_with", Status: 500, Probability: third},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			o := newOutside(t, pool, tc.lag)
			o.populate(people)
			for _, f := range tc.faults {
				o.unipile.AddFault(f)
			}
			o.seed(t, pool)
			for range tc.workers {
				o.spawn(t)
			}
			o.untilDelivered(t, pool, people)
			o.assertExactlyOnce(t, people)
			o.assertDelivered(t, people)
		})
	}
}
