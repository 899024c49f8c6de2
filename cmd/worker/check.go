package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/bravorevos/workers/cmd/internal/config"
	"github.com/bravorevos/workers/cmd/internal/terminal"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/migrations"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// check tries every outside service and prints one line each.
func check(ctx context.Context, environ []string, out io.Writer) error {
	cfg, err := config.Load(environ)
	if err != nil {
		return err
	}
	for _, warning := range cfg.Warnings() {
		terminal.Fprintf(out, "warn  %s\n", warning)
	}
	failed := false
	try := func(name string, f func(ctx context.Context) (string, error)) {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		note, err := f(ctx)
		if err != nil {
			failed = true
			terminal.Fprintf(out, "FAIL  %-9s %v\n", name, err)
			return
		}
		terminal.Fprintf(out, "ok    %-9s %s\n", name, note)
	}
	try("database", func(ctx context.Context) (string, error) { return checkDatabase(ctx, cfg) })
	try("clock", func(ctx context.Context) (string, error) { return checkClock(ctx, cfg) })
	try("unipile", func(ctx context.Context) (string, error) { return checkUnipile(ctx, cfg) })
	try("resend", func(ctx context.Context) (string, error) { return checkResend(ctx, cfg) })
	try("webhooks", func(ctx context.Context) (string, error) { return checkSecrets(ctx, cfg) })
	if failed {
		return errReported
	}
	return nil
}

func checkDatabase(ctx context.Context, cfg config.Config) (string, error) {
	pool, err := openPool(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer pool.Close()
	var version int
	if err := pool.QueryRow(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		return "", fmt.Errorf("read version: %w", err)
	}
	if version < 14 {
		return "", fmt.Errorf("PostgreSQL %d is too old: 14 or newer is needed", version)
	}
	if err := migrations.Check(ctx, pool); err != nil {
		return "", err
	}
	return fmt.Sprintf("PostgreSQL %d, migrated", version), nil
}

// checkClock compares the clock of this machine with the database's.
func checkClock(ctx context.Context, cfg config.Config) (string, error) {
	pool, err := openPool(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer pool.Close()
	clock := queue.NewClock(nil, nil)
	if err := clock.Measure(ctx, pool); err != nil {
		return "", err
	}
	return clockNote(clock.Offset())
}

func clockNote(ahead time.Duration) (string, error) {
	off, direction := ahead.Abs().Round(time.Millisecond), "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	if off > queue.ClockTolerance {
		return "", fmt.Errorf("this machine's is %s %s the database's: work goes by the database's, but certificates and "+
			"the times in logs go by this one. %s", off, direction, queue.ClockAdvice)
	}
	return fmt.Sprintf("within %s of the database's", max(off, time.Millisecond)), nil
}

// checkSecrets tells whether the secrets of campaigns can be read. Where not, their
// webhooks wait.
func checkSecrets(ctx context.Context, cfg config.Config) (string, error) {
	pool, err := openPool(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer pool.Close()
	ids := append([]string{}, cfg.Vault().KeyIDs()...) // nil would be NULL
	n, err := store.New().WebhookSecretCountSealed(ctx, pool, ids)
	if err != nil {
		return "", fmt.Errorf("count secrets: %w", err)
	}
	if n.Closed > 0 {
		return "", fmt.Errorf("%d of %d secrets of campaigns are encrypted under a key that WEBHOOK_ENCRYPTION_KEY lacks: "+
			"their webhooks wait (`worker webhooks secret list` names the keys)", n.Closed, n.Secrets)
	}
	return fmt.Sprintf("%d secret(s) of campaigns can be read", n.Secrets), nil
}

func checkUnipile(ctx context.Context, cfg config.Config) (string, error) {
	if cfg.UnipileMockMode {
		return "mock mode: not asked", nil
	}
	client, err := unipile.New(unipile.Config{
		DSN: cfg.UnipileDSN, APIKey: cfg.UnipileAPIKey.Reveal(), Timeout: cfg.UnipileTimeout,
	})
	if err != nil {
		return "", err
	}
	healthy, broken := 0, ""
	walk := unipile.NewWalk("list accounts", "", "")
	for cursor := ""; ; {
		page, err := client.Accounts(ctx, cursor)
		if err != nil {
			return "", fmt.Errorf("%w (check UNIPILE_DSN and UNIPILE_API_KEY)", err)
		}
		for _, a := range page.Accounts {
			if a.Healthy {
				healthy++
			} else {
				broken += fmt.Sprintf("; account %s: %s, log in again at Unipile", a.ID, a.Problem)
			}
		}
		if cursor, err = walk.Next(page); err != nil {
			return "", err
		}
		if cursor == "" {
			break
		}
	}
	if broken != "" {
		return "", fmt.Errorf("%d account(s) in order%s", healthy, broken)
	}
	return fmt.Sprintf("%d LinkedIn account(s) in order", healthy), nil
}

func checkResend(ctx context.Context, cfg config.Config) (string, error) {
	client, err := resend.New(resend.Config{APIKey: cfg.ResendAPIKey.Reveal(), BaseURL: cfg.ResendBaseURL})
	if err != nil {
		return "", err
	}
	if err := client.Check(ctx); err != nil {
		return "", fmt.Errorf("%w (check RESEND_API_KEY)", err)
	}
	return "the key is accepted", nil
}
