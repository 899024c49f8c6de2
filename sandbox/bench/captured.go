package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/sandbox/process"
	"github.com/bravorevos/workers/sandbox/unipile"
)

// captured lets people answer at a rate and measures from when the worker has stored the
// address to the arrival of the lead. The answers come by the webhooks of a pretend
// Unipile, an account a receiver, so that many are told at once.
type captured struct {
	perSecond float64
	accounts  int
	length    time.Duration
	patience  time.Duration
}

const (
	unipileKey    = "bench-unipile-key"
	inboundSecret = "inbound-secret-of-the-bench"
	owner         = "ACoAABenchOwner%024d"
	lead          = "ACoAABenchLead%025d"
)

// insertAsked are leads that were written to before there were workers: nothing but
// producers' rows. Their scrape jobs are over, so that nobody reads comments.
const insertAsked = `WITH account AS (
    SELECT number, url FROM unnest($1::text[]) WITH ORDINALITY AS u (url, number)
), campaign AS (
    INSERT INTO campaigns (name, trigger_word, status) SELECT number::text, 'guide', 'active' FROM account RETURNING id, name::int AS number
), job AS (
    INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, trigger_word, webhook_url, status)
    SELECT c.id, 'post ' || c.number, 'account ' || c.number - 1, 'guide', a.url, 'completed'
    FROM campaign c JOIN account a USING (number)
)
INSERT INTO leads (campaign_id, linkedin_id, provider_id, name, status)
SELECT c.id, p.id, p.id AS provider_id, 'Ana Sousa', 'dm_sent'
FROM unnest($2::text[]) WITH ORDINALITY AS p (id, n) JOIN campaign c ON c.number = 1 + (p.n - 1) % cardinality($1::text[])`

func (o captured) run(ctx context.Context, b *bench) (f figures, r remarks, err error) {
	d, err := b.server.database(ctx)
	if err != nil {
		return nil, remarks{}, err
	}
	defer func() { err = errors.Join(err, d.drop(ctx)) }()
	sink, err := newSink(ctx, b.secret, o.accounts, 0)
	if err != nil {
		return nil, remarks{}, err
	}
	defer sink.close()
	linkedin, err := newLinkedIn(ctx, o.accounts)
	if err != nil {
		return nil, remarks{}, err
	}
	defer linkedin.close()

	people := make([]string, int(o.perSecond*(warmUp+o.length).Seconds()))
	for i := range people {
		people[i] = fmt.Sprintf(lead, i)
		linkedin.AddPerson(unipile.Person{ProviderID: people[i], Name: "Ana Sousa"})
	}
	workers, err := b.start(ctx, d, 1, map[string]string{
		"UNIPILE_DSN":            linkedin.url,
		"UNIPILE_WEBHOOK_SECRET": inboundSecret,
		"INBOX_INTERVAL":         "1h", // nobody looks: what is heard comes by webhook
	})
	if err != nil {
		return nil, remarks{}, err
	}
	defer func() {
		if workers != nil {
			err = errors.Join(err, b.stop(workers))
		}
	}()
	if _, err := d.pool.Exec(ctx, insertAsked, sink.urls, people); err != nil {
		return nil, remarks{}, fmt.Errorf("write leads: %w", err)
	}
	if _, err := d.pool.Exec(ctx, "ANALYZE"); err != nil {
		return nil, remarks{}, fmt.Errorf("analyze: %w", err)
	}
	if err := linkedin.subscribe(ctx, workers[0], o.accounts); err != nil {
		return nil, remarks{}, err
	}

	enough := sink.expect(len(people))
	answered := make([]time.Time, len(people))
	err = pacer{o.perSecond, len(people)}.run(ctx, func(_ context.Context, i int) error {
		answered[i] = time.Now()
		linkedin.Receive(account(i%o.accounts), people[i], fmt.Sprintf("sure, p%d@example.com", i))
		return nil
	})
	if err != nil {
		return nil, remarks{}, err
	}
	all, err := within(ctx, enough, o.patience)
	if err != nil {
		return nil, remarks{}, err
	}
	if all {
		if err := d.waitSent(ctx, ""); err != nil {
			return nil, remarks{}, err
		}
	}
	err = b.stop(workers)
	if workers = nil; err != nil {
		return nil, remarks{}, err
	}
	if f, err = o.evaluate(ctx, d, sink, answered); err != nil {
		return nil, remarks{}, err
	}
	r, err = d.verify(ctx, sink, "", all)
	return f, r, err
}

