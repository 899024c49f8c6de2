package jobs_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/bravorevos/workers/jobs/messages"
	"github.com/bravorevos/workers/store/storetest"
)

// Ensure an operator can alert on messages in doubt and on paused accounts, before
// there are any.
func TestLedgerMetrics(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	for _, sql := range []string{
		`INSERT INTO workers.messages (account_id, campaign_id, purpose, recipient_id, body, state)
			SELECT 'a', gen_random_uuid(), 'first_dm', 'ACoAAperson', 'Hi', s
			FROM unnest(ARRAY['queued', 'queued', 'unknown', 'sent']) AS s`,
		`INSERT INTO workers.pauses (account_id, action, reason, until) VALUES
			('a', 'everything', 'errors/account_restricted', NULL),
			('b', 'polls', 'errors/too_many_requests', now() + interval '1 h'),
			('c', 'polls', 'errors/too_many_requests', now() - interval '1 h')`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	err := testutil.CollectAndCompare(messages.NewLedgerCollector(pool), strings.NewReader(`
# HELP workers_accounts_paused LinkedIn accounts that are paused, by what they may not do.
# TYPE workers_accounts_paused gauge
workers_accounts_paused{action="answer"} 0
workers_accounts_paused{action="everything"} 1
workers_accounts_paused{action="first_dm"} 0
workers_accounts_paused{action="invitation"} 0
workers_accounts_paused{action="polls"} 1
workers_accounts_paused{action="public_reply"} 0
# HELP workers_messages_open Messages that are queued, being sent, or of unknown outcome.
# TYPE workers_messages_open gauge
workers_messages_open{state="queued"} 2
workers_messages_open{state="sending"} 0
workers_messages_open{state="unknown"} 1
`))
	if err != nil {
		t.Error(err)
	}
}
