package main

import (
	"testing"

	"github.com/google/uuid"
)

// Ensure that each account with waiting leads is read once, however many scrape
// jobs and leads it has.
func TestReplies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO campaigns (id, client_id, name) VALUES ($1, $2, 'Second'), ($3, NULL, 'Quiet')`, id(911), w.client, id(912))
	for n, job := range []struct {
		campaign uuid.UUID
		account  string
	}{{w.campaign, "acc1"}, {w.campaign, "acc1"}, {w.campaign, "acc2"}, {id(911), "acc1"}, {id(911), "acc3"}, {id(912), "acc4"}} {
		w.scrapeJob(n+1, job.campaign, job.account, "completed")
	}
	w.exec(`INSERT INTO leads (id, campaign_id, linkedin_id, status) VALUES
		($1, $4, 'p1', 'dm_sent'), ($2, $5, 'p2', 'dm_sent'), ($3, $6, 'p3', 'email_captured')`,
		id(1), id(2), id(3), w.campaign, id(911), id(912))
	w.exec(`INSERT INTO workers.pauses (account_id, action, reason) VALUES ('acc3', 'everything', 'disconnected')`)

	tests := map[string]struct {
		args []string
		want []string
	}{
		"waiting":       {nil, []string{"acc1 enqueued", "acc2 enqueued", "acc3 account_paused"}},
		"campaign":      {[]string{"--campaign", w.campaign.String()}, []string{"acc1 enqueued", "acc2 enqueued"}},
		"client":        {[]string{"--client", w.client.String()}, []string{"acc1 enqueued", "acc2 enqueued", "acc3 account_paused"}},
		"account":       {[]string{"--account", "acc2", "--account", "acc4"}, []string{"acc2 enqueued"}},
		"lead":          {[]string{"--id", id(2).String()}, []string{"acc1 enqueued", "acc3 account_paused"}},
		"other status":  {[]string{"--status", "email_captured"}, []string{"acc4 enqueued"}},
		"leads of old":  {[]string{"--until", "2020-01-01"}, nil},
		"limit, batch":  {[]string{"--limit", "2", "--batch", "1"}, []string{"acc1 enqueued", "acc2 enqueued"}},
		"small batches": {[]string{"--batch", "2"}, []string{"acc1 enqueued", "acc2 enqueued", "acc3 account_paused"}},
	}
	for name, tt := range tests {
		var got []string
		for _, row := range w.report(append([]string{"replies", "--dry-run"}, tt.args...)...).Rows {
			got = append(got, row.ID+" "+string(row.Outcome))
		}
		diff(t, name, tt.want, got)
	}

	diff(t, "run", counts{Matched: 3, Enqueued: 2, Skipped: 1}, w.report("replies").counts())
	diff(t, "jobs", []string{"cc1 available", "cc2 available"}, w.jobs("check_inbox"))
	w.exec(`UPDATE workers.river_job SET state = 'scheduled' WHERE args ->> 'account_id' = 'acc2'`)
	diff(t, "second run", counts{Matched: 3, AlreadyQueued: 1, BroughtForward: 1, Skipped: 1}, w.report("replies").counts())
}
