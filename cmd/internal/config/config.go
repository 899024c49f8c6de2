// Package config reads the environment into one struct, reports all of its
// problems at once, and keeps secrets from being printed. Nothing else in the
// product reads the environment.
package config

import (
	"fmt"
	"io"
	"time"
	_ "time/tzdata" // machines and images without zone files

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/jobs/privacy"
)

// Config is everything that can be set. The tag "doc" is the sentence that the
// documentation and `worker help environment` show.
type Config struct {
	DatabaseURL Secret `env:"DATABASE_URL" doc:"Postgres to work on, as a URL; sslmode=verify-full where it is not on this machine. With a transaction pooler set POLL_ONLY too." example:"postgres://postgres:password@db.example.com:5432/postgres"`

	UnipileAPIKey   Secret `env:"UNIPILE_API_KEY" doc:"Access token of your Unipile workspace: dashboard.unipile.com, Access tokens." example:"kM2xampleToken="`
	UnipileDSN      string `env:"UNIPILE_DSN" doc:"Your Unipile server, as the dashboard shows it." example:"api8.unipile.com:13443"`
	UnipileMockMode bool   `env:"UNIPILE_MOCK_MODE" envDefault:"false" doc:"Run against a fake Unipile inside this process. Refused together with UNIPILE_API_KEY." example:"true"`
	ResendAPIKey    Secret `env:"RESEND_API_KEY" doc:"Key that may send email: resend.com/api-keys." example:"re_example"`
	ResendBaseURL   string `env:"RESEND_BASE_URL" envDefault:"https://api.resend.com/" doc:"Where Resend's API is; only tests change it." example:"http://127.0.0.1:8103/"`
	CronSecret      Secret `env:"CRON_SECRET" doc:"Bearer token of the cron routes; 16 characters or more. It also signs webhooks where WEBHOOK_SECRET is not set, which the worker warns of. Make one: openssl rand -hex 32." example:"9f3c0d1e2f7a8b6c5d4e3f2a1b0c9d8e"`
	WebhookSecret   Secret `env:"WEBHOOK_SECRET" doc:"Signs outgoing webhooks; 16 characters or more. Make one: openssl rand -hex 32." example:"51ab7c8d9e0f1a2b3c4d5e6f708192a3"`
	SupabaseKey     Secret `env:"SUPABASE_SERVICE_ROLE_KEY" doc:"Accepted and ignored: the workers speak to Postgres directly." example:"eyJhbGciOi"`

	UnipileWebhookSecret Secret `env:"UNIPILE_WEBHOOK_SECRET" doc:"What Unipile's webhooks must send in the header Unipile-Auth, to POST /webhooks/unipile; 16 characters or more, off without it. Make one: openssl rand -hex 32." example:"c07d4b2f1a0e9d8c7b6a5f4e3d2c1b0a"`

	EmailFrom string `env:"EMAIL_FROM" envDefault:"Bravo revOS <notifications@bravorevos.com>" doc:"Sender of notification emails, on a domain verified at Resend." example:"Kelp <pods@kelp.example>"`

	ListenAddr       string `env:"LISTEN_ADDR" envDefault:":8080" doc:"Address of the HTTP server; :0 takes a free port." example:"127.0.0.1:8080"`
	PublicListenAddr string `env:"PUBLIC_LISTEN_ADDR" doc:"A second address, for what strangers must reach: POST /webhooks/unipile. LISTEN_ADDR then no longer serves it, and can stay private with the metrics, the cron routes and River UI." example:":8081"`
	OperatorUser     string `env:"OPERATOR_USER" envDefault:"operator" doc:"Login of River UI." example:"support"`
	OperatorPassword Secret `env:"OPERATOR_PASSWORD" doc:"Password of River UI, 16 characters or more; River UI is off without it. Make one: openssl rand -hex 32." example:"correct-horse-battery"`

	LogLevel  string `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error." example:"debug"`
	LogFormat string `env:"LOG_FORMAT" envDefault:"auto" doc:"json, text, or auto: text on a terminal, json otherwise." example:"json"`

	PollOnly        bool          `env:"POLL_ONLY" envDefault:"false" doc:"Do without LISTEN and prepared statements, for a DATABASE_URL behind a transaction pooler. Rows are then picked up by the periodic sweeps." example:"true"`
	MaxConnections  int32         `env:"DATABASE_MAX_CONNECTIONS" envDefault:"20" doc:"Size of the connection pool, 4 or more; five more are used: to listen, by River, by the heartbeat, and two by /readyz and /metrics." example:"10"`
	SoftStopTimeout time.Duration `env:"SOFT_STOP_TIMEOUT" envDefault:"20s" doc:"How long running jobs may finish after SIGTERM before they are cut short. The platform's own grace period must be longer." example:"45s"`

	ScrapeSweepInterval       time.Duration `env:"SCRAPE_SWEEP_INTERVAL" envDefault:"5m" doc:"How often due scrape jobs are looked for." example:"1m"`
	MessageSweepInterval      time.Duration `env:"MESSAGE_SWEEP_INTERVAL" envDefault:"15s" doc:"How often waiting messages are planned." example:"5s"`
	InboxInterval             time.Duration `env:"INBOX_INTERVAL" envDefault:"1m" doc:"How often the inbox of an account with waiting leads is read." example:"30s"`
	WebhookSweepInterval      time.Duration `env:"WEBHOOK_SWEEP_INTERVAL" envDefault:"10m" doc:"How often due webhook rows without a job are looked for." example:"2m"`
	NotificationSweepInterval time.Duration `env:"NOTIFICATION_SWEEP_INTERVAL" envDefault:"15m" doc:"How often pending notifications without a job are looked for." example:"5m"`
	CommentReadsPerDay        int           `env:"COMMENT_READS_PER_DAY" envDefault:"100" doc:"How often an account may read comments in any 24 hours, where its row in workers.accounts says nothing else. Unipile recommends 100." example:"200"`
	RelationsInterval         time.Duration `env:"RELATIONS_INTERVAL" envDefault:"6h" doc:"How often, on average, new connections are looked for while commenters who could not be written to are waited for." example:"8h"`
	PollIntervalUnit          time.Duration `env:"POLL_INTERVAL_UNIT" envDefault:"1m" doc:"How long one of poll_interval_minutes lasts; the demo compresses time with it." example:"1s"`
	CheckMX                   bool          `env:"CHECK_MX" envDefault:"false" doc:"Ask the DNS whether the domain of an address takes mail; where it does not, the person is asked again." example:"true"`
	FailedPollWait            time.Duration `env:"FAILED_POLL_WAIT" envDefault:"10m" doc:"When a poll that failed is tried again." example:"5m"`

	FirstDMsPerHour      int `env:"FIRST_DMS_PER_HOUR" envDefault:"20" doc:"First DMs an account may send in any hour, where its row in workers.accounts says nothing else." example:"10"`
	FirstDMsPerDay       int `env:"FIRST_DMS_PER_DAY" envDefault:"100" doc:"First DMs an account may send in any 24 hours." example:"40"`
	AnswersPerHour       int `env:"ANSWERS_PER_HOUR" envDefault:"30" doc:"Messages to people who wrote, in any hour: a pot of its own." example:"20"`
	AnswersPerDay        int `env:"ANSWERS_PER_DAY" envDefault:"100" doc:"Messages to people who wrote, in any 24 hours." example:"60"`
	PublicRepliesPerHour int `env:"PUBLIC_REPLIES_PER_HOUR" envDefault:"10" doc:"Public replies, in any hour, to commenters who cannot be written to." example:"5"`
	PublicRepliesPerDay  int `env:"PUBLIC_REPLIES_PER_DAY" envDefault:"25" doc:"Public replies in any 24 hours." example:"15"`
	InvitationsPerHour   int `env:"INVITATIONS_PER_HOUR" envDefault:"4" doc:"Invitations to connect, in any hour." example:"2"`
	InvitationsPerDay    int `env:"INVITATIONS_PER_DAY" envDefault:"12" doc:"Invitations in any 24 hours." example:"5"`
	InvitationsPerWeek   int `env:"INVITATIONS_PER_WEEK" envDefault:"80" doc:"Invitations in any 7 days." example:"40"`

	WorkingHours string `env:"WORKING_HOURS" envDefault:"always" doc:"When accounts write, where an account's row says nothing else. Answers to people who wrote go out until 22:00 and on every day." example:"mon-fri 08:00-19:00"`
	TimeZone     string `env:"TIME_ZONE" envDefault:"UTC" doc:"Zone of the working hours, where an account's row names none." example:"Europe/Berlin"`

	WriteGapMin    time.Duration `env:"WRITE_GAP_MIN" envDefault:"30s" doc:"Shortest pause between two writes of one account." example:"45s"`
	WriteGapMax    time.Duration `env:"WRITE_GAP_MAX" envDefault:"90s" doc:"Longest pause between two writes of one account." example:"3m30s"`
	UnipileReadLag time.Duration `env:"UNIPILE_READ_LAG" envDefault:"90s" doc:"How long a sent message may be missing from Unipile's reads; a message in doubt is not sent again before that and one and a half times UNIPILE_TIMEOUT are over." example:"2m"`
	UnipileTimeout time.Duration `env:"UNIPILE_TIMEOUT" envDefault:"20s" doc:"Limit of one exchange with Unipile; at most 20s." example:"10s"`

	LookFirst bool `env:"LOOK_BEFORE_FIRST_DM" envDefault:"false" doc:"Look into the chat before each message that was never tried, on all accounts and for good; worker accounts look-first does it for a time." example:"true"`

	WebhookEncryptionKey Secret `env:"WEBHOOK_ENCRYPTION_KEY" doc:"Encrypts the webhook secrets of campaigns in the database; needed once a campaign has one. 32 bytes as base64 or hexadecimal digits; several with commas between: the first encrypts, all decrypt. Make one: openssl rand -base64 32." example:"3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8="`

	WebhookTimeout      time.Duration     `env:"WEBHOOK_TIMEOUT" envDefault:"10s" doc:"Limit of one webhook exchange, body included; at most 20s." example:"5s"`
	WebhookSchedule     []time.Duration   `env:"WEBHOOK_SCHEDULE" envDefault:"5m,15m,1h,2h,5h,10h,14h,20h,24h" doc:"Waits after each failed delivery; one more try than waits." example:"1m,10m,1h"`
	WebhookAllow        []webhook.Opening `env:"WEBHOOK_ALLOW_CIDRS" doc:"What webhooks may go to although it is not public, for self-hosters: networks, address:port or host:port, each for one client alone with @ and its id behind it. Answers from there are kept where a client is named." example:"10.1.2.3:8443@6f1c2a9e-3b54-4d7a-9c0e-2f8b7a6d5e41,crm.internal:8443,10.0.0.0/8"`
	WebhookRequireHTTPS bool              `env:"WEBHOOK_REQUIRE_HTTPS" envDefault:"false" doc:"Refuse receivers whose URL begins with http://: leads would cross the network in the open." example:"true"`

	// Retention is read from a variable for each of [jobs.RetentionKinds].
	Retention privacy.Retention
}

// Secret is a value that never shows in logs or dumps.
type Secret string

// Reveal returns the value, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "<secret>"
}

// Format hides the value from every verb of fmt: %#v, and %d too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides the value from encoders, slog's included.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Vault opens the webhook secrets of campaigns; it is nil where there is no key.
func (c Config) Vault() *webhook.Vault {
	if c.WebhookEncryptionKey == "" {
		return nil
	}
	vault, err := webhook.NewVault(c.WebhookEncryptionKey.Reveal())
	if err != nil {
		return nil // a problem that loading has reported
	}
	return vault
}

// SigningSecret is what outgoing webhooks are signed with.
func (c Config) SigningSecret() Secret {
	if c.WebhookSecret != "" {
		return c.WebhookSecret
	}
	return c.CronSecret
}
