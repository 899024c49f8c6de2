package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/store"
)

// attemptsOf says which attempts are listed.
type attemptsOf struct {
	webhook  uuid.UUID
	endpoint int64
	before   int64 // 0: from the newest
	limit    int32
	asJSON   bool
}

var errWhichAttempts = errors.New("say which: --webhook ID or --endpoint ID")

func attemptsCommand(environ []string) *cobra.Command {
	var of attemptsOf
	var id string
	cmd := &cobra.Command{
		Use:   "attempts",
		Short: "What came of each try to deliver one webhook, or to reach one receiver",
		Long: `attempts lists tries, the newest first: what came of them, the address that was dialled, and
how long each step took in milliseconds. A try over a connection that was there has no
DNS, CONNECT and TLS; a step that did not end counts until the try did. Where nothing was
answered there is no STATUS.

The causes: delivered, timeout, dns_error, connection_refused, connection_reset,
network_unreachable, tls_error, protocol_error, redirect, http_4xx, http_5xx, bad_answer,
blocked_address, invalid_url, network_error, and for our own trouble local_error,
invalid_request (nothing to sign with), secret_unreadable (WEBHOOK_ENCRYPTION_KEY does
not open the campaign's secret), and canceled, when the worker stopped in the middle.
Tries are kept for WEBHOOK_ATTEMPT_RETENTION. The answers' bodies are in --json.`,
		Example: `  worker webhooks attempts --webhook 0b9c2f4e-6a1d-4c3b-9e8f-7d6c5b4a3921
  worker webhooks attempts --endpoint 12 --limit 500 --json
  worker webhooks attempts --endpoint 12 --before 48213          the page after that attempt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errWhichAttempts
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkLimit(cmd, of.limit); err != nil {
				return err
			}
			if id != "" {
				var err error
				if of.webhook, err = uuid.Parse(id); err != nil {
					return wrongUsage(cmd, fmt.Errorf("--webhook %q is no id of a row of webhook_logs", id))
				}
			}
			if (id == "") == (of.endpoint == 0) {
				return wrongUsage(cmd, errWhichAttempts)
			}
			return withSession(cmd.Context(), environ, func(a session) error {
				return a.attempts(cmd, of)
			})
		},
	}
	cmd.Flags().StringVar(&id, "webhook", "", "a row of webhook_logs; its id is the webhook-id that the receiver sees")
	cmd.Flags().Int64Var(&of.endpoint, "endpoint", 0, "a receiver, by its number")
	cmd.Flags().Int64Var(&of.before, "before", 0, "only attempts before that one: the last of a page gives the next")
	cmd.Flags().Int32Var(&of.limit, "limit", 50, "how many to list")
	cmd.Flags().BoolVar(&of.asJSON, "json", false, "one JSON object a line")
	return cmd
}

// attemptLine is an attempt as it is shown as JSON.
type attemptLine struct {
	ID          int64      `json:"id"`
	WebhookID   *uuid.UUID `json:"webhook_id,omitempty"`
	EndpointID  int64      `json:"endpoint_id"`
	Number      int32      `json:"number"`
	Trigger     string     `json:"trigger"`
	StartedAt   time.Time  `json:"started_at"`
	FinishedAt  *time.Time `json:"finished_at,omitempty"`
	Status      *int32     `json:"status,omitempty"`
	Cause       string     `json:"cause"`
	Address     *string    `json:"address,omitempty"`
	DNSMs       *int32     `json:"dns_ms,omitempty"`
	ConnectMs   *int32     `json:"connect_ms,omitempty"`
	TLSMs       *int32     `json:"tls_ms,omitempty"`
	FirstByteMs *int32     `json:"first_byte_ms,omitempty"`
	TotalMs     *int32     `json:"total_ms,omitempty"`
	Reused      bool       `json:"reused"`
	BodyHead    *string    `json:"body_head,omitempty"`
	ErrorDetail *string    `json:"error_detail,omitempty"`
}

func newAttemptLine(r store.WebhookAttempt) attemptLine {
	return attemptLine{
		ID: r.ID, WebhookID: r.WebhookLogID, EndpointID: r.EndpointID, Number: r.Number, Trigger: r.Trigger,
		StartedAt: r.StartedAt.UTC(), FinishedAt: inUTC(r.FinishedAt), Status: r.Status, Cause: r.Cause, Address: r.Address,
		DNSMs: r.DnsMs, ConnectMs: r.ConnectMs, TLSMs: r.TlsMs, FirstByteMs: r.FirstByteMs, TotalMs: r.TotalMs,
		Reused: r.Reused, BodyHead: r.BodyHead, ErrorDetail: r.ErrorDetail,
	}
}

func (a session) attempts(cmd *cobra.Command, of attemptsOf) error {
	ctx, out, limit := cmd.Context(), cmd.OutOrStdout(), int(of.limit)
	of.limit++ // to know whether that is all
	before := cmp.Or(of.before, math.MaxInt64)
	var rows []store.WebhookAttempt
	var err error
	if of.endpoint != 0 {
		rows, err = a.q.WebhookAttemptListOfEndpoint(ctx, a.pool, store.WebhookAttemptListOfEndpointParams{
			EndpointID: of.endpoint, BeforeID: before, MaxRows: of.limit,
		})
	} else {
		rows, err = a.q.WebhookAttemptListOfWebhook(ctx, a.pool, store.WebhookAttemptListOfWebhookParams{
			WebhookLogID: &of.webhook, BeforeID: before, MaxRows: of.limit,
		})
	}
	if err != nil {
		return fmt.Errorf("list attempts: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		defer terminal.Fprintf(cmd.ErrOrStderr(), "older ones: worker webhooks attempts %s --before %d\n", of.flag(), rows[limit-1].ID)
	}
	if len(rows) == 0 {
		if err := a.attempted(ctx, of); err != nil {
			return err
		}
	}
	if of.asJSON {
		lines := json.NewEncoder(out)
		for _, r := range rows {
			if err := lines.Encode(newAttemptLine(r)); err != nil {
				return fmt.Errorf("write attempts: %w", err)
			}
		}
		return nil
	}
	if len(rows) == 0 {
		fmt.Fprintln(out, "no try yet, or none that is kept")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	// The other end of what was asked for, so that one leads to the other.
	other := "WEBHOOK"
	if of.endpoint == 0 {
		other = "ENDPOINT"
	}
	terminal.Fprintf(table, "ATTEMPT\t%s\tTRY\tTRIGGER\tSTARTED\tCAUSE\tSTATUS\tADDRESS\tDNS\tCONNECT\tTLS\tFIRST BYTE\tTOTAL\n", other)
	for _, r := range rows {
		end, address := "-", "-"
		switch {
		case of.endpoint == 0:
			end = strconv.FormatInt(r.EndpointID, 10)
		case r.WebhookLogID != nil:
			end = r.WebhookLogID.String()
		}
		if r.Address != nil {
			address = *r.Address
		}
		terminal.Fprintf(table, "%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, end, r.Number, r.Trigger,
			r.StartedAt.UTC().Format(time.RFC3339), r.Cause, figure(r.Status), address,
			figure(r.DnsMs), figure(r.ConnectMs), figure(r.TlsMs), figure(r.FirstByteMs), figure(r.TotalMs))
	}
	return table.Flush()
}

// attempted refuses an id that nothing has: it was mistyped, rather than never tried.
func (a session) attempted(ctx context.Context, of attemptsOf) error {
	if of.endpoint != 0 {
		_, err := a.findEndpoint(ctx, of.endpoint)
		if errors.Is(err, webhooks.ErrNoEndpoint) {
			err = fmt.Errorf("%w; `worker webhooks endpoints` lists those that are known", err)
		}
		return err
	}
	known, err := a.q.WebhookLogListStatus(ctx, a.pool, []uuid.UUID{of.webhook})
	if err != nil {
		return fmt.Errorf("look for webhook %s: %w", of.webhook, err)
	}
	if len(known) == 0 {
		return fmt.Errorf("there is no webhook %s; `worker leads show` names those of a lead", of.webhook)
	}
	return nil
}

// flag is how the same is asked for again.
func (of attemptsOf) flag() string {
	if of.endpoint != 0 {
		return fmt.Sprintf("--endpoint %d", of.endpoint)
	}
	return fmt.Sprintf("--webhook %s", of.webhook)
}

// checkLimit keeps a list from being empty because none was asked for.
func checkLimit(cmd *cobra.Command, limit int32) error {
	if limit < 1 || limit > 100_000 {
		return wrongUsage(cmd, fmt.Errorf("--limit %d is not between 1 and 100000", limit))
	}
	return nil
}

func figure(n *int32) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}
