package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/store"
)

// webhooksPerSecond is what a receiver that comes back can bear, mostly.
const webhooksPerSecond = 50

// resend is what only this subcommand can be asked for.
type resend struct {
	sent, sure bool
	sentBefore *time.Time
	host       string
	hostGiven  *string // as it was typed
}

func webhooksCommand(environ []string) *cobra.Command {
	var again resend
	cmd := &cobra.Command{
		Use:   "webhooks",
		Short: "Deliver webhooks again",
		Long: `webhooks delivers each matching row of webhook_logs at once, also one that was given up:
its tries count from zero again. A row whose next try was to come later is delivered now
instead, once. Every try of a row carries the same webhook-id. No more than --per-second
rows a second are put into the queue.

Rows that were delivered are left alone, unless the receiver asks for them again, for
example because it lost what it had: --resend-sent takes them too. It wants --id, or the
range of --since and the time of the loss as --sent-before. What was delivered after that
time is left alone, so that it is safe to run again.

Rows of a disabled receiver are made due, and stay parked until somebody enables it:
see "worker webhooks endpoints".`,
		Example: `  enqueue webhooks --since 24h --dry-run          what an outage left
  enqueue webhooks --since 24h
  enqueue webhooks --status failed --client 5d2e8c1a-3b4f-4e6d-8a7b-9c0d1e2f3a4b
  enqueue webhooks --endpoint-host crm.example.com --per-second 10
  enqueue webhooks --id 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921
  enqueue webhooks --resend-sent --since 7d --sent-before 2026-11-23T08:00:00Z --endpoint-host crm.example.com --yes`,
	}
	set := cmd.Flags()
	set.BoolVar(&again.sent, "resend-sent", false, "deliver again what was delivered; wants --id, or --since and --sent-before")
	set.BoolVar(&again.sure, "yes", false, "with --resend-sent: the receiver asked for it, or drops what it has by its webhook-id")
	set.Func("sent-before", "with --resend-sent: only what was delivered last before this `time`, 2026-11-23 (UTC) or RFC 3339", func(v string) (err error) {
		again.sentBefore, err = parseInstant(v)
		return err
	})
	// Read later, since an error of a flag repeats its value: a URL, which may hold a token.
	set.Func("endpoint-host", "only what goes to this `host`, without its port", func(v string) error {
		again.hostGiven = &v
		return nil
	})
	return subcommand[uuid.UUID]{
		source:    func(q *store.Queries, f filter) source[uuid.UUID] { return webhookLogs(q, f, again) },
		check:     again.check,
		named:     webhooksNamed,
		perSecond: webhooksPerSecond,
		statuses: statuses{
			known: []string{"pending", "failed", "sent"},
			usual: []string{"pending", "failed"},
		},
	}.attach(cmd, environ)
}

// check keeps what would be delivered twice by mistake from being so.
func (r *resend) check(f *filter, o options) (err error) {
	if r.hostGiven != nil {
		if r.host, err = parseHost(*r.hostGiven); err != nil {
			return usagef("--endpoint-host: %s", err)
		}
	}
	if !r.sent {
		switch {
		case slices.Contains(f.statuses, "sent"):
			return usagef("--status sent: the receiver has these, and would get them twice; --resend-sent is for one that lost them")
		case r.sentBefore != nil || r.sure:
			return usagef("--sent-before and --yes go with --resend-sent")
		}
		return nil
	}
	switch {
	case len(f.ids) == 0 && (f.since == nil || r.sentBefore == nil):
		return usagef("--resend-sent wants --id, or --since together with --sent-before: the time when the receiver lost what it had")
	case r.sentBefore != nil && r.sentBefore.After(time.Now()):
		return usagef("--sent-before %s is yet to come", r.sentBefore.Format(time.RFC3339))
	case !r.sure && !o.dryRun:
		return usagef("--resend-sent gives the receiver again what it has had: look with --dry-run, then say --yes")
	}
	if len(f.statuses) == 0 {
		f.statuses = []string{"pending", "failed", "sent"}
	}
	return nil
}

// parseInstant reads a time that means the same when the command is run again.
func parseInstant(v string) (*time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil {
			t = t.UTC()
			return &t, nil
		}
	}
	return nil, errors.New("not a time; write 2026-11-23 or 2026-11-23T08:00:00Z")
}

// parseHost takes a name or an address as it stands in URLs, which are never shown:
// they may hold a token.
func parseHost(v string) (string, error) {
	host := strings.ToLower(v)
	if ip := net.ParseIP(host); ip != nil && strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u, err := url.Parse("https://" + host + "/"); err != nil || host == "" || u.Host != host || u.Port() != "" {
		return "", errors.New("not a host; write crm.example.com, without https:// and without a path")
	}
	return host, nil
}

// webhooksNamed keeps a mistyped id, and one whose webhook has arrived, from looking
// like a replay with nothing to do.
func webhooksNamed(ctx context.Context, db store.DBTX, q *store.Queries, f filter, notes io.Writer) error {
	found, err := q.WebhookLogListStatus(ctx, db, f.ids)
	if err != nil {
		return fmt.Errorf("look for webhooks: %w", err)
	}
	status := make(map[uuid.UUID]string, len(found))
	for _, w := range found {
		status[w.ID] = w.Status
	}
	for _, id := range f.ids {
		switch {
		case status[id] == "":
			return fmt.Errorf("--id: there is no webhook %s; `worker leads show` names those of a lead", id)
		case status[id] == "sent" && !slices.Contains(f.statuses, "sent"):
			terminal.Fprintf(notes, "webhook %s has arrived; --resend-sent delivers it again\n", id)
		}
	}
	return nil
}

func webhookLogs(q *store.Queries, f filter, again resend) source[uuid.UUID] {
	return source[uuid.UUID]{
		noun:     "webhooks",
		argument: "webhook_log_id",
		args:     func(id uuid.UUID) river.JobArgs { return webhooks.DeliverWebhookArgs{WebhookLogID: id} },
		ready: func(ctx context.Context, db store.DBTX, ids []uuid.UUID) error {
			return q.WebhookLogReplayMany(ctx, db, store.WebhookLogReplayManyParams{Ids: ids, ResendSent: again.sent})
		},
		page: func(ctx context.Context, db store.DBTX, after uuid.UUID, limit int32) ([]row[uuid.UUID], error) {
			list, err := q.WebhookLogListReplayable(ctx, db, store.WebhookLogListReplayableParams{
				AfterID: after, MaxRows: limit, Statuses: f.statuses, Ids: f.ids, Host: again.host, SentBefore: again.sentBefore,
				CampaignID: f.campaign, ClientID: f.client, Since: f.since, Until: f.until,
			})
			rows := make([]row[uuid.UUID], len(list))
			for i, w := range list {
				rows[i] = row[uuid.UUID]{id: w.ID, parked: w.Parked}
			}
			return rows, err
		},
	}
}
