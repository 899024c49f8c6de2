package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/sandbox/process"
)

// drain is a number of rows that become due at one moment, before workers that run and
// have nothing else to do.
type drain struct {
	rows      int
	receivers int
	workers   int
	leads     bool          // the rows belong to leads of as many clients as there are receivers
	limit     time.Duration // it is not waited longer than this
}

// insertBacklog are rows of producers: of no campaign, as somebody writes them who knows a
// URL and a payload and nothing else.
const insertBacklog = `INSERT INTO webhook_logs (webhook_url, payload)
SELECT ($1::text[])[1 + n % cardinality($1::text[])], jsonb_build_object('email', 'p' || n || '@example.com', 'name', 'Ana Sousa',
    'source', 'agent', 'campaign_id', '9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b', 'timestamp', now())
FROM generate_series(1, $2::int) n`

// insertLeads are rows for leads: a client and a campaign for each receiver.
const insertLeads = `WITH client AS (
    INSERT INTO clients (name) SELECT 'client ' || n FROM generate_series(1, cardinality($1::text[])) n RETURNING id
), campaign AS (
    INSERT INTO campaigns (client_id, name, trigger_word, status) SELECT id, 'c', 'guide', 'active' FROM client RETURNING id
), numbered AS (
    SELECT id, row_number() OVER () AS number FROM campaign
), lead AS (
    INSERT INTO leads (campaign_id, linkedin_id, name, email, status)
    SELECT c.id, 'ACoAABench' || lpad(n::text, 29, '0'), 'Ana Sousa', 'p' || n || '@example.com', 'email_captured'
    FROM generate_series(1, $2::int) n JOIN numbered c ON c.number = 1 + n % cardinality($1::text[])
    RETURNING id, campaign_id, email
)
INSERT INTO webhook_logs (lead_id, campaign_id, webhook_url, payload)
SELECT l.id, l.campaign_id, ($1::text[])[c.number], jsonb_build_object('email', l.email, 'name', 'Ana Sousa', 'source', 'agent',
    'campaign_id', l.campaign_id, 'timestamp', now())
FROM lead l JOIN numbered c ON c.id = l.campaign_id`

// run drains once.
func (o drain) run(ctx context.Context, b *bench) (f figures, r remarks, err error) {
	d, err := b.server.database(ctx)
	if err != nil {
		return nil, remarks{}, err
	}
	defer func() { err = errors.Join(err, d.drop(ctx)) }()
	sink, err := newSink(ctx, b.secret, o.receivers, 0)
	if err != nil {
		return nil, remarks{}, err
	}
	defer sink.close()
	workers, err := b.start(ctx, d, o.workers, nil)
	if err != nil {
		return nil, remarks{}, err
	}
	f, from, complete, err := o.measure(ctx, d, sink, workers)
	if err := errors.Join(err, b.stop(workers)); err != nil {
		return nil, remarks{}, err
	}

	// The workers have said how many transactions they made.
	if err := f.countCommits(ctx, d, from, float64(sink.count())); err != nil {
		return nil, remarks{}, err
	}
	r, err = d.verify(ctx, sink, "", complete)
	return f, r, err
}

// measure lets the rows become due and follows them.
func (o drain) measure(
	ctx context.Context, d *database, sink *sink, workers []*process.Worker,
) (f figures, from snapshot, complete bool, err error) {
	enough := sink.expect(o.rows)
	insert := insertBacklog
	if o.leads {
		insert = insertLeads
	}
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, insert, sink.urls, o.rows); err != nil {
			return fmt.Errorf("write backlog: %w", err)
		}
		// A table that lives has statistics.
		if _, err := tx.Exec(ctx, "ANALYZE webhook_logs"); err != nil {
			return fmt.Errorf("analyze backlog: %w", err)
		}
		from, err = d.snapshot(ctx, workers)
		return err
	})
	if err != nil {
		return nil, from, false, err
	}

	began := time.Now()
	half, err := within(ctx, enough, o.limit/2)
	if err != nil {
		return nil, from, false, err
	}
	inHalf, halfTook := sink.count(), time.Since(began)
	complete = half
	if !half {
		if complete, err = within(ctx, enough, o.limit-o.limit/2); err != nil {
			return nil, from, false, err
		}
	}
	if complete { // what the rows say in the end is compared when no worker runs
		if err := d.waitSent(ctx, ""); err != nil {
			return nil, from, false, err
		}
	}
	took, arrived := time.Since(began), sink.count()
	to, err := d.snapshot(ctx, workers)
	if err != nil {
		return nil, from, false, err
	}
	f = figures{rate: float64(arrived) / took.Seconds()}
	if !half {
		f[lateRate] = float64(arrived-inHalf) / (took - halfTook).Seconds()
	}
	f.per(float64(arrived), from, to, d.server.counted)
	if mb, known := peak(workers); known {
		f[peakRSS] = mb
	}
	return f, from, complete, nil
}

// countCommits adds the transactions since a snapshot, for each thousand of n. Call it when
// no worker runs any more.
func (f figures) countCommits(ctx context.Context, d *database, from snapshot, n float64) error {
	all, err := d.commits(ctx)
	if err == nil && n > 0 {
		f[commits] = float64(all-from.commits) / n * 1000
	}
	return err
}

// verify compares the rows with what arrived, when no worker runs any more. Complete says
// that all rows must be sent, but for those to one URL.
func (d *database) verify(ctx context.Context, sink *sink, but string, complete bool) (remarks, error) {
	sent, err := d.sent(ctx, but)
	if err != nil {
		return remarks{}, err
	}
	problems, unrecorded := sink.compare(sent)
	r := remarks{problems: problems}
	if len(unrecorded) > 0 {
		said, err := d.describe(ctx, unrecorded)
		if err != nil {
			return remarks{}, err
		}
		// Not lost and not twice yet: at least once is what is promised, also to who stops in the
		// middle. Of a worker that had all the time it needed it is wrong.
		if complete {
			r.problems = append(r.problems, said)
		} else {
			r.notes = append(r.notes, said)
		}
	}
	if !complete {
		return r, nil
	}
	var rows int
	if err := d.pool.QueryRow(ctx, "SELECT count(*) FROM webhook_logs WHERE webhook_url <> $1", but).Scan(&rows); err != nil {
		return remarks{}, fmt.Errorf("count rows: %w", err)
	}
	if rows != len(sent) {
		r.problems = append(r.problems, fmt.Sprintf("%d of %d rows are not sent", rows-len(sent), rows))
	}
	return r, nil
}

// describe says how the rows stand whose webhooks arrived without their knowing.
func (d *database) describe(ctx context.Context, ids []uuid.UUID) (string, error) {
	rows, err := d.pool.Query(ctx, `SELECT status || coalesce(' (' || error_message || ')', '') || ' ' || count(*)
		FROM webhook_logs WHERE id = ANY ($1) GROUP BY status, error_message ORDER BY count(*) DESC`, ids)
	if err != nil {
		return "", fmt.Errorf("read rows: %w", err)
	}
	states, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("read rows: %w", err)
	}
	return fmt.Sprintf("%d webhooks arrived and will come again, since their rows are: %s", len(ids), strings.Join(states, ", ")), nil
}
