package main

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// walk goes through the rows of a source in the order of their ids, a batch a
// transaction: rows are changed and jobs inserted together or not at all.
type walk[K comparable] struct {
	options

	pool    *pgxpool.Pool
	queries *store.Queries
	client  *queue.Client
	source  source[K]
	pace    *pace
	report  report
}

// run fills the report. When it fails or ctx ends, the error is a [stoppedError]
// with the report of what was done until then.
func (w *walk[K]) run(ctx context.Context, progressTo io.Writer) error {
	err := w.count(ctx)
	if err == nil {
		draw, erase := newProgress(progressTo, w.report.Command, w.report.Matched)
		err = w.walk(ctx, draw)
		erase()
	}
	if err != nil {
		w.report.Interrupted = ctx.Err() != nil
		return &stoppedError{report: w.report, noun: w.source.noun, cause: err}
	}
	w.report.Matched = w.report.Handled // rows may have come and gone since they were counted
	return nil
}

// countPage is larger than a batch because counting locks nothing.
const countPage = 10_000

// count goes through the same pages once and does nothing, to know how long the
// way is.
func (w *walk[K]) count(ctx context.Context) error {
	var after K
	for {
		rows, err := w.source.page(ctx, w.pool, after, w.size(countPage, w.report.Matched))
		if err != nil {
			return fmt.Errorf("count %s: %w", w.source.noun, err)
		}
		w.report.Matched += len(rows)
		if len(rows) < countPage {
			return nil
		}
		after = rows[len(rows)-1].id
	}
}

func (w *walk[K]) walk(ctx context.Context, draw func(rows int)) error {
	var after K
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := w.batch
		if !w.dryRun {
			batch = w.pace.batch(w.batch)
		}
		size := w.size(batch, w.report.Handled)
		before := w.report.jobs()
		done, err := w.step(ctx, after, size)
		if err != nil {
			return err
		}
		for _, d := range done {
			w.report.add(fmt.Sprint(d.id), d.outcome)
		}
		draw(len(done))
		if len(done) < batch {
			return nil
		}
		after = done[len(done)-1].id
		if !w.dryRun {
			if err := w.pace.wait(ctx, w.report.jobs()-before); err != nil {
				return err
			}
		}
	}
}

// size is that of the next page: less where the limit is near.
func (w *walk[K]) size(page, done int) int32 {
	if w.limit > 0 {
		page = min(page, w.limit-done)
	}
	return int32(page)
}
