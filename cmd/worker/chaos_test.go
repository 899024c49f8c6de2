package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/sandbox/postgres"
	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

//nolint:gochecknoglobals // flags of the test binary
var (
	chaosKills = flag.Int("chaos.kills", 10, "how many workers TestChaos kills")
	chaosSeed  = flag.Uint64("chaos.seed", 0, "what TestChaos draws from; 0 draws that, too")
)

// sized chooses between the size of a scenario among all other tests and that of a run for
// its own sake. The few are written to, killed and checked as the many are.
func sized(few, many int) int {
	if *chaosKills > 50 {
		return many
	}
	return few
}

// crowd has a place for each test that may run a whole world of workers at the same time:
// with more of them beside each other, all wait for the processor until their time is over.
var crowd = make(chan struct{}, 3)

// takePlace waits until few enough of such tests run.
func takePlace(t *testing.T) {
	t.Helper()
	crowd <- struct{}{}
	t.Cleanup(func() { <-crowd })
}

// chaos is a world that goes on while its workers are killed.
type chaos struct {
	*outside

	pool   *pgxpool.Pool
	server *postgres.Server // that may be restarted; nil: a shared one
	draw   *rand.Rand

	begin           int // how many ask before the first worker starts
	people          int
	strangers, met  int // not connected; of those, who accept the invitation
	kills, restarts int
}

// Ensure workers that are killed at random moments, with a provider that fails at
// random and a database that restarts, write to every commenter exactly once, to
// nobody else, and deliver every lead.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	var expected, sent, kills, restarts atomic.Int64
	t.Cleanup(func() {
		t.Logf("in all: %d kills, %d restarts of Postgres, %d first messages expected, %d sent", kills.Load(), restarts.Load(), expected.Load(), sent.Load())
	})
	for i, share := range []struct{ workers, kills int }{
		{1, *chaosKills * 2 / 10}, {2, *chaosKills * 3 / 10}, {4, *chaosKills - *chaosKills*2/10 - *chaosKills*3/10},
	} {
		t.Run(fmt.Sprintf("%d workers", share.workers), func(t *testing.T) {
			t.Parallel()
			if *chaosKills <= 50 {
				takePlace(t) // in a run for its own sake each has a server and hours
			}
			start := time.Now()
			c := newChaos(t, rand.New(rand.NewPCG(seed, uint64(i))), *chaosKills > 50)
			c.rage(t, share.workers, share.kills)
			total := c.people - c.strangers + c.met
			c.settle(t)
			got := c.assert(t)
			expected.Add(int64(total))
			sent.Add(int64(got))
			kills.Add(int64(c.kills))
			restarts.Add(int64(c.restarts))
			t.Logf("%d kills and %d restarts of Postgres in %s: %d first messages expected, %d sent; %d public replies, %d invitations, %d webhooks (%d repeated)",
				c.kills, c.restarts, time.Since(start).Round(time.Second), total, got, len(c.unipile.PublicReplies(accountID)),
				len(c.unipile.Invitations()), c.receiver.Accepted(), c.receiver.Duplicates())
		})
	}
}

