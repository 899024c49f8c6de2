package jobs

import (
	"cmp"
	"time"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/polls"
	"github.com/bravorevos/workers/jobs/privacy"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
)

// Settings are the figures that an operator may change. Zero values mean the
// defaults of [Settings.withDefaults].
type Settings struct {
	Intervals Intervals
	Limits    accounts.Limits

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
	Retention    privacy.Retention
}

// Intervals are the periods of the sweeps.
type Intervals struct {
	ScrapeJobs, Messages, Inboxes, WebhookLogs, Notifications, Conversations time.Duration

	// Relations is how often an account looks for new connections, on average, while
	// it waits for some.
	Relations time.Duration
}

// WithDefaults fills in what is not set.
func (s Settings) WithDefaults() Settings {
	s.Intervals.ScrapeJobs = cmp.Or(s.Intervals.ScrapeJobs, 5*time.Minute)
	s.Intervals.Messages = cmp.Or(s.Intervals.Messages, 15*time.Second)
	s.Intervals.Inboxes = cmp.Or(s.Intervals.Inboxes, time.Minute)
	s.Intervals.WebhookLogs = cmp.Or(s.Intervals.WebhookLogs, 10*time.Minute)
	s.Intervals.Notifications = cmp.Or(s.Intervals.Notifications, 15*time.Minute)
	s.Intervals.Conversations = cmp.Or(s.Intervals.Conversations, 10*time.Minute)
	s.Intervals.Relations = cmp.Or(s.Intervals.Relations, 6*time.Hour)
	s.Limits = s.Limits.WithDefaults()
	s.PollUnit = cmp.Or(s.PollUnit, time.Minute)
	s.CommentReadsPerDay = cmp.Or(s.CommentReadsPerDay, 100)
	s.ProfileReadsPerDay = cmp.Or(s.ProfileReadsPerDay, messages.UsualProfileReads)
	s.FailedPollWait = cmp.Or(s.FailedPollWait, 10*time.Minute)
	s.SendTimeout = cmp.Or(s.SendTimeout, 20*time.Second)
	s.ReadLag = cmp.Or(s.ReadLag, 90*time.Second)
	if len(s.WebhookSchedule) == 0 {
		s.WebhookSchedule = webhooks.DefaultSchedule()
	}
	return s
}

// Accounts is what accounts are held to.
func (s Settings) Accounts() accounts.Settings {
	s = s.WithDefaults()
	return accounts.Settings{Limits: s.Limits, CommentReadsPerDay: s.CommentReadsPerDay}
}

// Polls is how posts are read.
func (s Settings) Polls() polls.Settings {
	s = s.WithDefaults()
	return polls.Settings{Unit: s.PollUnit, ReadsPerDay: s.CommentReadsPerDay, FailedWait: s.FailedPollWait}
}

// Messages is how messages are planned and sent.
func (s Settings) Messages() messages.Settings {
	s = s.WithDefaults()
	return messages.Settings{
		Limits: s.Limits, Interval: s.Intervals.Messages, Relations: s.Intervals.Relations, SendTimeout: s.SendTimeout,
		ReadLag: s.ReadLag, LookFirst: s.LookFirst, ProfileReadsPerDay: s.ProfileReadsPerDay,
	}
}

// Inbox is how answers are read.
func (s Settings) Inbox() inbox.Settings {
	s = s.WithDefaults()
	return inbox.Settings{Limits: s.Limits, ProfileReadsPerDay: s.ProfileReadsPerDay}
}

// Webhooks is how leads are delivered.
func (s Settings) Webhooks() webhooks.Settings {
	s = s.WithDefaults()
	return webhooks.Settings{Schedule: s.WebhookSchedule, Secret: s.WebhookSecret, Vault: s.WebhookVault}
}

// LongestSend is when no send that began is under way any more.
func (s Settings) LongestSend() time.Duration {
	return s.WithDefaults().SendTimeout + messages.SendMargin
}
