package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/bravorevos/workers/jobs"
	"github.com/bravorevos/workers/jobs/emails"
	"github.com/bravorevos/workers/jobs/inbox"
	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/queue"
	fakeunipile "github.com/bravorevos/workers/sandbox/unipile"
)

// start runs a real client with all kinds of jobs, and the listener that producers'
// rows wake, until the test ends.
func (b *bench) start() {
	b.Helper()
	b.startWith(queue.Tuning{MaxWorkers: map[string]int{queue.Messages: 4, queue.Webhooks: 4}})
}

func (b *bench) startWith(tuning queue.Tuning) {
	b.Helper()
	logger := slog.New(slog.NewTextHandler(b.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	client, err := queue.New(queue.Config{
		Pool: b.pool, Workers: jobs.Register(b.deps), Periodic: jobs.Periodic(b.deps.Settings),
		Outcomes: b.outcomes, Metrics: queue.NewMetrics(prometheus.NewRegistry(), jobs.Kinds()), Logger: logger,
		Tuning: tuning,
	})
	b.must(err)
	b.must(client.Start(context.WithoutCancel(b.Context())))
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	var listening sync.WaitGroup
	listener := &queue.Listener{Pool: b.pool, Logger: logger, Wake: jobs.Woken(b.sweeps, client)}
	listening.Go(func() { listener.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		listening.Wait()
		if err := client.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
}

func quick(o *options) {
	o.settings.Intervals = jobs.Intervals{
		ScrapeJobs: 300 * time.Millisecond, Messages: 300 * time.Millisecond, Inboxes: 300 * time.Millisecond,
		Relations: 300 * time.Millisecond, WebhookLogs: 300 * time.Millisecond, Notifications: 300 * time.Millisecond,
	}
	o.settings.PollUnit = 300 * time.Millisecond
	o.settings.Limits.FirstDMsPerHour, o.settings.Limits.FirstDMsPerDay = 1000, 1000
	o.settings.Limits.AnswersPerHour, o.settings.Limits.AnswersPerDay = 1000, 1000
	o.settings.WebhookSchedule = queue.Schedule{100 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond}
}

// Ensure that a producer's rows become leads, deliveries, links and emails without a
// human, each exactly once.
func TestFunnel(t *testing.T) {
	t.Parallel()
	b := setup(t, quick)
	const people = 12
	say := func(n int) string {
		switch n {
		case 0:
			return "no thanks"
		case 1:
			return "who are you?"
		default:
			return fmt.Sprintf("it's person%d@example.com", n)
		}
	}
	for n := range people {
		b.linkedin.SetPersona(b.person(n), fakeunipile.Persona{Replies: []fakeunipile.Answer{{After: 20 * time.Millisecond, Text: say(n)}}})
		b.comment(n, "guide please")
	}
	b.comment(people, "nice post")
	b.customer.FailFirst("/leads", 3, 503)
	b.start()

	campaign := b.campaign(row{"webhook_url": b.hookURL})
	id := b.scrapeJob(row{"campaign_id": campaign, "lead_magnet_url": "https://kelp.example/guide.pdf", "send_backup_link": true, "poll_interval_minutes": 1})
	notification := b.notification(nil)
	b.until("every lead is delivered and every link sent", func(context.Context) bool {
		return scalar[bool](b, `SELECT count(*) FILTER (WHERE status = 'webhook_sent') = $1
			AND count(*) FILTER (WHERE status = 'opted_out') = 1
			AND (SELECT count(*) = $1 FROM workers.messages WHERE purpose = 'backup_link' AND state = 'sent') FROM leads`, people-2)
	})
	b.until("the email is sent and every answer handled", func(context.Context) bool {
		return b.read("notifications", notification)["status"] == "sent" &&
			scalar[int](b, "SELECT count(*) FROM workers.inbox_messages WHERE handled_at IS NOT NULL") == people
	})

	b.want("scrape_jobs", id, row{
		"comments_scanned": people + 1, "trigger_words_found": people, "dms_sent": people, "emails_captured": people - 2,
		"status": "running", "error_count": 0, "last_error": nil,
	})
	for n := range people {
		want := 2 // the question and the link
		if n < 2 {
			want = 1
		}
		if got := len(b.sentTo(member(n))); got != want {
			t.Errorf("person %d got %d messages, want %d", n, got, want)
		}
	}
	if got := b.customer.Accepted(); got != people-2 || b.customer.Duplicates() != 0 {
		t.Errorf("customer accepted %d leads and %d duplicates, want %d and none", got, b.customer.Duplicates(), people-2)
	}
	if got := len(b.mail.Emails()); got != 1 {
		t.Errorf("%d emails went out, want 1", got)
	}
	const steps = `
# HELP workers_funnel_total What went through the funnel, by step.
# TYPE workers_funnel_total counter
workers_funnel_total{step="answer_read"} 12
workers_funnel_total{step="backup_link_sent"} 10
workers_funnel_total{step="comment_scanned"} 13
workers_funnel_total{step="dm_failed"} 0
workers_funnel_total{step="dm_sent"} 12
workers_funnel_total{step="email_captured"} 10
workers_funnel_total{step="email_expired"} 0
workers_funnel_total{step="email_failed"} 0
workers_funnel_total{step="email_sent"} 1
workers_funnel_total{step="email_unknown"} 0
workers_funnel_total{step="follow_up_sent"} 0
workers_funnel_total{step="invitation_sent"} 0
workers_funnel_total{step="opted_out"} 1
workers_funnel_total{step="public_reply_sent"} 0
workers_funnel_total{step="question_sent"} 0
workers_funnel_total{step="trigger_found"} 12
workers_funnel_total{step="webhook_delivered"} 10
workers_funnel_total{step="webhook_failed"} 3
`
	// They are counted after the rows are written.
	b.until("the counters say the same as the rows", func(context.Context) bool {
		return testutil.GatherAndCompare(b.metrics, strings.NewReader(steps)) == nil
	})

	// Every kind has run, and arguments hold ids only.
	idle := []string{ // nobody is waited for, no webhook comes, and no receiver is in trouble
		messages.CheckRelationsArgs{}.Kind(), inbox.HandleAnswerArgs{}.Kind(), webhooks.WakeEndpointArgs{}.Kind(), emails.TellOwnerArgs{}.Kind(),
	}
	want := slices.DeleteFunc(jobs.Kinds(), func(kind string) bool { return slices.Contains(idle, kind) })
	slices.Sort(want)
	b.until("every kind has completed", func(context.Context) bool {
		kinds := scalar[[]string](b, "SELECT array_agg(DISTINCT kind) FROM workers.river_job WHERE state = 'completed'")
		slices.Sort(kinds)
		return slices.Equal(want, kinds)
	})
	if args := scalar[string](b, "SELECT string_agg(DISTINCT args::text, ' ') FROM workers.river_job"); strings.ContainsAny(args, "@") || strings.Contains(args, "guide") {
		t.Errorf("arguments of jobs hold more than ids: %s", args)
	}
}

// Ensure that one failing row of each kind stops none of the others.
func TestFunnelGoesOnBesideFailures(t *testing.T) {
	t.Parallel()
	b := setup(t, quick)
	b.linkedin.AddAccount(fakeunipile.Account{ID: "signed out", ProviderID: "ACoAASignedOut", Status: "CREDENTIALS"})
	b.comment(1, "guide")
	b.comment(2, "guide")
	b.linkedin.SetDistance(accountID, member(1), 3)
	b.linkedin.SetPersona(member(2), fakeunipile.Persona{Replies: []fakeunipile.Answer{{Text: "two@example.com"}}})
	b.start()

	b.scrapeJob(row{"unipile_account_id": "signed out"})
	b.scrapeJob(row{"unipile_account_id": "not linked"})
	b.scrapeJob(row{"unipile_post_id": "7398114413090810001"})
	b.scrapeJob(row{"trigger_word": "!!!"})
	b.webhookLog(row{"webhook_url": "http://10.0.0.7/"})
	b.notification(row{"user_id": b.user(row{"email": nil})})
	good := b.scrapeJob(row{"webhook_url": b.hookURL})

	b.until("the good lead is delivered", func(context.Context) bool {
		return scalar[bool](b, "SELECT EXISTS (SELECT FROM leads WHERE linkedin_id = $1 AND status = 'webhook_sent')", member(2))
	})
	b.until("the bad rows tell why", func(context.Context) bool {
		return scalar[bool](b, `SELECT (SELECT count(*) = 4 FROM scrape_jobs WHERE last_error <> '')
			AND (SELECT count(*) = 1 FROM webhook_logs WHERE abandoned_at IS NOT NULL)
			AND (SELECT count(*) = 1 FROM notifications WHERE status = 'failed')
			AND (SELECT count(*) = 1 FROM leads WHERE status = 'not_connected')`)
	})
	b.want("scrape_jobs", good, row{"error_count": 0, "trigger_words_found": 2, "dms_sent": 1, "emails_captured": 1})
}
