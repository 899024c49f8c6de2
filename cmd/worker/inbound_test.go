package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/sandbox/unipile"
	"github.com/bravorevos/workers/store/storetest"
)

// heardByWebhook is a world in which n people were asked and nobody looks into inboxes:
// what they write comes by webhook, or not at all.
func heardByWebhook(tb testing.TB, n int, noise unipile.WebhookNoise) (*outside, *pgxpool.Pool) {
	tb.Helper()
	pool := storetest.New(tb)
	o := newOutside(tb, pool, 0)
	o.environ["INBOX_INTERVAL"] = "1h"
	o.environ["UNIPILE_WEBHOOK_SECRET"] = "inbound-secret-of-the-tests"
	o.populate(n)
	for i := range n {
		o.unipile.SetPersona(person(i), unipile.Persona{}) // they answer when the test says so
	}
	o.unipile.SetWebhookNoise(noise)
	w := o.run(tb)
	o.subscribe(tb, "http://"+w.addr.String()+"/webhooks/unipile")
	o.seed(tb, pool)
	until(tb, pool, "everybody to be asked", "SELECT count(*) = $1 FROM leads WHERE status = 'dm_sent'", n)
	return o, pool
}

// subscribe registers the worker for the messages of all accounts, as an operator does.
func (o *outside) subscribe(tb testing.TB, url string) {
	tb.Helper()
	body, err := json.Marshal(map[string]any{
		"source": "messaging", "request_url": url, "name": "inbox",
		"headers": []map[string]string{{"key": "Unipile-Auth", "value": o.environ["UNIPILE_WEBHOOK_SECRET"]}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, o.environ["UNIPILE_DSN"]+"/api/v1/webhooks", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("X-Api-Key", o.environ["UNIPILE_API_KEY"])
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		tb.Fatalf("registering the webhook answered %s", resp.Status)
	}
}

// Ensure answers that come by webhook alone become delivered leads, once each, however
// often and in whatever order they come.
func TestAnswersByWebhook(t *testing.T) {
	t.Parallel()
	const people = 5
	o, pool := heardByWebhook(t, people, unipile.WebhookNoise{Duplicate: true, Reorder: true})
	for i := range people {
		o.unipile.Receive(accountID, person(i), "one moment")
		o.unipile.Receive(accountID, person(i), fmt.Sprintf("person%d@example.com", i))
	}
	until(t, pool, "all leads delivered", everyLeadDelivered, people)
	o.assertExactlyOnce(t, people)
	o.assertDelivered(t, people)
}

// BenchmarkAnswerToLead measures the way of an answer: from when the person sends it,
// over Unipile's webhook, to the stored address and to the delivered lead.
func BenchmarkAnswerToLead(b *testing.B) {
	const people = 200
	o, pool := heardByWebhook(b, people, unipile.WebhookNoise{})
	var captured, delivered []time.Duration
	for n := 0; b.Loop(); n++ {
		i := n % people
		if n >= people {
			b.StopTimer() // everybody has answered
			continue
		}
		start := time.Now()
		o.unipile.Receive(accountID, person(i), fmt.Sprintf("person%d@example.com", i))
		waitFor(b, pool, "SELECT email IS NOT NULL FROM leads WHERE linkedin_id = $1", person(i))
		captured = append(captured, time.Since(start))
		waitFor(b, pool, "SELECT status = 'webhook_sent' FROM leads WHERE linkedin_id = $1", person(i))
		delivered = append(delivered, time.Since(start))
	}
	for name, times := range map[string][]time.Duration{"captured": captured, "delivered": delivered} {
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-"+name+"-p50")
		b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "ms-"+name+"-p95")
	}
}

// waitFor looks every millisecond: closer than until, for measuring.
func waitFor(tb testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	tb.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		var ok bool
		if err := pool.QueryRow(tb.Context(), sql, args...).Scan(&ok); err != nil {
			tb.Fatal(err)
		}
		switch {
		case ok:
			return
		case time.Now().After(deadline):
			tb.Fatalf("waited too long: %s", sql)
		}
		<-time.After(time.Millisecond)
	}
}
