package jobs_test

import (
	"testing"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs"
)

// Ensure handling one person's message closes nobody else's: a "stop" of somebody whose
// address was taken waits for its own job.
func TestStopIsNotClosedUnheard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(1, nil)
	done := b.ask(2, nil)
	b.exec("UPDATE leads SET status = 'webhook_sent' WHERE id = $1", done.lead)
	for n, text := range map[int]string{1: "who is this?", 2: "stop"} {
		b.must(b.inbound.Take(t.Context(), messageFrom(b, n, text)))
	}
	for _, n := range []int{1, 2} {
		id := scalar[int64](b, "SELECT id FROM workers.inbox_messages WHERE sender_id = $1", member(n))
		b.wantEvent(work(b, jobs.HandleAnswerArgs{InboxMessageID: id}), river.EventKindJobCompleted)
	}
	if n := scalar[int](b, "SELECT count(*) FROM workers.opt_outs WHERE person_id = $1", member(2)); n != 1 {
		t.Error("the stop was not heard")
	}
}
