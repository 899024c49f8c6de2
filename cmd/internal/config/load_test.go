package config

import (
	"strings"
	"testing"
	"time"
)

// Ensure an empty environment tells all that is missing, and how to get it.
func TestLoadTellsAllThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := Load(nil)
	if err == nil {
		t.Fatal("an empty environment is accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if want := "the environment has 5 problem(s):"; lines[0] != want {
		t.Errorf("the head is %q, want %q", lines[0], want)
	}
	missing := []string{"DATABASE_URL", "UNIPILE_API_KEY", "UNIPILE_DSN", "RESEND_API_KEY", "WEBHOOK_SECRET"}
	if len(lines) != 1+len(missing) {
		t.Fatalf("%d lines, want %d:\n%v", len(lines), 1+len(missing), err)
	}
	for i, name := range missing {
		if want := "  " + name + " is not set. " + lookup(name).Doc; lines[i+1] != want {
			t.Errorf("line %d is %q, want %q", i+1, lines[i+1], want)
		}
	}
}

// Ensure every mistake is found, and told in one line that names the variable and
// never its value.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	for name, test := range map[string]struct {
		changes map[string]string
		want    string // the only line
	}{
		"no database":           {map[string]string{"DATABASE_URL": "-"}, "DATABASE_URL is not set. "},
		"blanks for a database": {map[string]string{"DATABASE_URL": "  "}, "DATABASE_URL is not set. "},
		"another scheme":        {map[string]string{"DATABASE_URL": "mysql://u:hunter2@h/d"}, "DATABASE_URL is not a Postgres URL"},
		"no scheme":             {map[string]string{"DATABASE_URL": "host=h password=hunter2"}, "DATABASE_URL is not a Postgres URL"},
		"raw slash":             {map[string]string{"DATABASE_URL": "postgres://u:x/hunter2@h:5432/d"}, "DATABASE_URL is not a Postgres URL"},
		"raw at":                {map[string]string{"DATABASE_URL": "postgres://u:x@hunter2@h:5432/d"}, "DATABASE_URL is not a Postgres URL"},
		"raw percent":           {map[string]string{"DATABASE_URL": "postgres://u:hunter2%@h/d"}, "DATABASE_URL is not a Postgres URL"},
		"unknown sslmode":       {map[string]string{"DATABASE_URL": "postgres://u:hunter2@h/d?sslmode=maybe"}, "DATABASE_URL is not a Postgres URL"},
		"few connections":       {map[string]string{"DATABASE_MAX_CONNECTIONS": "3"}, "DATABASE_MAX_CONNECTIONS must be 4 or more"},
		"no number":             {map[string]string{"DATABASE_MAX_CONNECTIONS": value}, "DATABASE_MAX_CONNECTIONS is not a number, for example 10"},

		"mock mode and key": {
			map[string]string{"UNIPILE_MOCK_MODE": "true"},
			"UNIPILE_MOCK_MODE is refused together with UNIPILE_API_KEY",
		},
		"no dsn":                {map[string]string{"UNIPILE_DSN": "-"}, "UNIPILE_DSN is not set. "},
		"dsn with user":         {map[string]string{"UNIPILE_DSN": "https://hunter2@api8.unipile.com"}, "UNIPILE_DSN is not host:port"},
		"dsn of another sort":   {map[string]string{"UNIPILE_DSN": "ftp://api8.unipile.com/hunter2"}, "UNIPILE_DSN is not host:port"},
		"dsn with no host":      {map[string]string{"UNIPILE_DSN": "https:///hunter2"}, "UNIPILE_DSN is not host:port"},
		"key with its name":     {map[string]string{"UNIPILE_API_KEY": "X-API-KEY: hunter2"}, "UNIPILE_API_KEY holds a blank"},
		"no resend key":         {map[string]string{"RESEND_API_KEY": "-"}, "RESEND_API_KEY is not set. "},
		"two lines of a file":   {map[string]string{"RESEND_API_KEY": "re_1\nhunter2"}, "RESEND_API_KEY holds a blank"},
		"resend without scheme": {map[string]string{"RESEND_BASE_URL": "hunter2.example"}, "RESEND_BASE_URL is not a URL"},
		"nothing to sign with":  {map[string]string{"CRON_SECRET": "-"}, "WEBHOOK_SECRET is not set. "},
		"half a secret":         {map[string]string{"WEBHOOK_SECRET": "whsec_hunter2"}, "WEBHOOK_SECRET cannot sign: the secret is not base64 after whsec_"},
		"nothing but a prefix":  {map[string]string{"CRON_SECRET": "whsec_"}, "CRON_SECRET cannot sign: the secret is empty"},
		"encryption key":        {map[string]string{"WEBHOOK_ENCRYPTION_KEY": value}, "WEBHOOK_ENCRYPTION_KEY is not right: key 1 is not 32 bytes"},
		"second key":            {map[string]string{"WEBHOOK_ENCRYPTION_KEY": strings.Repeat("00", 32) + "," + value}, "WEBHOOK_ENCRYPTION_KEY is not right: key 2 is not 32 bytes"},
		"no sender":             {map[string]string{"EMAIL_FROM": "hunter2"}, "EMAIL_FROM is not an email address"},
		"slow unipile":          {map[string]string{"UNIPILE_TIMEOUT": "21s"}, "UNIPILE_TIMEOUT must be 20s or less"},
		"slow webhooks":         {map[string]string{"WEBHOOK_TIMEOUT": "1m"}, "WEBHOOK_TIMEOUT must be 20s or less"},
		"gap upside down":       {map[string]string{"WRITE_GAP_MIN": "5m"}, "WRITE_GAP_MIN is longer than WRITE_GAP_MAX"},
		"bad network":           {map[string]string{"WEBHOOK_ALLOW_CIDRS": "10.0.0.0/8,hunter2"}, "WEBHOOK_ALLOW_CIDRS is not a list of networks"},
		"address for network":   {map[string]string{"WEBHOOK_ALLOW_CIDRS": "10.0.0.1"}, "WEBHOOK_ALLOW_CIDRS is not a list of networks"},
		"several of them": {
			map[string]string{"WEBHOOK_ALLOW_CIDRS": "10.0.0.0/8,hunter2,crm.internal:8443@hunter2"},
			"WEBHOOK_ALLOW_CIDRS is not a list of networks and receivers: entry 2 is neither a network nor host:port: " +
				"write for example 10.1.0.0/16 or crm.internal:8443; entry 3 has no id of a client behind @: write for example",
		},
		"bad boolean":           {map[string]string{"POLL_ONLY": value}, "POLL_ONLY is not a boolean, for example true"},
		"bad duration":          {map[string]string{"WEBHOOK_TIMEOUT": value}, "WEBHOOK_TIMEOUT is not a duration, for example 5s"},
		"duration without unit": {map[string]string{"INBOX_INTERVAL": "60"}, "INBOX_INTERVAL is not a duration"},
		"zero duration":         {map[string]string{"SOFT_STOP_TIMEOUT": "0s"}, "SOFT_STOP_TIMEOUT must be more than zero"},
		"negative duration":     {map[string]string{"COMMENT_RETENTION": "-1h"}, "COMMENT_RETENTION must be more than zero"},
		"unclear retention":     {map[string]string{"MESSAGE_RETENTION": value}, "MESSAGE_RETENTION is not a duration, for example 720h, 90d, or never"},
		"short retention":       {map[string]string{"INBOX_RETENTION": "1h"}, "INBOX_RETENTION must be 192h or more, or never"},
		"endless days":          {map[string]string{"EMAIL_RETENTION": "99999999999d"}, "EMAIL_RETENTION is not a duration"},
		"negative days":         {map[string]string{"OPT_OUT_RETENTION": "-1d"}, "OPT_OUT_RETENTION must be more than zero"},
		"bad schedule":          {map[string]string{"WEBHOOK_SCHEDULE": "5m,hunter2"}, "WEBHOOK_SCHEDULE is not a list of durations"},
		"zero in schedule":      {map[string]string{"WEBHOOK_SCHEDULE": "5m,0s"}, "WEBHOOK_SCHEDULE must be more than zero"},
		"no messages":           {map[string]string{"FIRST_DMS_PER_DAY": "0"}, "FIRST_DMS_PER_DAY must be more than zero"},
		"no address to listen":  {map[string]string{"LISTEN_ADDR": "8080"}, "LISTEN_ADDR is not host:port"},
		"short password":        {map[string]string{"OPERATOR_PASSWORD": "fifteen-letters"}, "OPERATOR_PASSWORD is shorter than 16 characters, and can be guessed. Make one: openssl rand -hex 32"},
		"one letter":            {map[string]string{"CRON_SECRET": "x"}, "CRON_SECRET is shorter than 16"},
		"a short signature":     {map[string]string{"WEBHOOK_SECRET": "hunter2"}, "WEBHOOK_SECRET is shorter than 16"},
		"a short header":        {map[string]string{"UNIPILE_WEBHOOK_SECRET": "hunter2"}, "UNIPILE_WEBHOOK_SECRET is shorter than 16"},
		"no public address":     {map[string]string{"PUBLIC_LISTEN_ADDR": "8081"}, "PUBLIC_LISTEN_ADDR is not host:port"},
		"one address twice":     {map[string]string{"PUBLIC_LISTEN_ADDR": ":8080"}, "PUBLIC_LISTEN_ADDR is LISTEN_ADDR"},
		"bad level":             {map[string]string{"LOG_LEVEL": value}, "LOG_LEVEL is none of debug, info, warn, error"},
		"bad format":            {map[string]string{"LOG_FORMAT": value}, "LOG_FORMAT is none of auto, json, text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(sound(test.changes))
			if err == nil {
				t.Fatal("it is accepted")
			}
			line, ok := strings.CutPrefix(err.Error(), "the environment has 1 problem(s):\n  ")
			if !ok || !strings.HasPrefix(line, test.want) || strings.Contains(line, "\n") {
				t.Errorf("the error is %q, want one line that begins with %q", err, test.want)
			}
			if strings.Contains(err.Error(), value) {
				t.Errorf("the error shows the value: %v", err)
			}
		})
	}
}

