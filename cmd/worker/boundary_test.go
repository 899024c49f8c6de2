package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// boundary is a statement at which a worker is stopped for ever: right before its row
// is written, or at the commit of the transaction that wrote it.
type boundary struct {
	name   string
	table  string
	event  string // INSERT or UPDATE
	when   string // of the new row
	commit bool
	doubt  bool // the provider says 504 to the first message, which it stored
}

func boundaries() []boundary {
	return []boundary{
		{name: "while the comment is stored", table: "workers.comments", event: "INSERT", when: "NEW.decision = 'lead'"},
		{name: "while the message is queued", table: "workers.messages", event: "INSERT", when: "NEW.purpose = 'first_dm'", commit: true},
		{name: "while it claims", table: "workers.messages", event: "UPDATE", when: "NEW.state = 'sending'"},
		{name: "while the claim commits", table: "workers.messages", event: "UPDATE", when: "NEW.state = 'sending'", commit: true},
		{name: "while it records", table: "workers.messages", event: "UPDATE", when: "NEW.state = 'sent'"},
		{name: "while the record commits", table: "workers.messages", event: "UPDATE", when: "NEW.state = 'sent'", commit: true},
		{name: "while it records a doubt", table: "workers.messages", event: "UPDATE", when: "NEW.state = 'unknown'", doubt: true},
		{name: "while it takes a doubt to look", table: "workers.messages", event: "UPDATE", when: "OLD.state = 'unknown' AND NEW.claim IS DISTINCT FROM OLD.claim", doubt: true},
		{name: "while the job completes", table: "workers.river_job", event: "UPDATE", when: "NEW.kind = 'send_dm' AND NEW.state = 'completed'"},
		{name: "while the answer is stored", table: "workers.inbox_messages", event: "INSERT", when: "true"},
		{name: "while the address is captured", table: "public.leads", event: "UPDATE", when: "NEW.status = 'email_captured'"},
		{name: "while the capture commits", table: "public.leads", event: "UPDATE", when: "NEW.status = 'email_captured'", commit: true},
		{name: "while the delivery is recorded", table: "public.webhook_logs", event: "UPDATE", when: "NEW.status = 'sent'"},
	}
}

// hold lets the database stop whoever comes to the boundary, until the test lets go.
// It is a lock that real transactions wait for, so that nothing in the worker knows.
func (b boundary) hold(t *testing.T, pool *pgxpool.Pool) (release func()) {
	t.Helper()
	kind := "TRIGGER hold BEFORE " + b.event + " ON " + b.table
	if b.commit {
		kind = "CONSTRAINT TRIGGER hold AFTER " + b.event + " ON " + b.table + " DEFERRABLE INITIALLY DEFERRED"
	}
	execSQL(t, pool, `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$`)
	execSQL(t, pool, "CREATE "+kind+" FOR EACH ROW WHEN ("+b.when+") EXECUTE FUNCTION public.hold()")
	holder, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_lock(4711)"); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := holder.Exec(context.WithoutCancel(t.Context()), "SELECT pg_advisory_unlock(4711)")
		if err != nil {
			t.Error(err)
		}
		holder.Release()
		execSQL(t, pool, fmt.Sprintf("DROP TRIGGER hold ON %s", b.table))
	}
}

// somebodyWaits looks at this database alone: those of other tests have boundaries too.
const somebodyWaits = `SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// Ensure a worker that dies at any boundary of what it writes down doubles nothing and
// forgets nobody.
func TestKilledAtEveryBoundary(t *testing.T) {
	t.Parallel()
	const people = 3
	for _, b := range boundaries() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			o := newOutside(t, pool, 0)
			o.populate(people)
			o.seed(t, pool)
			if b.doubt {
				o.unipile.AddFault(unipile.Fault{Operation: "start_chat", Status: 504, AfterStore: true, Times: 1})
			}
			release := b.hold(t, pool)
			p := o.spawn(t)
			until(t, pool, "the worker to come to the boundary", somebodyWaits)
			p.kill(t)
			release()
			o.spawn(t)
			until(t, pool, "all leads delivered", everyLeadDelivered, people)
			o.assertExactlyOnce(t, people)
			o.assertDelivered(t, people)
		})
	}
}

// assertDelivered makes sure that every lead arrived, each under one webhook-id: at
// least once is what webhooks promise.
func (o *outside) assertDelivered(t *testing.T, leads int) {
	t.Helper()
	ids := map[string]bool{}
	for _, d := range o.receiver.Deliveries() {
		if !d.Valid {
			t.Errorf("delivery %s is not valid: %s", d.ID, d.Problem)
		}
		if d.Status/100 == 2 {
			ids[d.ID] = true
		}
	}
	if len(ids) != leads {
		t.Errorf("%d leads arrived at the receiver, want %d", len(ids), leads)
	}
}
