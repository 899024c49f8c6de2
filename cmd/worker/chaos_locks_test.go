package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/sandbox/receiver"
	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// holder is somebody's open transaction, which keeps rows from everybody else.
type holder struct {
	tx pgx.Tx
}

// newHolder opens the transaction on a connection of its own.
func newHolder(t *testing.T, pool *pgxpool.Pool) *holder {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { _ = conn.Close(ctx) })
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &holder{tx: tx}
}

// lock waits until n of the rows that a query with FOR UPDATE SKIP LOCKED returns are held. It
// never waits for a worker while it holds what that worker wants.
func (h *holder) lock(t *testing.T, what string, n int, sql string, args ...any) (held []string) {
	t.Helper()
	wait(t, "a lock on "+what, func() bool {
		rows, err := h.tx.Query(t.Context(), sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if !slices.Contains(held, id) {
				held = append(held, id)
			}
		}
		return len(held) >= n
	})
	return held
}

// release ends the transaction as a producer's that changed its mind.
func (h *holder) release(t *testing.T) {
	t.Helper()
	if err := h.tx.Rollback(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// Ensure rows that somebody holds in an open transaction, of every table that a message passes
// through, keep nobody else of the same account from being written to, heard and delivered,
// while workers are killed beside it; and that those are served once when they are free.
func TestChaosLocksHeld(t *testing.T) {
	t.Parallel()
	takePlace(t)
	const people, workers = 18, 2
	known, silent, late := []int{0, 1}, []int{2, 3}, []int{4, 5}
	const killed, stuck = people - 2, people - 1 // who comment last
	pool := storetest.New(t)
	o := newOutside(t, pool, 300*time.Millisecond)
	o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "20ms", "50ms"
	o.populate(people - 2)
	o.seed(t, pool)
	for _, n := range silent {
		o.unipile.SetPersona(person(n), unipile.Persona{})
	}
	o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Status: 504, AfterStore: true, Times: 1, PersonID: person(6)})
	o.receiver.Behave("/leads", receiver.Behaviour{Delay: time.Second, Times: 1}, receiver.Behaviour{Status: 503, Times: 3})

	// Leads that producers made before anybody commented.
	execSQL(t, pool, `INSERT INTO leads (campaign_id, linkedin_id, provider_id, status)
		SELECT c.id, p, concat(p), 'comment_detected' FROM campaigns c, unnest($1::text[]) p`, members(known...))
	h := newHolder(t, pool)
	const leadsOf = "SELECT id::text FROM leads WHERE provider_id = ANY ($1) AND status = $2 FOR UPDATE SKIP LOCKED"
	h.lock(t, "leads whose comments nobody read", len(known), leadsOf, members(known...), "comment_detected")

	// Messages that wait for their turn.
	o.printed(t, "accounts pause "+accountID+" --only first_dm")
	running := make([]*process, workers)
	for i := range running {
		running[i] = o.spawn(t)
	}
	until(t, pool, "the messages to all others", "SELECT count(*) = $1 FROM workers.messages WHERE state = 'queued'", people-2-len(known))
	const messagesTo = "SELECT id::text FROM workers.messages WHERE recipient_id = ANY ($1) AND state = $2 FOR UPDATE SKIP LOCKED"
	h.lock(t, "messages that wait", len(late), messagesTo, members(late...), "queued")
	o.printed(t, "accounts resume "+accountID)

	// A webhook, most likely while it is delivered, and leads that were written to and answer.
	webhook := h.lock(t, "a webhook", 1, `SELECT lead_id::text FROM webhook_logs WHERE status <> 'sent' LIMIT 1 FOR UPDATE SKIP LOCKED`)[0]
	h.lock(t, "leads that are about to answer", len(silent), leadsOf, members(silent...), "dm_sent")
	for _, n := range silent {
		o.unipile.Receive(accountID, person(n), fmt.Sprintf("person%d@example.com", n))
	}

	// Messages that are being sent: the worker of one dies, that of the other cannot record it.
	for _, n := range []int{killed, stuck} {
		hung := o.unipile.AddFault(unipile.Fault{Operation: "start_chat", AfterStore: true, Hang: true, Times: 1, PersonID: person(n)})
		o.ask(n)
		wait(t, "a message whose answer does not come", func() bool { return o.unipileTo(person(n)) == 1 })
		h.lock(t, "a message that is being sent", 1, messagesTo, members(n), "sending")
		for i := 0; n == killed && i < workers; i++ {
			running[i].kill(t)
			running[i] = o.spawn(t)
		}
		o.unipile.Release(hung)
	}

	held := append(members(slices.Concat(known, silent, late)...), members(killed, stuck)...)
	until(t, pool, "everybody else to be served", `
		SELECT count(*) FILTER (WHERE l.status = 'webhook_sent' AND w.status = 'sent' AND m.state = 'sent') = $1
		FROM leads l
		JOIN webhook_logs w ON w.lead_id = l.id
		JOIN workers.messages m ON m.lead_id = l.id AND m.purpose = 'backup_link'
		WHERE l.provider_id <> ALL ($2) AND l.id <> $3`, people-len(held)-1, held, webhook)
	o.assertHeld(t, pool, slices.Concat(known, late), silent, webhook)

	h.release(t)
	o.untilDelivered(t, pool, people)
	o.assertExactlyOnce(t, people)
	o.assertDelivered(t, people)
	until(t, pool, "the scan to be over", "SELECT comments_scanned >= $1 FROM scrape_jobs", people+1) // and the author's
	var scanned, found int
	err := pool.QueryRow(t.Context(), "SELECT comments_scanned, trigger_words_found FROM scrape_jobs").Scan(&scanned, &found)
	if err != nil || scanned != people+1 || found != people {
		t.Errorf("%d comments and %d words are counted (%v), want %d and %d", scanned, found, err, people+1, people)
	}
}

// assertHeld makes sure that the locks held back what this test is about: else it shows nothing.
func (o *outside) assertHeld(t *testing.T, pool *pgxpool.Pool, unwritten, unheard []int, webhook string) {
	t.Helper()
	for _, n := range unwritten {
		if got := o.unipileTo(person(n)); got != 0 {
			t.Errorf("person %d got %d messages while their row was locked", n, got)
		}
	}
	if got := queryString(t, pool, "SELECT count(*)::text FROM leads WHERE provider_id = ANY ($1) AND status = 'dm_sent'",
		members(unheard...)); got != fmt.Sprint(len(unheard)) {
		t.Errorf("%s leads wait for the lock to be heard, want %d", got, len(unheard))
	}
	if got := queryString(t, pool, "SELECT status FROM webhook_logs WHERE lead_id = $1", webhook); got == "sent" {
		t.Error("the webhook was recorded as sent in spite of the lock")
	}
}

// members are the LinkedIn ids of people.
func members(people ...int) (ids []string) {
	for _, n := range people {
		ids = append(ids, person(n))
	}
	return ids
}
