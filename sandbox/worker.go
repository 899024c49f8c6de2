package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"path/filepath"
	"time"

	"github.com/bravorevos/workers/sandbox/process"
)

// environment is what the worker is configured with. Time is compressed here and
// nowhere else.
func (s *stage) environment() map[string]string {
	return map[string]string{
		"DATABASE_URL":      s.databaseURL,
		"UNIPILE_API_KEY":   unipileKey,
		"UNIPILE_DSN":       s.outside.unipileURL,
		"RESEND_API_KEY":    resendKey,
		"RESEND_BASE_URL":   s.outside.resendURL + "/",
		"WEBHOOK_SECRET":    s.webhookSecret,
		"CRON_SECRET":       s.cronSecret,
		"OPERATOR_USER":     operator,
		"OPERATOR_PASSWORD": s.password,

		"WEBHOOK_ENCRYPTION_KEY":      s.webhookKey,
		"WEBHOOK_ALLOW_CIDRS":         "127.0.0.0/8",
		"SCRAPE_SWEEP_INTERVAL":       "1s",
		"MESSAGE_SWEEP_INTERVAL":      "1s",
		"INBOX_INTERVAL":              "500ms",
		"WEBHOOK_SWEEP_INTERVAL":      "2s",
		"NOTIFICATION_SWEEP_INTERVAL": "2s",
		"POLL_INTERVAL_UNIT":          "1s",
		"FAILED_POLL_WAIT":            "1s",
		"WRITE_GAP_MIN":               "50ms",
		"WRITE_GAP_MAX":               "150ms",
		"RELATIONS_INTERVAL":          "1s",
		"COMMENT_READS_PER_DAY":       "100000",
		"INVITATIONS_PER_HOUR":        "1000",
		"INVITATIONS_PER_DAY":         "1000",
		"FIRST_DMS_PER_HOUR":          "1000",
		"FIRST_DMS_PER_DAY":           "1000",
		"ANSWERS_PER_HOUR":            "1000",
		"ANSWERS_PER_DAY":             "1000",
		"UNIPILE_READ_LAG":            (readLag + time.Second).String(),
		"WEBHOOK_SCHEDULE":            "1s,2s,3s,5s,5s",
		"SOFT_STOP_TIMEOUT":           "5s",
	}
}

// startWorker runs one more worker of the stage.
func (s *stage) startWorker(ctx context.Context, name string) (*process.Worker, error) {
	o := process.WorkerOptions{Name: name, Binary: s.binary, Environment: s.environment()}
	if !s.verbose {
		o.Log = filepath.Join(s.dir, name+".log")
	}
	return process.StartWorker(ctx, o)
}

// newKey is what the secrets of campaigns are encrypted with.
func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return base64.StdEncoding.EncodeToString(key)
}
