package config

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Warnings lists what works and should not stay so, each with the name of its variable
// and the way out. Like problems, they never hold a value.
func (c Config) Warnings() []string {
	var found []string
	if c.WebhookSecret == "" && c.CronSecret != "" {
		found = append(found, "WEBHOOK_SECRET is not set, so that CRON_SECRET signs webhooks: every receiver holds what opens "+
			"the cron routes. Set WEBHOOK_SECRET (openssl rand -hex 32) and give it to the receivers")
	}
	if text := databaseTLS(c.DatabaseURL.Reveal()); text != "" {
		found = append(found, "DATABASE_URL "+text+": end it with sslmode=verify-full, and sslrootcert=FILE where "+
			"the certificate is of an authority of its own; docs/operations.md has more")
	}
	for _, service := range [][2]string{{"UNIPILE_DSN", c.UnipileDSN}, {"RESEND_BASE_URL", c.ResendBaseURL}} {
		if u, err := url.Parse(service[1]); err == nil && u.Scheme == "http" && isRemote(u.Hostname()) {
			found = append(found, service[0]+" begins with http://: the key and all messages go there unencrypted. "+
				"Begin it with https://")
		}
	}
	return found
}

// databaseTLS says what somebody on the way to the database could do; empty where nothing.
func databaseTLS(address string) string {
	c, err := pgxpool.ParseConfig(address)
	if err != nil {
		return "" // a problem, which loading reports
	}
	first := &pgconn.FallbackConfig{Host: c.ConnConfig.Host, TLSConfig: c.ConnConfig.TLSConfig}
	ways := append([]*pgconn.FallbackConfig{first}, c.ConnConfig.Fallbacks...)
	unverified := false
	for _, way := range ways {
		switch {
		case !isRemote(way.Host):
		case way.TLSConfig == nil:
			return "allows connections without TLS (sslmode is missing, disable, allow or prefer), " +
				"over which the password and all leads can be read"
		case way.TLSConfig.InsecureSkipVerify && way.TLSConfig.VerifyPeerCertificate == nil:
			unverified = true
		}
	}
	if unverified {
		return "does not verify whom it speaks to (sslmode=require), so that anybody on the way can read along"
	}
	return ""
}

// isRemote reports a host that is reached over networks of others. Names without a dot are
// known in a network of one's own alone, such as that of docker compose.
func isRemote(host string) bool {
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return !ip.IsLoopback()
	}
	return !strings.HasPrefix(host, "/") && strings.Contains(host, ".") && !strings.HasSuffix(host, ".localhost")
}
