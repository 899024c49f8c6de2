package main

import "testing"

// Ensure that rows are polled now although they are not due, and that campaigns
// that rest and paused accounts are left alone.
func TestScrape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resting := map[int]string{
		911: "'paused', NULL, NULL", 912: "'completed', NULL, NULL",
		913: "'active', now() + interval '1 day', NULL", 914: "'active', NULL, now() - interval '1 day'",
	}
	for n, values := range resting {
		w.exec(`INSERT INTO campaigns (id, name, status, starts_at, ends_at) VALUES ($1, 'Rests', `+values+`)`, id(n))
		w.scrapeJob(n, id(n), "acc1", "scheduled")
	}
	w.scrapeJob(1, w.campaign, "acc1", "scheduled")
	w.scrapeJob(2, w.campaign, "acc1", "running")
	w.scrapeJob(3, w.campaign, "acc1", "")
	w.scrapeJob(4, w.campaign, "acc1", "paused")
	w.scrapeJob(5, w.campaign, "acc1", "failed")
	w.scrapeJob(6, w.campaign, "stopped", "scheduled")
	w.scrapeJob(7, w.campaign, "limited", "scheduled")
	w.scrapeJob(8, w.campaign, "resumed", "scheduled")
	w.exec(`INSERT INTO workers.pauses (account_id, action, reason, until) VALUES
		('stopped', 'everything', 'disconnected', NULL), ('limited', 'polls', 'limit', now() + interval '1 hour'),
		('resumed', 'everything', 'limit', now() - interval '1 hour'), ('acc1', 'first_dm', 'limit', NULL)`)

	want := counts{Matched: 10, Enqueued: 4, Skipped: 6}
	diff(t, "dry run", want, w.report("scrape", "--dry-run").counts())
	got := w.report("scrape")
	diff(t, "run", want, got.counts())
	diff(t, "reasons", map[outcome]int{campaignRests: 4, accountPaused: 2}, got.Skipped)
	diff(t, "jobs", []string{"001 available", "002 available", "003 available", "008 available"}, w.jobs("poll_comments"))

	w.exec(`UPDATE workers.river_job SET state = 'retryable', scheduled_at = now() + interval '1 hour'
		WHERE args ->> 'scrape_job_id' = $1`, id(1).String())
	want = counts{Matched: 10, AlreadyQueued: 3, BroughtForward: 1, Skipped: 6}
	diff(t, "second run", want, w.report("scrape").counts())
	diff(t, "one campaign", counts{Matched: 1, Skipped: 1}, w.report("scrape", "--campaign", id(911).String()).counts())
}

// Ensure that rows that were given up are scheduled again, with their job, since a
// poll leaves a failed row alone.
func TestScrapeFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO campaigns (id, name, status) VALUES ($1, 'Rests', 'paused')`, id(911))
	w.scrapeJob(1, w.campaign, "acc1", "failed")
	w.scrapeJob(2, w.campaign, "acc1", "scheduled")
	w.scrapeJob(3, id(911), "acc1", "failed")
	w.exec("INSERT INTO workers.watched_posts (scrape_job_id, asked_for, social_id, not_found) SELECT id, 'p', '', 3 FROM scrape_jobs")
	diff(t, "run", counts{Matched: 2, Enqueued: 1, Skipped: 1}, w.report("scrape", "--status", "failed").counts())
	diff(t, "jobs", []string{"001 available"}, w.jobs("poll_comments"))
	diff(t, "rows", []string{"scheduled true", "scheduled false", "failed false"},
		w.list(`SELECT status || ' ' || (next_check IS NULL) FROM scrape_jobs ORDER BY id`))
	diff(t, "polls that did not find the post", []string{"0", "3", "3"},
		w.list(`SELECT not_found::text FROM workers.watched_posts ORDER BY scrape_job_id`))
}