// Ensure mock mode needs nothing of Unipile.
func TestLoadMockMode(t *testing.T) {
	t.Parallel()
	c, err := Load(sound(map[string]string{"UNIPILE_MOCK_MODE": "true", "UNIPILE_API_KEY": "-", "UNIPILE_DSN": "-"}))
	if err != nil {
		t.Fatal(err)
	}
	if !c.UnipileMockMode {
		t.Error("mock mode is off")
	}
}

// Ensure a command on the database alone needs only its URL, and does not go on
// with a setting of the database that it could not read.
func TestLoadDatabase(t *testing.T) {
	t.Parallel()
	const url = "DATABASE_URL=postgres://u:p@h/d"
	for name, test := range map[string]struct {
		environ []string
		want    string // names of variables in the error
	}{
		"only the URL":              {[]string{url}, ""},
		"problems of others":        {[]string{url, "LOG_LEVEL=loud", "WEBHOOK_TIMEOUT=x", "UNIPILE_MOCK_MODE=1", "UNIPILE_API_KEY=k"}, ""},
		"nothing":                   {nil, "DATABASE_URL"},
		"a pooler, or not":          {[]string{url, "POLL_ONLY=perhaps"}, "POLL_ONLY"},
		"all problems, but its own": {[]string{"DATABASE_MAX_CONNECTIONS=many", "POLL_ONLY=perhaps", "LOG_LEVEL=loud"}, "DATABASE_URL POLL_ONLY DATABASE_MAX_CONNECTIONS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := LoadDatabase(test.environ)
			var named []string
			if err != nil {
				for _, line := range strings.Split(err.Error(), "\n")[1:] {
					named = append(named, strings.Fields(line)[0])
				}
			} else if c.DatabaseURL.Reveal() != "postgres://u:p@h/d" || c.MaxConnections != 20 {
				t.Errorf("read %q and %d", c.DatabaseURL.Reveal(), c.MaxConnections)
			}
			if got := strings.Join(named, " "); got != test.want {
				t.Errorf("problems of %q, want %q (%v)", got, test.want, err)
			}
		})
	}
}

// Ensure retention is written in hours, days, or as for ever.
func TestLoadRetention(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{"36h": 36 * time.Hour, "7d": 7 * 24 * time.Hour, "never": 0, "0": 0, "0d": 0, "": 14 * 24 * time.Hour} {
		c, err := Load(sound(map[string]string{"COMMENT_RETENTION": value}))
		if got := c.Retention["COMMENT_RETENTION"]; err != nil || got != want {
			t.Errorf("%q is read as %s (%v), want %s", value, got, err, want)
		}
	}
}
