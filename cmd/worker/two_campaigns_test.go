package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Ensure several campaigns that wait for the same word under one post, polled by several
// workers at once that are killed at random, bring every commenter one first message in
// all, and each of them decides about every comment and counts it once.
func TestChaosTwoCampaigns(t *testing.T) {
	t.Parallel()
	takePlace(t)
	const workers, campaigns = 3, 3
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	start := time.Now()
	c := newChaos(t, rand.New(rand.NewPCG(seed, 3)), *chaosKills > 50)
	c.begin = sized(10, c.begin)
	for range campaigns - 1 {
		c.seedRival(t)
	}
	c.rage(t, workers, *chaosKills*3/10)
	c.settle(t)
	const decided = `SELECT count(*) = $1 FROM scrape_jobs WHERE comments_scanned >= $2`
	until(t, c.pool, "every campaign to have read every comment", decided, campaigns, c.people+1) // and the author's
	total := c.people - c.strangers + c.met
	if sent := c.assert(t); sent != total {
		t.Errorf("%d first messages went out, want %d", sent, total)
	}
	var wrong int
	err := c.pool.QueryRow(t.Context(), `
		SELECT count(*)
		FROM scrape_jobs s
		WHERE s.comments_scanned <> $1 + 1 OR s.trigger_words_found <> $1 OR $1 <> (
			SELECT count(*) FROM workers.comments k WHERE k.scrape_job_id = s.id AND k.decision IN ('lead', 'other_campaign'))`,
		c.people).Scan(&wrong)
	if err != nil || wrong > 0 {
		t.Errorf("%d campaigns decided or counted wrongly (%v)", wrong, err)
	}
	var leads int
	err = c.pool.QueryRow(t.Context(), "SELECT count(*) FROM workers.comments WHERE decision = 'lead'").Scan(&leads)
	if err != nil || leads != c.people {
		t.Errorf("%d comments made a lead (%v), want %d", leads, err, c.people)
	}
	t.Logf("%d kills in %s: %d people, %d first messages", c.kills, time.Since(start).Round(time.Second), c.people, total)
}

// seedRival makes one more campaign like the first, of another client, on the same post.
func (c *chaos) seedRival(t *testing.T) {
	t.Helper()
	execSQL(t, c.pool, `
WITH client AS (INSERT INTO clients (name) VALUES ('Tarn') RETURNING id),
     campaign AS (INSERT INTO campaigns (client_id, name, trigger_word, status, settings)
                  SELECT client.id, 'Rival', 'guide', 'active', f.settings
                  FROM client, (SELECT settings FROM campaigns ORDER BY created_at LIMIT 1) f RETURNING id)
INSERT INTO scrape_jobs (campaign_id, unipile_post_id, unipile_account_id, trigger_word,
                         lead_magnet_url, send_backup_link, webhook_url, poll_interval_minutes)
SELECT campaign.id, f.unipile_post_id, f.unipile_account_id, f.trigger_word,
       f.lead_magnet_url, f.send_backup_link, f.webhook_url, f.poll_interval_minutes
FROM campaign, (SELECT unipile_post_id, unipile_account_id, trigger_word, lead_magnet_url, send_backup_link, webhook_url,
                       poll_interval_minutes
                FROM scrape_jobs ORDER BY created_at LIMIT 1) f`)
}