// newChaos makes a world with a database, on a server of its own where that is to be
// restarted.
func newChaos(t *testing.T, draw *rand.Rand, ownServer bool) *chaos {
	t.Helper()
	c := &chaos{draw: draw, begin: 20}
	if ownServer {
		var err error
		if c.server, err = postgres.Start(t.Context(), postgres.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.server.Stop() })
		if c.pool, err = pgxpool.New(t.Context(), c.server.URL()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.pool.Close)
		if _, err := migrations.Up(t.Context(), c.pool); err != nil {
			t.Fatal(err)
		}
	} else {
		c.pool = storetest.New(t)
	}
	c.outside = newOutside(t, c.pool, 300*time.Millisecond)
	// Slow enough to be under way whenever a worker is killed.
	c.environ["WRITE_GAP_MIN"], c.environ["WRITE_GAP_MAX"] = "20ms", "100ms"
	c.environ["RELATIONS_INTERVAL"] = "500ms"
	c.environ["PUBLIC_REPLIES_PER_HOUR"], c.environ["PUBLIC_REPLIES_PER_DAY"] = "10000", "10000"
	c.environ["INVITATIONS_PER_HOUR"], c.environ["INVITATIONS_PER_DAY"], c.environ["INVITATIONS_PER_WEEK"] = "10000", "10000", "10000"
	c.populate(0)
	c.seed(t, c.pool)
	execSQL(t, c.pool, `UPDATE campaigns SET settings = '{"workers": {"not_connected": {
		"public_reply": {"variants": ["{{first_name}}, please connect"]},
		"invitation": {"variants": ["Hi {{first_name}}, let us connect"]}}}}'`)
	for _, f := range []unipile.Fault{
		{Operation: "start_chat", Status: 504, AfterStore: true, Probability: 0.05},
		{Operation: "start_chat", Reset: true, AfterStore: true, Probability: 0.05},
		{Operation: "start_chat", NullIDs: true, Probability: 0.05},
		{Operation: "send_message", Status: 504, AfterStore: true, Probability: 0.05},
		{Operation: "send_message", Status: 503, Probability: 0.03},
		{Operation: "comment", Status: 504, AfterStore: true, Probability: 0.1},
		{Operation: "invite", Status: 504, AfterStore: true, Probability: 0.1},
		{Operation: "list_messages", Status: 500, Probability: 0.02},
		{Operation: "list_comments", Status: 500, Probability: 0.02},
	} {
		c.unipile.AddFault(f)
	}
	c.receiver.FailFirst("/leads", 3, 503)
	return c
}

// comment lets one more person ask. Every seventh is no connection; every other of
// those becomes one.
func (c *chaos) comment() {
	id := person(c.people)
	c.unipile.AddPerson(unipile.Person{ProviderID: id, Slug: fmt.Sprintf("person-%d", c.people), Name: fmt.Sprintf("Person No%d", c.people)})
	persona := unipile.Persona{Replies: []unipile.Answer{{After: 50 * time.Millisecond, Text: fmt.Sprintf("Sure, it's person%d@example.com", c.people)}}}
	if c.people%7 == 6 {
		c.unipile.SetDistance(accountID, id, 2)
		persona = unipile.Persona{}
		c.strangers++
		if c.strangers%2 == 0 {
			persona.Accepts = 200 * time.Millisecond
			c.met++
		}
	}
	c.unipile.SetPersona(id, persona)
	c.unipile.AddComment(unipile.Comment{PostID: postID, AuthorID: id, Text: "guide please"})
	c.people++
}

// rage kills workers at random, and restarts the database now and then, while people
// go on asking.
func (c *chaos) rage(t *testing.T, workers, kills int) {
	t.Helper()
	for range c.begin {
		c.comment()
	}
	running := make([]*process, workers)
	for i := range running {
		running[i] = c.spawn(t)
	}
	for c.kills < kills {
		pause := time.NewTimer(time.Duration(100+c.draw.IntN(900)) * time.Millisecond)
		<-pause.C
		victim := c.draw.IntN(workers)
		running[victim].kill(t)
		running[victim] = c.spawn(t)
		c.kills++
		for range 2 {
			c.comment()
		}
		if c.server != nil && c.kills%25 == 0 {
			c.restart(t)
		}
	}
}

func (c *chaos) restart(t *testing.T) {
	t.Helper()
	if err := c.server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.restarts++
}

