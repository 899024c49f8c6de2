package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs/webhooks"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// sample is what to send, and where.
type sample struct {
	campaign    *uuid.UUID
	url, secret string
	scope       uuid.UUID // whose endpoint the URL is; nil: one that was named by hand
}

func sampleCommand(environ []string) *cobra.Command {
	var s sample
	cmd := &cobra.Command{
		Use:   "sample [CAMPAIGN]",
		Short: "Send an invented lead to a receiver, and say what it answered",
		Long: `sample posts a lead that nobody is ("sample": true, at example.com) to where the campaign's
leads go: to the URL of its newest scrape job, else to its own, else to that of its active
webhook configuration. It is checked, signed and sent as a real one, but leaves no trace in
leads or webhook_logs, and is tried once. The try to a campaign's own receiver stands among
those that ` + "`worker webhooks attempts`" + ` lists.

The exit code is 1 when the answer is not 2xx.`,
		Example: `  worker webhooks sample 9b2d6c1e-53f4-4a86-8f6e-0c1d2e3f4a5b
  worker webhooks sample --url https://crm.example.com/leads
  worker webhooks sample --url https://crm.example.com/leads --secret - < secret.txt`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.complete(cmd, args); err != nil {
				return err
			}
			return s.run(cmd, environ)
		},
	}
	cmd.Flags().StringVar(&s.url, "url", "", "send it to this `address` instead")
	cmd.Flags().StringVar(&s.secret, "secret", "", "sign webhook-signature with this `secret` instead; - reads it from standard input, where no list of processes shows it")
	return cmd
}

// complete checks the command line.
func (s *sample) complete(cmd *cobra.Command, args []string) error {
	for _, arg := range args {
		if strings.Contains(arg, "://") {
			return wrongUsage(cmd, errors.New("an address is given with --url"))
		}
		id, err := campaignArgument(cmd, arg)
		if err != nil {
			return err
		}
		s.campaign = &id
	}
	if s.campaign == nil && s.url == "" {
		return wrongUsage(cmd, errors.New("say where to: name a campaign or an --url"))
	}
	if s.secret == "-" {
		text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<10))
		if err != nil {
			return fmt.Errorf("read secret: %w", err)
		}
		if s.secret = strings.TrimSpace(string(text)); s.secret == "" {
			return wrongUsage(cmd, errors.New("--secret -: there is none on standard input"))
		}
	}
	if strings.HasPrefix(s.secret, webhook.SecretPrefix) {
		if err := webhook.CheckSecret(s.secret); err != nil {
			return wrongUsage(cmd, fmt.Errorf("--secret: %w", err))
		}
	}
	return nil
}

func (s *sample) run(cmd *cobra.Command, environ []string) error {
	cfg, err := config.LoadDatabase(environ, "WEBHOOK_ENCRYPTION_KEY", "WEBHOOK_SECRET", "WEBHOOK_TIMEOUT", "WEBHOOK_ALLOW_CIDRS", "WEBHOOK_REQUIRE_HTTPS")
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	return withDatabase(ctx, environ, func(pool *pgxpool.Pool) error {
		if err := migrations.Check(ctx, pool); err != nil {
			return err
		}
		sender := webhook.New(webhook.Config{
			Timeout: cfg.WebhookTimeout, Openings: cfg.WebhookAllow, RequireHTTPS: cfg.WebhookRequireHTTPS,
			Own: func() netip.AddrPort { return workerPort(cfg.ListenAddr) },
		})
		d, err := s.delivery(ctx, pool, cfg)
		if err != nil {
			return err
		}
		return s.send(ctx, cmd.OutOrStdout(), pool, sender, d)
	})
}

// workerPort is where a worker with this LISTEN_ADDR serves on this machine. It delivers
// nothing to itself, so a sample must not either.
func workerPort(listenAddr string) netip.AddrPort {
	_, port, _ := net.SplitHostPort(listenAddr)
	n, _ := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n))
}

// delivery is the sample as a worker with this configuration would deliver it.
func (s *sample) delivery(ctx context.Context, db store.DBTX, cfg config.Config) (webhook.Delivery, error) {
	d := webhook.Delivery{URL: s.url, Secret: cfg.SigningSecret().Reveal(), Now: queue.Now(ctx)}
	campaign := uuid.Nil
	if s.campaign != nil {
		campaign = *s.campaign
		configured, err := store.New().CampaignGetWebhook(ctx, db, campaign)
		d.Client = configured.Scope
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return d, fmt.Errorf("there is no campaign %s", campaign)
		case err != nil:
			return d, fmt.Errorf("find webhook of campaign %s: %w", campaign, err)
		case s.url == "" && configured.WebhookUrl == "":
			return d, fmt.Errorf("campaign %s has no webhook: neither its newest scrape job nor itself names a URL, "+
				"and it has no active webhook configuration", campaign)
		case s.url == "":
			d.URL, s.scope = strings.TrimSpace(configured.WebhookUrl), configured.Scope
		}
	}
	var err error
	switch {
	case s.secret != "":
		d.Secrets = []string{s.secret}
	case s.campaign != nil:
		if d.Secrets, err = webhooks.CampaignSecrets(ctx, db, cfg.Vault(), campaign); err != nil {
			return d, err
		}
	}
	id, body, err := webhooks.SampleLead(campaign, d.Now)
	d.ID, d.Body = id.String(), body
	return d, err
}

func host(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	return u.Host
}

// send delivers it and tells what happened.
func (s *sample) send(ctx context.Context, out io.Writer, db store.DBTX, sender *webhook.Sender, d webhook.Delivery) error {
	headers, err := sender.Headers(d)
	if failure := integrations.As(err); failure != nil {
		return fmt.Errorf("the sample was not sent: %w\nwhat to check: %s", err, advice(webhook.Result{Cause: failure.Type}))
	}
	if err != nil {
		return fmt.Errorf("the sample was not sent: %w", err)
	}
	result, err := sender.Deliver(ctx, d)
	if s.scope != uuid.Nil {
		if err := webhooks.RecordSample(context.WithoutCancel(ctx), db, s.scope, d.URL, d.Now, result, err); err != nil {
			return err
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	// Not the whole URL: it may hold a token, and this is pasted into tickets.
	terminal.Fprintf(table, "sent\tto %s\n", host(d.URL))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		terminal.Fprintf(table, "  %s:\t%s\n", name, strings.Join(headers[name], ", "))
	}
	terminal.Fprintf(table, "  body:\t%s\n", d.Body)
	fmt.Fprintln(table, "answer")
	if result.Status != 0 {
		terminal.Fprintf(table, "  status:\t%d\n", result.Status)
	} else {
		terminal.Fprintf(table, "  status:\tnone\n")
	}
	terminal.Fprintf(table, "  took:\t%s\n", result.Timings.Total.Round(time.Millisecond))
	if result.Address != "" {
		terminal.Fprintf(table, "  from:\t%s\n", result.Address)
	}
	if result.Cause != "" {
		terminal.Fprintf(table, "  cause:\t%s\n", result.Cause)
	}
	if result.Body != "" {
		terminal.Fprintf(table, "  body:\t%s\n", strings.ReplaceAll(result.Body, "\n", " ⏎ "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err == nil {
		fmt.Fprintln(out, "the receiver took it")
		return nil
	}
	terminal.Fprintf(out, "%v\nwhat to check: %s\n", err, advice(result))
	return errReported
}
