// Package jobs puts the rooms together that do the work, each one stage of the funnel in a
// package of its own:
//
//	kind                  arguments        enqueued by                              room, queue
//	sweep_scrape_jobs     -                period, NOTIFY, cron route, CLI          polls, sweeps
//	poll_comments         scrape_job_id    sweep_scrape_jobs                        polls
//	sweep_messages        -                period, NOTIFY (the planner)             messages, sweeps
//	send_dm               message_id       sweep_messages, at the message's turn    messages
//	check_relations       account_id       sweep_inboxes, a few times a day         messages, inbox
//	sweep_inboxes         -                period, CLI                              inbox, sweeps
//	check_inbox           account_id       sweep_inboxes                            inbox
//	handle_answer         inbox_message_id the inbound webhook                      inbox
//	sweep_conversations   -                period: follow-ups, and who is silent    inbox, sweeps
//	sweep_webhook_logs    -                period, NOTIFY, cron route, CLI          webhooks, sweeps
//	deliver_webhook       webhook_log_id   the transaction that captures an email;  webhooks
//	                                       sweep_webhook_logs; the delivery before
//	wake_endpoint         endpoint_id      the transaction that blocks an endpoint  webhooks, sweeps
//	sweep_notifications   -                period, NOTIFY, cron route, CLI          emails, sweeps
//	send_email            notification_id  sweep_notifications                      emails, email
//	tell_owner            incident_id,     the transaction that opens an incident   emails, email
//	                      user_id
//	prune                 -                period                                   privacy, upkeep
//
// Rows of the domain are the truth and jobs are its execution: arguments are ids,
// and every job may run twice. Jobs wrap errors and return them; they neither log,
// nor sleep, nor decide retries, which queue/outcome.go does.
package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations/mx"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs/emails"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/polls"
	"github.com/bravorevos/workers/jobs/privacy"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// Deps is what the jobs work with.
type Deps struct {
	Pool     *pgxpool.Pool
	Unipile  *unipile.Client
	Resend   *resend.Client
	Webhooks *webhook.Sender
	Mail     *mx.Checker // nil: domains of addresses are not looked up
	Funnel   *queue.Funnel
	// Endpoints tells operators of receivers in trouble; nil: nobody.
	Endpoints *webhooks.EndpointEvents
	Settings  Settings
}

func (d Deps) polls() polls.Deps {
	return polls.Deps{Pool: d.Pool, LinkedIn: d.Unipile, Funnel: d.Funnel, Settings: d.Settings.Polls()}
}

func (d Deps) messages() messages.Deps {
	return messages.Deps{Pool: d.Pool, LinkedIn: d.Unipile, Funnel: d.Funnel, Settings: d.Settings.Messages()}
}

func (d Deps) inbox() inbox.Deps {
	return inbox.Deps{Pool: d.Pool, LinkedIn: d.Unipile, Mail: d.Mail, Funnel: d.Funnel, Settings: d.Settings.Inbox()}
}

func (d Deps) webhooks() webhooks.Deps {
	return webhooks.Deps{
		Pool: d.Pool, Sender: d.Webhooks, Funnel: d.Funnel, Events: d.Endpoints, TellOwners: emails.TellOwners,
		Settings: d.Settings.Webhooks(),
	}
}

func (d Deps) emails() emails.Deps {
	return emails.Deps{Pool: d.Pool, Mailer: d.Resend, Funnel: d.Funnel, From: d.Settings.EmailFrom}
}

// FunnelSteps lists the steps that all rooms count.
func FunnelSteps() []string {
	return slices.Concat(polls.Steps(), messages.Steps(), inbox.Steps(), webhooks.Steps(), emails.Steps())
}

// Kinds lists every kind, for metrics.
func Kinds() []string {
	return []string{
		polls.SweepScrapeJobsArgs{}.Kind(), messages.SweepMessagesArgs{}.Kind(), inbox.SweepInboxesArgs{}.Kind(),
		webhooks.SweepWebhookLogsArgs{}.Kind(), emails.SweepNotificationsArgs{}.Kind(), inbox.SweepConversationsArgs{}.Kind(),
		polls.PollCommentsArgs{}.Kind(), messages.SendDMArgs{}.Kind(), inbox.CheckInboxArgs{}.Kind(), inbox.HandleAnswerArgs{}.Kind(), messages.CheckRelationsArgs{}.Kind(),
		webhooks.DeliverWebhookArgs{}.Kind(), webhooks.WakeEndpointArgs{}.Kind(), emails.SendEmailArgs{}.Kind(), emails.TellOwnerArgs{}.Kind(), privacy.PruneArgs{}.Kind(),
	}
}

