package jobs

import (
	"fmt"

	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/jobs/emails"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/polls"
	"github.com/bravorevos/workers/jobs/privacy"
	"github.com/bravorevos/workers/jobs/webhooks"
)

// WorkerOf returns the worker of one kind as [Register] builds it, for tests that
// run a single job.
func WorkerOf[T river.JobArgs](d Deps) river.Worker[T] {
	d.Settings = d.Settings.WithDefaults()
	for _, candidate := range []any{
		polls.NewPollComments(d.polls()),
		messages.NewSendDM(d.messages()),
		messages.NewCheckRelations(d.messages()),
		inbox.NewCheckInbox(d.inbox()),
		inbox.NewHandleAnswer(d.inbox()),
		webhooks.NewDeliverWebhook(d.webhooks()),
		webhooks.NewWakeEndpoint(d.webhooks()),
		emails.NewSendEmail(d.emails()),
		emails.NewTellOwner(d.emails()),
		privacy.NewPrune(d.Pool, d.Settings.Retention),
	} {
		if worker, ok := candidate.(river.Worker[T]); ok {
			return worker
		}
	}
	panic(fmt.Sprintf("no worker for %T", *new(T)))
}
