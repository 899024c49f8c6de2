package jobs

import (
	"cmp"
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/store"
)

// WorkerOf returns the worker of one kind as [Register] builds it, for tests that
// run a single job.
func WorkerOf[T river.JobArgs](d Deps) river.Worker[T] {
	d.Settings = d.Settings.withDefaults()
	s := d.Settings
	db := database{Pool: d.Pool, Queries: store.New()}
	heard := &answers{Queries: store.New(), pool: d.Pool, chats: d.Unipile, mail: d.Mail, funnel: d.Funnel, settings: s}
	emails := emailLedger{Queries: store.New(), pool: d.Pool, mailer: d.Resend}
	for _, candidate := range []any{
		&pollComments{Queries: store.New(), pool: d.Pool, linkedin: d.Unipile, funnel: d.Funnel, settings: s},
		&sendDM{Queries: store.New(), pool: d.Pool, linkedin: d.Unipile, funnel: d.Funnel, settings: s},
		&checkInbox{answers: heard, linkedin: d.Unipile},
		&handleAnswer{answers: heard},
		&checkRelations{Queries: store.New(), pool: d.Pool, linkedin: d.Unipile, settings: s},
		newDeliverWebhook(db, d),
		&wakeEndpoint{line: newLine(db, s)},
		&sendEmail{emailLedger: emails, funnel: d.Funnel, from: s.EmailFrom},
		&tellOwner{emailLedger: emails, funnel: d.Funnel, from: s.EmailFrom},
		&prune{Queries: store.New(), pool: d.Pool, retention: s.Retention},
	} {
		if worker, ok := candidate.(river.Worker[T]); ok {
			return worker
		}
	}
	panic(fmt.Sprintf("no worker for %T", *new(T)))
}

// Step is the counter of a step of the funnel.
func (f *Funnel) Step(step string) prometheus.Counter { return f.steps.WithLabelValues(step) }

// Forget runs the query of a kind once.
func Forget(ctx context.Context, db store.DBTX, kind RetentionKind) error {
	_, err := kind.forget(ctx, db, oldRows{AgeSeconds: cmp.Or(kind.Default, 365*day).Seconds(), MaxRows: pruneBatch})
	return err
}
