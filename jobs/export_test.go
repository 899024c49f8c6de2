package jobs

import (
	"fmt"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/store"
)

// WorkerOf returns the worker of one kind as [Register] builds it, for tests that
// run a single job.
func WorkerOf[T river.JobArgs](d Deps) river.Worker[T] {
	s := d.Settings.withDefaults()
	db := database{Pool: d.Pool, Queries: store.New()}
	heard := &answers{database: db, chats: d.Unipile, mail: d.Mail, funnel: d.Funnel, settings: s}
	for _, candidate := range []any{
		&pollComments{database: db, linkedin: d.Unipile, funnel: d.Funnel, settings: s},
		&sendDM{database: db, linkedin: d.Unipile, funnel: d.Funnel, settings: s},
		&checkInbox{answers: heard, linkedin: d.Unipile},
		&handleAnswer{answers: heard},
		&checkRelations{database: db, linkedin: d.Unipile, settings: s},
		&deliverWebhook{database: db, sender: d.Webhooks, funnel: d.Funnel, settings: s},
		&sendEmail{database: db, mailer: d.Resend, funnel: d.Funnel, from: s.EmailFrom},
		&prune{database: db, retention: s.Retention},
	} {
		if worker, ok := candidate.(river.Worker[T]); ok {
			return worker
		}
	}
	panic(fmt.Sprintf("no worker for %T", *new(T)))
}