func account(i int) string { return fmt.Sprintf("account %d", i) }

// evaluate takes the moment of the capture from the row that was written with it: that is
// when the transaction began.
func (o captured) evaluate(ctx context.Context, d *database, sink *sink, answered []time.Time) (figures, error) {
	rows, err := d.pool.Query(ctx, "SELECT id, created_at, payload ->> 'email' FROM webhook_logs")
	if err != nil {
		return nil, fmt.Errorf("read captured leads: %w", err)
	}
	warm := int(o.perSecond * warmUp.Seconds())
	var afterCapture, afterAnswer []time.Duration
	var arrivals []time.Time
	var id uuid.UUID
	var capturedAt time.Time
	var email string
	_, err = pgx.ForEachRow(rows, []any{&id, &capturedAt, &email}, func() error {
		var i int
		if _, err := fmt.Sscanf(email, "p%d@example.com", &i); err != nil || i >= len(answered) {
			return fmt.Errorf("%q is nobody's address", email)
		}
		if at, ok := sink.arrived(id); ok && i >= warm {
			afterCapture = append(afterCapture, max(at.Sub(capturedAt), 0))
			afterAnswer = append(afterAnswer, at.Sub(answered[i]))
			arrivals = append(arrivals, at)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read captured leads: %w", err)
	}
	f := figures{
		offered: achieved(answered[warm:]), rate: achieved(arrivals), missing: float64(len(answered) - warm - len(arrivals)),
	}
	f.latencies(afterCapture)
	if len(afterAnswer) > 0 {
		slices.Sort(afterAnswer)
		f[answerP95] = milliseconds(percentile(afterAnswer, 95))
	}
	return f, nil
}

// linkedIn is the pretend Unipile at an address.
type linkedIn struct {
	*unipile.Server

	url     string
	server  *http.Server
	serving sync.WaitGroup
}

func newLinkedIn(ctx context.Context, accounts int) (*linkedIn, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for pretend unipile: %w", err)
	}
	l := &linkedIn{Server: unipile.New(unipile.Options{APIKey: unipileKey}), url: "http://" + listener.Addr().String()}
	for i := range accounts {
		l.AddAccount(unipile.Account{ID: account(i), Name: "Mara Lindqvist", ProviderID: fmt.Sprintf(owner, i)})
	}
	l.server = &http.Server{Handler: l.Handler(), ReadHeaderTimeout: time.Minute}
	l.serving.Go(func() { _ = l.server.Serve(listener) })
	return l, nil
}

func (l *linkedIn) close() {
	l.Close()
	_ = l.server.Close()
	l.serving.Wait()
}

// subscribe registers a worker for the messages of each account apart.
func (l *linkedIn) subscribe(ctx context.Context, w *process.Worker, accounts int) error {
	for i := range accounts {
		body, err := json.Marshal(map[string]any{
			"source": "messaging", "request_url": w.URL + "/webhooks/unipile", "name": "bench", "account_ids": []string{account(i)},
			"headers": []map[string]string{{"key": "Unipile-Auth", "value": inboundSecret}},
		})
		if err != nil {
			return fmt.Errorf("write registration: %w", err)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+"/api/v1/webhooks", bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("register webhook: %w", err)
		}
		request.Header.Set("X-Api-Key", unipileKey)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("register webhook: %w", err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusCreated {
			return fmt.Errorf("register webhook: pretend unipile answers %s", response.Status)
		}
	}
	return nil
}
