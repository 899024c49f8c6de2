// Package jobs holds the work itself, one file a kind of job:
//
//	kind                  arguments        enqueued by                              queue
//	sweep_scrape_jobs     -                period, NOTIFY, cron route, CLI          sweeps
//	sweep_messages        -                period, NOTIFY (the planner)             sweeps
//	sweep_inboxes         -                period, CLI                              sweeps
//	sweep_webhook_logs    -                period, NOTIFY, cron route, CLI          sweeps
//	sweep_notifications   -                period, NOTIFY, cron route, CLI          sweeps
//	poll_comments         scrape_job_id    sweep_scrape_jobs                        polls
//	send_dm               message_id       sweep_messages, at the message's turn    messages
//	check_inbox           account_id       sweep_inboxes                            inbox
//	handle_answer         inbox_message_id the inbound webhook                      inbox
//	sweep_conversations   -                period: follow-ups, and who is silent    sweeps
//	check_relations       account_id       sweep_inboxes, a few times a day         inbox
//	deliver_webhook       webhook_log_id   the transaction that captures an email;  webhooks
//	                                       sweep_webhook_logs; the delivery before
//	wake_endpoint         endpoint_id      the transaction that blocks an endpoint  sweeps
//	send_email            notification_id  sweep_notifications                      email
//	tell_owner            incident_id,     the transaction that opens an incident   email
//	                      user_id
//	prune                 -                period                                   upkeep
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
	Endpoints *EndpointEvents
	Settings  Settings
}

func (d Deps) polls() pollDeps {
	return pollDeps{Pool: d.Pool, LinkedIn: d.Unipile, Funnel: d.Funnel, Settings: d.Settings.Polls()}
}

func (d Deps) messages() messageDeps {
	return messageDeps{Pool: d.Pool, LinkedIn: d.Unipile, Funnel: d.Funnel, Settings: d.Settings.Messages()}
}

func (d Deps) inbox() inboxDeps {
	return inboxDeps{Pool: d.Pool, LinkedIn: d.Unipile, Mail: d.Mail, Funnel: d.Funnel, Settings: d.Settings.Inbox()}
}

func (d Deps) webhooks() webhookDeps {
	return webhookDeps{
		Pool: d.Pool, Sender: d.Webhooks, Funnel: d.Funnel, Events: d.Endpoints, TellOwners: TellOwners,
		Settings: d.Settings.Webhooks(),
	}
}

func (d Deps) emails() emailDeps {
	return emailDeps{Pool: d.Pool, Mailer: d.Resend, Funnel: d.Funnel, From: d.Settings.EmailFrom}
}

// FunnelSteps lists the steps that all rooms count.
func FunnelSteps() []string {
	return slices.Concat(pollSteps(), messageSteps(), inboxSteps(), webhookSteps(), emailSteps())
}

// Kinds lists every kind, for metrics.
func Kinds() []string {
	return []string{
		SweepScrapeJobsArgs{}.Kind(), SweepMessagesArgs{}.Kind(), SweepInboxesArgs{}.Kind(),
		SweepWebhookLogsArgs{}.Kind(), SweepNotificationsArgs{}.Kind(), SweepConversationsArgs{}.Kind(),
		PollCommentsArgs{}.Kind(), SendDMArgs{}.Kind(), CheckInboxArgs{}.Kind(), HandleAnswerArgs{}.Kind(), CheckRelationsArgs{}.Kind(),
		DeliverWebhookArgs{}.Kind(), WakeEndpointArgs{}.Kind(), SendEmailArgs{}.Kind(), TellOwnerArgs{}.Kind(), PruneArgs{}.Kind(),
	}
}

// Register returns the workers of every kind.
func Register(d Deps) *river.Workers {
	s := d.Settings.withDefaults()
	workers := river.NewWorkers()
	sweeps := SweepsOf(d.Pool, s)
	river.AddWorker(workers, &queue.SweepWorker[SweepScrapeJobsArgs]{Sweep: sweeps.ScrapeJobs})
	river.AddWorker(workers, &queue.SweepWorker[SweepMessagesArgs]{Sweep: sweeps.Messages})
	river.AddWorker(workers, &queue.SweepWorker[SweepInboxesArgs]{Sweep: sweeps.Inboxes})
	river.AddWorker(workers, &queue.SweepWorker[SweepWebhookLogsArgs]{Sweep: sweeps.WebhookLogs})
	river.AddWorker(workers, &queue.SweepWorker[SweepNotificationsArgs]{Sweep: sweeps.Notifications})
	river.AddWorker(workers, &queue.SweepWorker[SweepConversationsArgs]{Sweep: sweeps.Conversations})

	river.AddWorker(workers, NewPollComments(d.polls()))
	river.AddWorker(workers, NewSendDM(d.messages()))
	river.AddWorker(workers, NewCheckRelations(d.messages()))
	river.AddWorker(workers, NewCheckInbox(d.inbox()))
	river.AddWorker(workers, NewHandleAnswer(d.inbox()))
	river.AddWorker(workers, NewDeliverWebhook(d.webhooks()))
	river.AddWorker(workers, NewWakeEndpoint(d.webhooks()))
	river.AddWorker(workers, NewSendEmail(d.emails()))
	river.AddWorker(workers, NewTellOwner(d.emails()))
	river.AddWorker(workers, NewPrune(d.Pool, s.Retention))
	return workers
}

// Sweeps are the sweeps of all tables.
type Sweeps struct {
	ScrapeJobs, Messages, Inboxes, WebhookLogs, Notifications, Conversations queue.Sweep
}

// SweepsOf returns the sweeps of a database.
func SweepsOf(pool *pgxpool.Pool, s Settings) Sweeps {
	return Sweeps{
		ScrapeJobs: SweepScrapeJobs(pool), Messages: NewPlanner(pool, s.Messages()).Plan, Inboxes: SweepInboxes(pool),
		WebhookLogs: SweepWebhookLogs(pool, s.Webhooks()), Notifications: SweepNotifications(pool),
		Conversations: SweepConversations(pool),
	}
}

// Periodic returns what runs by itself. Each run starts once when a worker
// becomes the leader too, since River makes up for no missed run.
func Periodic(s Settings) []*river.PeriodicJob {
	s = s.withDefaults()
	return []*river.PeriodicJob{
		every(s.Intervals.ScrapeJobs, SweepScrapeJobsArgs{}),
		every(s.Intervals.Messages, SweepMessagesArgs{}),
		every(s.Intervals.Inboxes, SweepInboxesArgs{}),
		every(s.Intervals.WebhookLogs, SweepWebhookLogsArgs{}),
		every(s.Intervals.Notifications, SweepNotificationsArgs{}),
		every(s.Intervals.Conversations, SweepConversationsArgs{}),
		every(time.Hour, PruneArgs{}),
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
