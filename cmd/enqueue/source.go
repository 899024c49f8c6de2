package main

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/store"
)

// source is one kind of row to walk through, and the job that each row gets.
type source[K comparable] struct {
	noun     string // what the rows are called, in the plural
	argument string // of the job's arguments, the one that names the row

	// page lists the matching rows whose id comes after one, in the order of ids.
	// The zero K is before all of them.
	page func(ctx context.Context, db store.DBTX, after K, limit int32) ([]row[K], error)

	// ready changes rows so that their job finds work; nil where none need it.
	ready func(ctx context.Context, db store.DBTX, ids []K) error

	args func(id K) river.JobArgs
}

// row is one that matches the filter.
type row[K comparable] struct {
	id   K
	skip outcome // why it gets no job; empty: it gets one

	parked bool // it is made ready and gets no job: that comes when it may go
}

// outcome is what became of a row, or in a dry run what would.
type outcome string

const (
	enqueued       outcome = "enqueued"
	alreadyQueued  outcome = "already_queued"  // its job is about to run, or runs
	broughtForward outcome = "brought_forward" // its job waited for a later time
	parked         outcome = "parked"          // due, and waits until its receiver is enabled
	campaignRests  outcome = "campaign_rests"  // paused, completed, not begun or ended
	accountPaused  outcome = "account_paused"  // a poll would be one more refused call
	// And why a notification gets no email: store.RefusedExpired and its like.
)

// allRows are rows of which none is skipped.
func allRows[K comparable](ids []K) []row[K] {
	rows := make([]row[K], len(ids))
	for i, id := range ids {
		rows[i].id = id
	}
	return rows
}
