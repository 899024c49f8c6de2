package config

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Load reads the environment, given as os.Environ gives it, and checks all of it:
// the error lists every problem with the name of the variable and the way out.
func Load(environ []string) (Config, error) {
	values := env.ToMap(environ)
	for name, value := range values {
		values[name] = strings.TrimSpace(value) // a newline from a secrets file
	}
	var c Config
	var problems []error
	if err := env.ParseWithOptions(&c, options(values)); err != nil {
		problems = append(problems, parseProblems(err)...)
	}
	problems = append(problems, c.problems()...)
	if len(problems) > 0 {
		return c, fmt.Errorf("the environment has %d problem(s):\n%w", len(problems), errors.Join(problems...))
	}
	return c, nil
}

// LoadDatabase reads only what a command needs that works on the database alone.
func LoadDatabase(environ []string) (Config, error) {
	c, err := Load(environ)
	if p := c.databaseProblems(); len(p) > 0 {
		return c, errors.Join(p...)
	}
	_ = err // problems of other services do not concern a migration
	return c, nil
}

func options(values map[string]string) env.Options {
	return env.Options{
		Environment: values,
		FuncMap: map[reflect.Type]env.ParserFunc{
			reflect.TypeFor[netip.Prefix](): func(v string) (any, error) {
				return netip.ParsePrefix(strings.TrimSpace(v))
			},
		},
	}
}

// parseProblems names the variables that do not parse, never their values.
func parseProblems(err error) []error {
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return []error{err}
	}
	names := fieldNames()
	var problems []error
	for _, e := range aggregate.Errors {
		if parse, ok := errors.AsType[env.ParseError](e); ok {
			v := names[parse.Name]
			problems = append(problems, fmt.Errorf("  %s: not a valid %s, for example %s", v.Name, kindName(parse.Type), v.Example))
			continue
		}
		problems = append(problems, e)
	}
	return problems
}

func kindName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[[]time.Duration]():
		return "duration"
	case reflect.TypeFor[bool]():
		return "boolean"
	case reflect.TypeFor[[]netip.Prefix](), reflect.TypeFor[netip.Prefix]():
		return "list of networks"
	default:
		return "number"
	}
}

func (c Config) problems() []error {
	problems := c.databaseProblems()
	missing := func(name string) {
		problems = append(problems, fmt.Errorf("  %s is not set. %s", name, lookup(name).Doc))
	}
	wrong := func(name, why string) { problems = append(problems, fmt.Errorf("  %s: %s", name, why)) }

	switch {
	case c.UnipileMockMode && c.UnipileAPIKey != "":
		wrong("UNIPILE_MOCK_MODE", "is refused together with UNIPILE_API_KEY: unset one of them")
	case c.UnipileMockMode:
	default:
		if c.UnipileAPIKey == "" {
			missing("UNIPILE_API_KEY")
		}
		if c.UnipileDSN == "" {
			missing("UNIPILE_DSN")
		}
	}
	if c.ResendAPIKey == "" {
		missing("RESEND_API_KEY")
	}
	if c.CronSecret == "" && c.WebhookSecret == "" {
		missing("WEBHOOK_SECRET")
	}
	if _, err := mail.ParseAddress(c.EmailFrom); err != nil {
		wrong("EMAIL_FROM", "is not an email address, for example "+lookup("EMAIL_FROM").Example)
	}
	if _, _, err := net.SplitHostPort(c.ListenAddr); err != nil {
		wrong("LISTEN_ADDR", "is not host:port, for example "+lookup("LISTEN_ADDR").Example)
	}
	if c.OperatorPassword != "" && len(c.OperatorPassword) < 12 {
		wrong("OPERATOR_PASSWORD", "is shorter than 12 characters")
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		wrong("LOG_LEVEL", "is none of debug, info, warn, error")
	}
	if !slices.Contains([]string{"auto", "json", "text"}, c.LogFormat) {
		wrong("LOG_FORMAT", "is none of auto, json, text")
	}
	for name, d := range maps.All(c.durations()) {
		if d <= 0 {
			wrong(name, "must be more than zero")
		}
	}
	for name, n := range map[string]int{
		"FIRST_DMS_PER_HOUR": c.FirstDMsPerHour, "FIRST_DMS_PER_DAY": c.FirstDMsPerDay,
		"ANSWERS_PER_HOUR": c.AnswersPerHour, "ANSWERS_PER_DAY": c.AnswersPerDay, "DATABASE_MAX_CONNECTIONS": int(c.MaxConnections) - 3,
	} {
		if n < 1 {
			wrong(name, "is too small")
		}
	}
	if c.WriteGapMin > c.WriteGapMax {
		wrong("WRITE_GAP_MIN", "is longer than WRITE_GAP_MAX")
	}
	if c.WebhookTimeout > 20*time.Second {
		wrong("WEBHOOK_TIMEOUT", "is longer than 20s")
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}

func (c Config) databaseProblems() []error {
	if c.DatabaseURL == "" {
		return []error{fmt.Errorf("  DATABASE_URL is not set. %s", lookup("DATABASE_URL").Doc)}
	}
	u, err := url.Parse(c.DatabaseURL.Reveal())
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return []error{errors.New("  DATABASE_URL: is not a URL that begins with postgres://; special characters of the password must be percent-encoded")}
	}
	return nil
}

func (c Config) durations() map[string]time.Duration {
	return map[string]time.Duration{
		"SOFT_STOP_TIMEOUT": c.SoftStopTimeout, "SCRAPE_SWEEP_INTERVAL": c.ScrapeSweepInterval,
		"MESSAGE_SWEEP_INTERVAL": c.MessageSweepInterval, "INBOX_INTERVAL": c.InboxInterval,
		"WEBHOOK_SWEEP_INTERVAL": c.WebhookSweepInterval, "NOTIFICATION_SWEEP_INTERVAL": c.NotificationSweepInterval,
		"POLL_INTERVAL_UNIT": c.PollIntervalUnit, "FAILED_POLL_WAIT": c.FailedPollWait,
		"WRITE_GAP_MIN": c.WriteGapMin, "WRITE_GAP_MAX": c.WriteGapMax, "UNIPILE_READ_LAG": c.UnipileReadLag,
		"UNIPILE_TIMEOUT": c.UnipileTimeout, "WEBHOOK_TIMEOUT": c.WebhookTimeout,
		"COMMENT_RETENTION": c.CommentRetention, "INBOX_RETENTION": c.InboxRetention,
	}
}
