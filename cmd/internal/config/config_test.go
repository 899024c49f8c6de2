package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs/privacy"
)

// sound is the smallest environment that the worker accepts, with changes. A
// change to "-" takes the variable out.
func sound(changes map[string]string) []string {
	values := map[string]string{
		"DATABASE_URL":    "postgres://worker:pa%23ss@db.example.com:5432/postgres",
		"UNIPILE_API_KEY": "unipile-key",
		"UNIPILE_DSN":     "api8.unipile.com:13443",
		"RESEND_API_KEY":  "re_key",
		"CRON_SECRET":     "cron-secret-of-the-tests",
	}
	maps.Copy(values, changes)
	var environ []string
	for name, value := range values {
		if value != "-" {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// Ensure the smallest environment gives what the specification promises.
func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := Load(sound(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		DatabaseURL:               "postgres://worker:pa%23ss@db.example.com:5432/postgres",
		UnipileAPIKey:             "unipile-key",
		UnipileDSN:                "api8.unipile.com:13443",
		ResendAPIKey:              "re_key",
		ResendBaseURL:             "https://api.resend.com/",
		CronSecret:                "cron-secret-of-the-tests",
		EmailFrom:                 "Bravo revOS <notifications@bravorevos.com>",
		ListenAddr:                ":8080",
		OperatorUser:              "operator",
		LogLevel:                  "info",
		LogFormat:                 "auto",
		MaxConnections:            20,
		SoftStopTimeout:           20 * time.Second,
		ScrapeSweepInterval:       5 * time.Minute,
		MessageSweepInterval:      15 * time.Second,
		InboxInterval:             time.Minute,
		WebhookSweepInterval:      10 * time.Minute,
		NotificationSweepInterval: 15 * time.Minute,
		CommentReadsPerDay:        100,
		RelationsInterval:         6 * time.Hour,
		PublicRepliesPerHour:      10,
		PublicRepliesPerDay:       25,
		InvitationsPerHour:        4,
		InvitationsPerDay:         12,
		InvitationsPerWeek:        80,
		WorkingHours:              "always",
		TimeZone:                  "UTC",
		PollIntervalUnit:          time.Minute,
		FailedPollWait:            10 * time.Minute,
		FirstDMsPerHour:           20,
		FirstDMsPerDay:            100,
		AnswersPerHour:            30,
		AnswersPerDay:             100,
		WriteGapMin:               30 * time.Second,
		WriteGapMax:               90 * time.Second,
		UnipileReadLag:            90 * time.Second,
		UnipileTimeout:            20 * time.Second,
		WebhookTimeout:            10 * time.Second,
		WebhookSchedule: []time.Duration{
			5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 5 * time.Hour,
			10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		},
		Retention: privacy.Retention{
			"COMMENT_RETENTION":         14 * 24 * time.Hour,
			"LEAD_COMMENT_RETENTION":    365 * 24 * time.Hour,
			"MESSAGE_RETENTION":         90 * 24 * time.Hour,
			"INBOX_RETENTION":           90 * 24 * time.Hour,
			"OPT_OUT_RETENTION":         30 * 24 * time.Hour,
			"WEBHOOK_ATTEMPT_RETENTION": 30 * 24 * time.Hour,
			"WEBHOOK_ANSWER_RETENTION":  30 * 24 * time.Hour,
			"WEBHOOK_PAYLOAD_RETENTION": 0, // for ever
			"EMAIL_RETENTION":           90 * 24 * time.Hour,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Ensure values are read, without the white space around them, and that an empty
// one counts as not set.
func TestValues(t *testing.T) {
	t.Parallel()
	got, err := Load(sound(map[string]string{
		"CRON_SECRET":           " cron-secret-of-the-tests\n",
		"LISTEN_ADDR":           "",
		"LOG_LEVEL":             "  ",
		"SCRAPE_SWEEP_INTERVAL": "",
		"POLL_ONLY":             "true\n",
		"WEBHOOK_SCHEDULE":      "1m,10m, 1h",
		"WEBHOOK_ALLOW_CIDRS":   "10.0.0.0/8, fd00::/8",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Load(sound(nil))
	if err != nil {
		t.Fatal(err)
	}
	want.PollOnly = true
	want.WebhookSchedule = []time.Duration{time.Minute, 10 * time.Minute, time.Hour}
	want.WebhookAllow = []webhook.Opening{{Network: netip.MustParsePrefix("10.0.0.0/8")}, {Network: netip.MustParsePrefix("fd00::/8")}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSigningSecret(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config Config
		want   Secret
	}{
		"its own":         {Config{WebhookSecret: "own", CronSecret: "cron"}, "own"},
		"the cron secret": {Config{CronSecret: "cron"}, "cron"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.config.SigningSecret(); got != test.want {
				t.Errorf("webhooks are signed with %q", got.Reveal())
			}
		})
	}
}

// Ensure the vault is there when its key is, and knows all keys.
func TestVault(t *testing.T) {
	t.Parallel()
	if got := (Config{}).Vault(); got != nil {
		t.Error("there is a vault without a key")
	}
	if got := (Config{WebhookEncryptionKey: "hunter2"}).Vault(); got != nil {
		t.Error("there is a vault with a wrong key")
	}
	keys := Secret(strings.Repeat("00", 32) + ", " + strings.Repeat("11", 32))
	if got := (Config{WebhookEncryptionKey: keys}).Vault().KeyIDs(); len(got) != 2 {
		t.Errorf("the vault has the keys %v, want two", got)
	}
}

// Ensure no way of printing the configuration shows a secret.
func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	const value = "hunter2hunter2"
	c := Config{
		DatabaseURL: value, UnipileAPIKey: value, ResendAPIKey: value, CronSecret: value, WebhookSecret: value,
		SupabaseKey: value, OperatorPassword: value, WebhookEncryptionKey: value,
	}
	dumps := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		dumps[verb] = fmt.Sprintf(verb+" "+verb+" "+verb, c, &c, c.CronSecret)
	}
	encoded, err := json.Marshal(map[string]any{"config": c, "secret": c.CronSecret})
	if err != nil {
		t.Fatal(err)
	}
	dumps["json"] = string(encoded)
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("started", "config", c, "secret", c.CronSecret)
		dumps[name] = b.String()
	}
	for name, dump := range dumps {
		// "%x" would show it as digits.
		if strings.Contains(dump, value) || strings.Contains(dump, fmt.Sprintf("%x", value)) {
			t.Errorf("%s shows the secret: %s", name, dump)
		}
		if !strings.Contains(dump, "secret>") && !strings.Contains(dump, "secret\\u003e") {
			t.Errorf("%s does not show that there is a secret: %s", name, dump)
		}
	}
	if got := c.CronSecret.Reveal(); got != value {
		t.Errorf("Reveal gives %q", got)
	}
	if got := fmt.Sprint(Secret("")); got != "" {
		t.Errorf("a secret that is not set shows as %q", got)
	}
}