// settle waits until nothing is left to do.
func (c *chaos) settle(t *testing.T) {
	t.Helper()
	answering := c.people - c.strangers
	tooLong := time.After(4 * time.Minute)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		var done bool
		err := c.pool.QueryRow(t.Context(), `SELECT
			(SELECT count(*) = $1 FROM leads WHERE status = 'webhook_sent')
			AND (SELECT count(*) = $2 FROM leads WHERE status = 'dm_sent')
			AND (SELECT count(*) = $3 FROM leads WHERE status = 'not_connected')
			AND NOT EXISTS (SELECT FROM workers.messages WHERE state IN ('queued', 'sending', 'unknown'))`,
			answering, c.met, c.strangers-c.met).Scan(&done)
		if err == nil && done {
			return
		}
		select {
		case <-look.C:
		case <-tooLong:
			t.Fatalf("not settled, %v: %s", err, state(t, c.pool))
		}
	}
}

// state tells what waits, for a test that failed.
func state(t *testing.T, pool *pgxpool.Pool) (state string) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `SELECT json_build_object(
		'leads', (SELECT json_object_agg(status, n) FROM (SELECT status, count(*) n FROM leads GROUP BY 1) l),
		'messages', (SELECT json_object_agg(purpose || ' ' || state, n) FROM (SELECT purpose, state, count(*) n FROM workers.messages GROUP BY 1, 2) m),
		'open', (SELECT json_agg(m) FROM (SELECT id, purpose, state, attempts, not_before, claimed_at, provider_claimed_at, error_type, doubt
			FROM workers.messages WHERE state IN ('queued', 'sending', 'unknown') LIMIT 5) m),
		'unheard', (SELECT json_agg(u) FROM (SELECT m.id, m.claimed_at, m.provider_claimed_at, m.sent_at, m.provider_sent_at,
				i.sent_at AS answered_at, i.received_at, i.handled_at, i.result, i.reason
			FROM leads l JOIN workers.messages m ON m.lead_id = l.id LEFT JOIN workers.inbox_messages i ON i.sender_id = m.recipient_id
			WHERE l.status = 'dm_sent' LIMIT 5) u),
		'scrape job', (SELECT json_agg(s) FROM (SELECT status, next_check, last_error FROM scrape_jobs) s),
		'pauses', (SELECT json_agg(p) FROM workers.pauses p))::text`).Scan(&state)
	if err != nil {
		t.Error(err)
	}
	return state
}

// assert compares what the provider itself saw with what it should have seen. It
// returns how many first messages were sent.
func (c *chaos) assert(t *testing.T) (sent int) {
	t.Helper()
	first, backup, replies, invited := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, m := range c.unipile.Sent() {
		if isBackup(m.Text) {
			backup[m.RecipientID]++
		} else {
			first[m.RecipientID]++
			sent++
		}
	}
	for _, r := range c.unipile.PublicReplies(accountID) {
		replies[r.ToID]++
	}
	for _, i := range c.unipile.Invitations() {
		invited[i.PersonID]++
	}
	stranger := 0
	for n := range c.people {
		id := person(n)
		apart, connects := n%7 == 6, false
		if apart {
			stranger++
			connects = stranger%2 == 0
		}
		for _, want := range []struct {
			what string
			got  int
			once bool
		}{
			{"first messages", first[id], !apart || connects}, {"backup links", backup[id], !apart},
			{"invitations", invited[id], apart},
		} {
			if want.got > 1 || (want.got == 1) != want.once {
				t.Errorf("person %d got %d %s, want one: %t", n, want.got, want.what, want.once)
			}
		}
		// Who connects at once may do so before the public reply went out.
		if replies[id] > 1 || (replies[id] == 1 && !apart) || (replies[id] == 0 && apart && !connects) {
			t.Errorf("person %d got %d public replies", n, replies[id])
		}
		delete(first, id)
		delete(backup, id)
	}
	if len(first)+len(backup)+c.unipileTo(authorID) > 0 {
		t.Errorf("strangers got messages: %v %v", first, backup)
	}
	c.assertDelivered(t, c.people-c.strangers)
	return sent
}

// unipileTo counts the messages to somebody.
func (o *outside) unipileTo(id string) (n int) {
	for _, m := range o.unipile.Sent() {
		if m.RecipientID == id {
			n++
		}
	}
	return n
}
