package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bravorevos/workers/sandbox/resend"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure a worker that dies at any boundary of an email sends it once: Resend recognises
// the second try, and once it may not any more there is none.
func TestKilledWhileEmailing(t *testing.T) {
	t.Parallel()
	record := boundary{table: "workers.emails", event: "UPDATE", when: "NEW.state = 'sent'"}
	commit := record
	commit.commit = true
	for name, test := range map[string]struct {
		boundary
		later bool // it is started again after Resend has forgotten the key
		want  string
	}{
		"while the try is noted":            {boundary: boundary{table: "workers.emails", event: "INSERT", when: "true"}, want: "sent"},
		"after it was accepted":             {boundary: record, want: "sent"},
		"while the record commits":          {boundary: commit, want: "sent"},
		"after it was accepted, long since": {boundary: record, later: true, want: "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			o := newOutside(t, pool, 0)
			if test.later {
				o.resend = resend.New(resend.Options{APIKey: "re_key", KeyLifetime: time.Nanosecond})
				server := httptest.NewServer(o.resend.Handler())
				t.Cleanup(server.Close)
				o.environ["RESEND_BASE_URL"] = server.URL + "/"
			}
			execSQL(t, pool, `WITH jo AS (INSERT INTO users (email) VALUES ('jo@tarn.example') RETURNING id)
				INSERT INTO notifications (user_id, type, linkedin_url, created_at)
				SELECT id, 'pod_repost', 'https://www.linkedin.com/posts/x', NULL FROM jo`)
			release := test.hold(t, pool)
			p := o.spawn(t)
			until(t, pool, "the worker to come to the boundary", somebodyWaits)
			p.kill(t)
			release()
			if test.later {
				execSQL(t, pool, "UPDATE workers.emails SET in_doubt_since = in_doubt_since - interval '25 hours'")
			}
			o.spawn(t)
			until(t, pool, "the end of the notification", "SELECT status = $1 FROM notifications", test.want)
			if n := len(o.resend.Emails()); n != 1 {
				t.Errorf("%d emails went out, want 1", n)
			}
			var explained bool
			err := pool.QueryRow(t.Context(), "SELECT error_message LIKE 'Outcome unknown: %' FROM notifications WHERE status = 'failed'").Scan(&explained)
			if test.later && (err != nil || !explained) {
				t.Errorf("the row does not say that the outcome is unknown (%v)", err)
			}
		})
	}
}
