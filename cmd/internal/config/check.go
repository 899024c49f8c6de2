package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/integrations/webhook"
	"github.com/bravorevos/workers/pacing"
)

const (
	// minConnections leave the jobs some beside the sweeps and River's own work.
	minConnections = 4
	// maxExchange fits into the time that jobs are given for an exchange.
	maxExchange = 20 * time.Second
	// minSecret is what a secret needs that anybody may guess at, for as long as they like.
	minSecret = 16
)

// check finds what the types do not say.
func (c Config) check(found *problems) {
	c.checkDatabase(found)
	c.checkServices(found)
	c.checkProcess(found)
	c.checkFigures(found)
	c.checkSecrets(found) // last: what is wrong with them beside is said first
}

// checkSecrets refuses those that can be guessed: they open routes to everybody who can
// reach the port, and sign what receivers believe.
func (c Config) checkSecrets(found *problems) {
	for variable, secret := range map[string]Secret{
		"CRON_SECRET": c.CronSecret, "WEBHOOK_SECRET": c.WebhookSecret,
		"UNIPILE_WEBHOOK_SECRET": c.UnipileWebhookSecret, "OPERATOR_PASSWORD": c.OperatorPassword,
	} {
		if n := utf8.RuneCountInString(secret.Reveal()); n > 0 && n < minSecret {
			found.add(variable, fmt.Sprintf(
				"is shorter than %d characters, and can be guessed. Make one: openssl rand -hex 32", minSecret))
		}
	}
}

func (c Config) checkPublicAddress(found *problems) {
	_, port, err := net.SplitHostPort(c.PublicListenAddr)
	if err != nil {
		found.add("PUBLIC_LISTEN_ADDR", "is not host:port, for example "+lookup("PUBLIC_LISTEN_ADDR").Example)
	} else if c.PublicListenAddr == c.ListenAddr && port != "0" {
		found.add("PUBLIC_LISTEN_ADDR", "is LISTEN_ADDR: give it a port of its own, or unset it to serve all on one")
	}
}

func (c Config) checkDatabase(found *problems) {
	if c.DatabaseURL == "" {
		found.addMissing("DATABASE_URL")
	} else if !isPostgresURL(c.DatabaseURL.Reveal()) {
		found.add("DATABASE_URL", "is not a Postgres URL such as "+lookup("DATABASE_URL").Example+
			"; special characters of the password must be percent-encoded")
	}
	if c.MaxConnections < minConnections {
		found.add("DATABASE_MAX_CONNECTIONS", "must be 4 or more")
	}
}

func (c Config) checkServices(found *problems) {
	switch {
	case c.UnipileMockMode && c.UnipileAPIKey != "":
		found.add("UNIPILE_MOCK_MODE", "is refused together with UNIPILE_API_KEY: unset one of them")
	case c.UnipileMockMode:
	default:
		checkKey(found, "UNIPILE_API_KEY", c.UnipileAPIKey)
		if c.UnipileDSN == "" {
			found.addMissing("UNIPILE_DSN")
		} else if !isAddress(c.UnipileDSN, "https://") {
			found.add("UNIPILE_DSN", "is not host:port as the dashboard shows it, for example "+lookup("UNIPILE_DSN").Example)
		}
	}
	checkKey(found, "RESEND_API_KEY", c.ResendAPIKey)
	if !isAddress(c.ResendBaseURL, "") {
		found.add("RESEND_BASE_URL", "is not a URL, for example "+lookup("RESEND_BASE_URL").Example)
	}
	c.checkSigning(found)
	if c.WebhookEncryptionKey != "" {
		if _, err := webhook.NewVault(c.WebhookEncryptionKey.Reveal()); err != nil {
			found.add("WEBHOOK_ENCRYPTION_KEY", "is not right: "+err.Error()+". Make one: openssl rand -base64 32")
		}
	}
	if _, err := mail.ParseAddress(c.EmailFrom); err != nil {
		found.add("EMAIL_FROM", "is not an email address, for example "+lookup("EMAIL_FROM").Example)
	}
	for variable, timeout := range map[string]time.Duration{"UNIPILE_TIMEOUT": c.UnipileTimeout, "WEBHOOK_TIMEOUT": c.WebhookTimeout} {
		if timeout > maxExchange {
			found.add(variable, "must be 20s or less")
		}
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		found.add("TIME_ZONE", "is not the name of a zone, for example "+lookup("TIME_ZONE").Example)
	}
	if _, err := pacing.ParseHours(c.WorkingHours, time.UTC); err != nil {
		found.add("WORKING_HOURS", "is not right: "+err.Error())
	}
	if c.WriteGapMin > c.WriteGapMax {
		found.add("WRITE_GAP_MIN", "is longer than WRITE_GAP_MAX")
	}
}

// checkSigning refuses a secret that cannot sign: nothing would be delivered with it.
func (c Config) checkSigning(found *problems) {
	variable, secret := "WEBHOOK_SECRET", c.SigningSecret()
	if c.WebhookSecret == "" {
		variable = "CRON_SECRET"
	}
	if secret == "" {
		found.addMissing("WEBHOOK_SECRET")
	} else if _, err := webhook.StandardSignature(secret.Reveal(), "id", time.Time{}, nil); err != nil {
		found.add(variable, "cannot sign: "+err.Error()+". Make one: openssl rand -hex 32")
	}
}

func (c Config) checkProcess(found *problems) {
	if _, _, err := net.SplitHostPort(c.ListenAddr); err != nil {
		found.add("LISTEN_ADDR", "is not host:port, for example "+lookup("LISTEN_ADDR").Example)
	}
	if c.PublicListenAddr != "" {
		c.checkPublicAddress(found)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		found.add("LOG_LEVEL", "is none of debug, info, warn, error")
	}
	if !slices.Contains([]string{"auto", "json", "text"}, c.LogFormat) {
		found.add("LOG_FORMAT", "is none of auto, json, text")
	}
}

// checkFigures holds for every duration and number: none of them may be zero.
func (c Config) checkFigures(found *problems) {
	for field, value := range reflect.ValueOf(c).Fields() {
		wrong := false
		switch figure := value.Interface().(type) {
		case time.Duration:
			wrong = figure <= 0
		case []time.Duration:
			wrong = len(figure) == 0 || slices.Min(figure) <= 0
		case int:
			wrong = figure <= 0
		}
		if wrong {
			found.add(variable(field).Name, "must be more than zero")
		}
	}
}

// checkKey refuses what no header can carry: a key with its name in front, or two
// lines of a file.
func checkKey(found *problems, variable string, key Secret) {
	switch {
	case key == "":
		found.addMissing(variable)
	case strings.ContainsFunc(key.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }):
		found.add(variable, "holds a blank or a character that no key has")
	}
}

// isPostgresURL leaves the error of the parser away: it would repeat the value. A
// host with an @ is the end of a password that is not encoded.
func isPostgresURL(address string) bool {
	scheme, _, _ := strings.Cut(address, "://")
	c, err := pgxpool.ParseConfig(address)
	return err == nil && (scheme == "postgres" || scheme == "postgresql") && !strings.Contains(c.ConnConfig.Host, "@")
}

// isAddress tells whether a web address may be called as it is, or with the given
// scheme in front where it has none.
func isAddress(address, scheme string) bool {
	if !strings.Contains(address, "://") {
		address = scheme + address
	}
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && u.User == nil && u.RawQuery == "" && (u.Scheme == "https" || u.Scheme == "http")
}