// Register returns the workers of every kind.
func Register(d Deps) *river.Workers {
	s := d.Settings.WithDefaults()
	workers := river.NewWorkers()
	sweeps := SweepsOf(d.Pool, s)
	river.AddWorker(workers, &queue.SweepWorker[polls.SweepScrapeJobsArgs]{Sweep: sweeps.ScrapeJobs})
	river.AddWorker(workers, &queue.SweepWorker[messages.SweepMessagesArgs]{Sweep: sweeps.Messages})
	river.AddWorker(workers, &queue.SweepWorker[inbox.SweepInboxesArgs]{Sweep: sweeps.Inboxes})
	river.AddWorker(workers, &queue.SweepWorker[webhooks.SweepWebhookLogsArgs]{Sweep: sweeps.WebhookLogs})
	river.AddWorker(workers, &queue.SweepWorker[emails.SweepNotificationsArgs]{Sweep: sweeps.Notifications})
	river.AddWorker(workers, &queue.SweepWorker[inbox.SweepConversationsArgs]{Sweep: sweeps.Conversations})

	river.AddWorker(workers, polls.NewPollComments(d.polls()))
	river.AddWorker(workers, messages.NewSendDM(d.messages()))
	river.AddWorker(workers, messages.NewCheckRelations(d.messages()))
	river.AddWorker(workers, inbox.NewCheckInbox(d.inbox()))
	river.AddWorker(workers, inbox.NewHandleAnswer(d.inbox()))
	river.AddWorker(workers, webhooks.NewDeliverWebhook(d.webhooks()))
	river.AddWorker(workers, webhooks.NewWakeEndpoint(d.webhooks()))
	river.AddWorker(workers, emails.NewSendEmail(d.emails()))
	river.AddWorker(workers, emails.NewTellOwner(d.emails()))
	river.AddWorker(workers, privacy.NewPrune(d.Pool, s.Retention))
	return workers
}

// Sweeps are the sweeps of all tables.
type Sweeps struct {
	ScrapeJobs, Messages, Inboxes, WebhookLogs, Notifications, Conversations queue.Sweep
}

// SweepsOf returns the sweeps of a database.
func SweepsOf(pool *pgxpool.Pool, s Settings) Sweeps {
	return Sweeps{
		ScrapeJobs: polls.Sweep(pool), Messages: messages.NewPlanner(pool, s.Messages()).Plan, Inboxes: inbox.Sweep(pool),
		WebhookLogs: webhooks.Sweep(pool, s.Webhooks()), Notifications: emails.Sweep(pool),
		Conversations: inbox.SweepConversations(pool),
	}
}

// Periodic returns what runs by itself. Each run starts once when a worker
// becomes the leader too, since River makes up for no missed run.
func Periodic(s Settings) []*river.PeriodicJob {
	s = s.WithDefaults()
	return []*river.PeriodicJob{
		every(s.Intervals.ScrapeJobs, polls.SweepScrapeJobsArgs{}),
		every(s.Intervals.Messages, messages.SweepMessagesArgs{}),
		every(s.Intervals.Inboxes, inbox.SweepInboxesArgs{}),
		every(s.Intervals.WebhookLogs, webhooks.SweepWebhookLogsArgs{}),
		every(s.Intervals.Notifications, emails.SweepNotificationsArgs{}),
		every(s.Intervals.Conversations, inbox.SweepConversationsArgs{}),
		every(time.Hour, privacy.PruneArgs{}),
	}
}

func every(period time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(period),
		func() (river.JobArgs, *river.InsertOpts) { return args, nil },
		&river.PeriodicJobOpts{ID: args.Kind(), RunOnStart: true})
}

// Woken maps the tables whose triggers notify to the sweep that handles them.
func Woken(sweeps Sweeps, client *queue.Client) map[string]func(context.Context) error {
	wake := func(sweep queue.Sweep) func(context.Context) error {
		return func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(store.WithShare(ctx, queue.Sweeps), queue.MaxJobTimeout)
			defer cancel()
			_, err := sweep(ctx, client)
			return err
		}
	}
	return map[string]func(context.Context) error{
		"scrape_jobs":   wake(sweeps.ScrapeJobs),
		"messages":      wake(sweeps.Messages),
		"webhook_logs":  wake(sweeps.WebhookLogs),
		"notifications": wake(sweeps.Notifications),
	}
}
