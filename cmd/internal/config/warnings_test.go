package config

import (
	"maps"
	"strings"
	"testing"
)

// Ensure what works but lets others read along is told, with the way out, and that no
// warning repeats a value.
func TestWarnings(t *testing.T) {
	t.Parallel()
	const (
		remote = "postgres://u:hunter2@db.example.com/d"
		signs  = "WEBHOOK_SECRET is not set, so that CRON_SECRET signs"
		plain  = "DATABASE_URL allows connections without TLS"
		blind  = "DATABASE_URL does not verify"
	)
	for name, tc := range map[string]struct {
		changes map[string]string
		want    string // beginnings, one a line
	}{
		"nothing":             {map[string]string{"DATABASE_URL": remote + "?sslmode=verify-full"}, ""},
		"CRON_SECRET signs":   {map[string]string{"DATABASE_URL": remote + "?sslmode=verify-full", "WEBHOOK_SECRET": "-"}, signs},
		"no sslmode":          {map[string]string{"DATABASE_URL": remote}, plain},
		"disable":             {map[string]string{"DATABASE_URL": remote + "?sslmode=disable"}, plain},
		"allow":               {map[string]string{"DATABASE_URL": remote + "?sslmode=allow"}, plain},
		"prefer":              {map[string]string{"DATABASE_URL": remote + "?sslmode=prefer"}, plain},
		"require":             {map[string]string{"DATABASE_URL": remote + "?sslmode=require"}, blind},
		"verify-ca":           {map[string]string{"DATABASE_URL": remote + "?sslmode=verify-ca"}, ""},
		"another network":     {map[string]string{"DATABASE_URL": "postgres://u:p@10.1.2.3/d?sslmode=disable"}, plain},
		"IPv6":                {map[string]string{"DATABASE_URL": "postgres://u:p@[2001:db8::1]/d?sslmode=disable"}, plain},
		"this machine":        {map[string]string{"DATABASE_URL": "postgres://u:p@127.0.0.1/d?sslmode=disable"}, ""},
		"this machine, named": {map[string]string{"DATABASE_URL": "postgres://u:p@localhost/d"}, ""},
		"a socket":            {map[string]string{"DATABASE_URL": "postgres:///d?host=/run/postgresql"}, ""},
		"docker compose":      {map[string]string{"DATABASE_URL": "postgres://u:p@postgres:5432/d?sslmode=disable"}, ""},
		"the second of two":   {map[string]string{"DATABASE_URL": "postgres://u:p@localhost,db.example.com/d?sslmode=require"}, blind},
		"vendors unencrypted": {map[string]string{"DATABASE_URL": remote + "?sslmode=verify-full", "UNIPILE_DSN": "http://api8.unipile.com:13443"}, "UNIPILE_DSN begins with http://"},
		"Resend unencrypted":  {map[string]string{"DATABASE_URL": remote + "?sslmode=verify-full", "RESEND_BASE_URL": "http://resend.example.com/"}, "RESEND_BASE_URL begins with http://"},
		"fakes":               {map[string]string{"DATABASE_URL": remote + "?sslmode=verify-full", "UNIPILE_DSN": "http://127.0.0.1:8101", "RESEND_BASE_URL": "http://localhost:1/"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := map[string]string{"WEBHOOK_SECRET": "webhook-secret-of-the-tests"}
			maps.Copy(changes, tc.changes)
			c, err := Load(sound(changes))
			if err != nil {
				t.Fatal(err)
			}
			got := c.Warnings()
			text := strings.Join(got, "\n")
			if (tc.want == "") != (len(got) == 0) || len(got) > 1 || !strings.HasPrefix(text, tc.want) {
				t.Errorf("warnings are %q, want one that begins with %q", got, tc.want)
			}
			if strings.Contains(text, "hunter2") || strings.Contains(text, "example.com") || strings.Contains(text, "of-the-tests") {
				t.Errorf("a value is repeated: %s", text)
			}
		})
	}
}
