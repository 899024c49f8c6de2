package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/sandbox/postgres"
	"github.com/bravorevos/workers/store/storetest"
)

// link is the network between a worker and somebody, which can be made to fail.
type link struct{ proxy *toxiproxy.Proxy }

// newLink starts a proxy in front of the host of an address, and returns the address
// that leads through it.
func newLink(t *testing.T, address string) (link, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := link{toxiproxy.NewProxy(server, "link", "127.0.0.1:0", u.Host)}
	if err := l.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.proxy.Stop)
	u.Host = l.proxy.Listen
	return l, u.String()
}

// attributes are those of a toxic: https://github.com/Shopify/toxiproxy#toxics
type attributes map[string]int

// suffer makes what comes from the other side late, slow, sliced or broken.
func (l link) suffer(t *testing.T, toxic string, with attributes) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"name": toxic, "type": toxic, "stream": "downstream", "attributes": with})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(string(body))); err != nil {
		t.Fatal(err)
	}
}

// recover ends all suffering.
func (l link) recover(t *testing.T) {
	t.Helper()
	l.proxy.Toxics.ResetToxics(t.Context())
}

// trouble is what happens to a link while messages are under way.
type trouble struct {
	name  string
	toxic string // none: the link is cut
	with  attributes
	lasts time.Duration // zero: to the end
}

func troubles() []trouble {
	return []trouble{
		{name: "late", toxic: "latency", with: attributes{"latency": 20, "jitter": 15}},
		{name: "slow", toxic: "bandwidth", with: attributes{"rate": 60}},
		{name: "sliced", toxic: "slicer", with: attributes{"average_size": 60, "size_variation": 40, "delay": 500}},
		{name: "reset", toxic: "reset_peer", with: attributes{"timeout": 100}, lasts: 3 * time.Second},
		{name: "broken off", toxic: "limit_data", with: attributes{"bytes": 700}, lasts: 3 * time.Second},
		{name: "silent", toxic: "timeout", with: attributes{"timeout": 0}, lasts: 6 * time.Second},
		{name: "cut", lasts: 3 * time.Second},
	}
}

// Ensure a network that is late, slow, silent, broken off, reset or cut, to the
// database or to the provider, doubles nothing and forgets nobody.
func TestBadNetwork(t *testing.T) {
	t.Parallel()
	const people = 16
	for _, to := range []string{"DATABASE_URL", "UNIPILE_DSN"} {
		for _, bad := range troubles() {
			t.Run(to+" "+bad.name, func(t *testing.T) {
				t.Parallel()
				pool := storetest.New(t)
				o := newOutside(t, pool, 300*time.Millisecond)
				o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "20ms", "100ms"
				var l link
				l, o.environ[to] = newLink(t, o.environ[to])
				o.populate(people)
				o.seed(t, pool)
				o.spawn(t)
				wait(t, "some messages", func() bool { return len(o.unipile.Sent()) >= people/4 })
				if bad.toxic == "" {
					l.proxy.Stop()
				} else {
					l.suffer(t, bad.toxic, bad.with)
				}
				if bad.lasts > 0 {
					<-time.After(bad.lasts)
					l.recover(t)
				}
				if bad.toxic == "" {
					if err := l.proxy.Start(); err != nil {
						t.Fatal(err)
					}
				}
				o.untilDelivered(t, pool, people)
				o.assertExactlyOnce(t, people)
				o.assertDelivered(t, people)
			})
		}
	}
}

// untilDelivered gives work that backs off time to come back.
func (o *outside) untilDelivered(t *testing.T, pool *pgxpool.Pool, people int) {
	t.Helper()
	tooLong := time.After(3 * time.Minute)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		var done bool
		if err := pool.QueryRow(t.Context(), everyLeadDelivered, people).Scan(&done); err == nil && done {
			return
		}
		select {
		case <-look.C:
		case <-tooLong:
			t.Fatalf("waited too long for all leads delivered: %s", state(t, pool))
		}
	}
}

// Ensure a database that dies and comes back in the midst of it doubles nothing and
// forgets nobody, with one worker and with several.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	const people = 24
	server, err := postgres.Start(t.Context(), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	pool, err := pgxpool.New(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	o := newOutside(t, pool, 300*time.Millisecond)
	o.environ["WRITE_GAP_MIN"], o.environ["WRITE_GAP_MAX"] = "20ms", "100ms"
	o.populate(people)
	o.seed(t, pool)
	for range 2 {
		o.spawn(t)
	}
	for _, sent := range []int{people / 4, people / 2} {
		wait(t, "some messages", func() bool { return len(o.unipile.Sent()) >= sent })
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	o.untilDelivered(t, pool, people)
	o.assertExactlyOnce(t, people)
	o.assertDelivered(t, people)
}
