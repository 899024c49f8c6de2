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
	"cmp"
	"context"
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
	Funnel   *Funnel
	// Endpoints tells operators of receivers in trouble; nil: nobody.
	Endpoints *EndpointEvents
	Settings  Settings
}

// Settings are the figures that an operator may change. Zero values mean the
// defaults of [Settings.withDefaults].
type Settings struct {
	Intervals Intervals
	Limits    Limits

	// PollUnit is how long one of poll_interval_minutes lasts: a minute.
	PollUnit time.Duration
	// CommentReadsPerDay is how often an account may read comments in a day, unless its
	// row says otherwise.
	CommentReadsPerDay int
	// ProfileReadsPerDay is how often an account may look people up in a day.
	ProfileReadsPerDay int
	// FailedPollWait is when a poll that failed is tried again.
	FailedPollWait time.Duration
	// SendTimeout bounds one send, from before its claim to the provider's answer.
	SendTimeout time.Duration
	// ReadLag is how long a sent message may be missing from what Unipile reads
	// back; a look-up concludes nothing before it has passed.
	ReadLag time.Duration
	// LookFirst lets every account look into the chat before it writes to somebody.
	LookFirst bool
	// WebhookSchedule is the wait after each failed delivery; its length plus one
	// is the number of tries.
	WebhookSchedule queue.Schedule
	WebhookSecret   string
	// WebhookVault opens the secrets of campaigns; nil where there is no key for them.
	WebhookVault *webhook.Vault
	EmailFrom    string
	Retention    Retention
}

// Intervals are the periods of the sweeps.
type Intervals struct {
	ScrapeJobs, Messages, Inboxes, WebhookLogs, Notifications, Conversations time.Duration

	// Relations is how often an account looks for new connections, on average, while
	// it waits for some.
	Relations time.Duration
}

func (s Settings) withDefaults() Settings {
	s.Intervals.ScrapeJobs = cmp.Or(s.Intervals.ScrapeJobs, 5*time.Minute)
	s.Intervals.Messages = cmp.Or(s.Intervals.Messages, 15*time.Second)
	s.Intervals.Inboxes = cmp.Or(s.Intervals.Inboxes, time.Minute)
	s.Intervals.WebhookLogs = cmp.Or(s.Intervals.WebhookLogs, 10*time.Minute)
	s.Intervals.Notifications = cmp.Or(s.Intervals.Notifications, 15*time.Minute)
	s.Intervals.Conversations = cmp.Or(s.Intervals.Conversations, 10*time.Minute)
	s.Intervals.Relations = cmp.Or(s.Intervals.Relations, 6*time.Hour)
	s.Limits = s.Limits.withDefaults()
	s.PollUnit = cmp.Or(s.PollUnit, time.Minute)
	s.CommentReadsPerDay = cmp.Or(s.CommentReadsPerDay, 100)
	s.ProfileReadsPerDay = cmp.Or(s.ProfileReadsPerDay, usualProfileReads)
	s.FailedPollWait = cmp.Or(s.FailedPollWait, 10*time.Minute)
	s.SendTimeout = cmp.Or(s.SendTimeout, 20*time.Second)
	s.ReadLag = cmp.Or(s.ReadLag, 90*time.Second)
	if len(s.WebhookSchedule) == 0 {
		s.WebhookSchedule = DefaultWebhookSchedule()
	}
	return s
}

// DefaultWebhookSchedule tries for a little over three days.
func DefaultWebhookSchedule() queue.Schedule {
	return queue.Schedule{
		5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
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
	d.Settings = d.Settings.withDefaults()
	db := database{Pool: d.Pool, Queries: store.New()}
	s := d.Settings
	workers := river.NewWorkers()
	sweeps := NewSweeps(d.Pool, s)
	river.AddWorker(workers, &sweepWorker[SweepScrapeJobsArgs]{sweep: sweeps.ScrapeJobs})
	river.AddWorker(workers, &sweepWorker[SweepMessagesArgs]{sweep: sweeps.Messages})
	river.AddWorker(workers, &sweepWorker[SweepInboxesArgs]{sweep: sweeps.Inboxes})
	river.AddWorker(workers, &sweepWorker[SweepWebhookLogsArgs]{sweep: sweeps.WebhookLogs})
	river.AddWorker(workers, &sweepWorker[SweepNotificationsArgs]{sweep: sweeps.Notifications})
	river.AddWorker(workers, &sweepWorker[SweepConversationsArgs]{sweep: sweeps.Conversations})
	river.AddWorker(workers, &pollComments{database: db, linkedin: d.Unipile, funnel: d.Funnel, settings: s})
	river.AddWorker(workers, &sendDM{database: db, linkedin: d.Unipile, funnel: d.Funnel, settings: s})
	answers := &answers{database: db, chats: d.Unipile, mail: d.Mail, funnel: d.Funnel, settings: s}
	river.AddWorker(workers, &checkInbox{answers: answers, linkedin: d.Unipile})
	river.AddWorker(workers, &handleAnswer{answers: answers})
	river.AddWorker(workers, &checkRelations{database: db, linkedin: d.Unipile, settings: s})
	river.AddWorker(workers, newDeliverWebhook(db, d))
	river.AddWorker(workers, &wakeEndpoint{line: newLine(db, s)})
	emails := emailLedger{database: db, mailer: d.Resend}
	river.AddWorker(workers, &sendEmail{emailLedger: emails, funnel: d.Funnel, from: s.EmailFrom})
	river.AddWorker(workers, &tellOwner{emailLedger: emails, funnel: d.Funnel, from: s.EmailFrom})
	river.AddWorker(workers, &prune{database: db, retention: s.Retention})
	return workers
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
func Woken(sweeps *Sweeps, client *queue.Client) map[string]func(context.Context) error {
	wake := func(sweep Sweep) func(context.Context) error {
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
