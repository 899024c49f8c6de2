package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bravorevos/workers/store"
)

// handled is a row of a batch that is committed.
type handled[K comparable] struct {
	id      K
	outcome outcome
}

// A sweep gives jobs to the same rows in another order, so that the two may lock
// each other out; Postgres then ends one of them, and nothing of it is done.
const deadlockTries = 3

// step does one batch. Repeating it is safe: a batch is done whole or not at all.
func (w *walk[K]) step(ctx context.Context, after K, size int32) ([]handled[K], error) {
	for try := 1; ; try++ {
		done, err := w.transact(ctx, after, size)
		pgErr, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || pgErr.Code != pgerrcode.DeadlockDetected || try == deadlockTries {
			return done, err
		}
	}
}

// transact does one batch in a transaction, which in a dry run may only read. An
// end of ctx rolls it back, except that a commit once begun is waited for:
// whether it happened must be known.
func (w *walk[K]) transact(ctx context.Context, after K, size int32) ([]handled[K], error) {
	mode, work := pgx.TxOptions{}, w.giveJobs
	if w.dryRun {
		mode, work = pgx.TxOptions{AccessMode: pgx.ReadOnly}, w.lookUpJobs
	}
	tx, err := w.pool.BeginTx(ctx, mode)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()

	rows, err := w.source.page(ctx, tx, after, size)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", w.source.noun, err)
	}
	var ids, waiting []K
	for _, r := range rows {
		switch {
		case r.parked:
			waiting = append(waiting, r.id)
		case r.skip == "":
			ids = append(ids, r.id)
		}
	}
	if len(waiting) > 0 && !w.dryRun {
		if err := w.source.ready(ctx, tx, waiting); err != nil {
			return nil, fmt.Errorf("make %s ready: %w", w.source.noun, err)
		}
	}
	outcomes := map[K]outcome{}
	if len(ids) > 0 {
		if outcomes, err = work(ctx, tx, ids); err != nil {
			return nil, err
		}
	}
	if err := tx.Commit(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("commit batch: %w", err)
	}
	done := make([]handled[K], len(rows))
	for i, r := range rows {
		done[i] = handled[K]{id: r.id, outcome: r.skip}
		switch {
		case r.parked:
			done[i].outcome = parked
		case r.skip == "":
			done[i].outcome = outcomes[r.id]
		}
	}
	return done, nil
}

// giveJobs makes the rows ready, inserts their jobs, and lets jobs that wait for a
// later time run now.
func (w *walk[K]) giveJobs(ctx context.Context, tx pgx.Tx, ids []K) (map[K]outcome, error) {
	if w.source.ready != nil {
		if err := w.source.ready(ctx, tx, ids); err != nil {
			return nil, fmt.Errorf("make %s ready: %w", w.source.noun, err)
		}
	}
	params := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		params[i] = river.InsertManyParams{Args: w.source.args(id)}
	}
	results, err := w.client.InsertManyTx(ctx, tx, params)
	if err != nil {
		return nil, fmt.Errorf("insert %d jobs: %w", len(params), err)
	}
	outcomes := make(map[K]outcome, len(ids))
	for i, r := range results {
		outcomes[ids[i]] = enqueued
		if !r.UniqueSkippedAsDuplicate {
			continue
		}
		// The insert has locked the job that is there, so its state stays.
		outcomes[ids[i]] = outcomeOf(r.Job.State)
		if outcomes[ids[i]] != broughtForward {
			continue
		}
		if _, err := w.client.JobRetryTx(ctx, tx, r.Job.ID); err != nil {
			return nil, fmt.Errorf("bring job %d forward: %w", r.Job.ID, err)
		}
	}
	return outcomes, nil
}

// lookUpJobs says what giveJobs would do.
func (w *walk[K]) lookUpJobs(ctx context.Context, tx pgx.Tx, ids []K) (map[K]outcome, error) {
	outcomes := make(map[K]outcome, len(ids))
	byName := make(map[string]K, len(ids))
	lookup := store.JobListActiveParams{Kind: w.source.args(ids[0]).Kind(), Argument: w.source.argument}
	for _, id := range ids {
		outcomes[id] = enqueued
		byName[fmt.Sprint(id)] = id
		lookup.RowIds = append(lookup.RowIds, fmt.Sprint(id))
	}
	active, err := w.queries.JobListActive(ctx, tx, lookup)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	for _, job := range active {
		outcomes[byName[job.RowID]] = outcomeOf(rivertype.JobState(job.State))
	}
	return outcomes, nil
}

// outcomeOf is what becomes of a row whose job is in this state.
func outcomeOf(state rivertype.JobState) outcome {
	if state == rivertype.JobStateRetryable || state == rivertype.JobStateScheduled {
		return broughtForward
	}
	return alreadyQueued
}
