package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	foreignHTML    = `<script>alert("pods")</script>`
	foreignEscaped = `&lt;script&gt;alert(`
)

// seed writes the rows that the chat agent and the web app write: a campaign with
// its post, a scrape job, and three notifications for a pod.
func seed(ctx context.Context, pool *pgxpool.Pool, webhookURL string) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := seedPod(ctx, tx); err != nil {
			return err
		}
		return seedCampaign(ctx, tx, webhookURL)
	})
	if err != nil {
		return fmt.Errorf("seed database: %w", err)
	}
	return nil
}

// seedPod invites three members to engage with a post: one has no address, and
// one preview holds HTML.
func seedPod(ctx context.Context, tx pgx.Tx) error {
	var client string
	if err := tx.QueryRow(ctx, "INSERT INTO clients (name) VALUES ('Kelp') RETURNING id").Scan(&client); err != nil {
		return fmt.Errorf("insert client: %w", err)
	}
	for _, member := range []struct{ first, last, email, preview string }{
		{"Ines", "Marques", "ines@example.com", "Five lines on pricing that nobody told me."},
		{"Theo", "Lang", "", "Five lines on pricing that nobody told me."},
		{"Ravi", "Shah", "ravi@example.com", "Pricing is a <b>story</b> & more " + foreignHTML},
	} {
		_, err := tx.Exec(ctx, `
WITH member AS (
    INSERT INTO users (client_id, email, first_name, last_name)
    VALUES ($1, nullif($2, ''), $3, $4)
    RETURNING id
)
INSERT INTO notifications (user_id, type, linkedin_url, message, metadata)
SELECT id, 'pod_repost', 'https://www.linkedin.com/feed/update/urn:li:activity:7398114413090816000/', 'New post',
       jsonb_build_object('poster_name', 'Mara Lindqvist', 'post_preview', $5::text)
FROM member`, client, member.email, member.first, member.last, member.preview)
		if err != nil {
			return fmt.Errorf("insert notification: %w", err)
		}
	}
	return nil
}

func seedCampaign(ctx context.Context, tx pgx.Tx, webhookURL string) error {
	_, err := tx.Exec(ctx, `
WITH author AS (
    INSERT INTO users (client_id, email, first_name, last_name)
    SELECT id, 'mara@example.com', 'Mara', 'Lindqvist' FROM clients
    RETURNING id, client_id
), account AS (
    INSERT INTO linkedin_accounts (user_id, account_name, unipile_account_id)
    SELECT id, 'Mara Lindqvist', $1 FROM author
), campaign AS (
    INSERT INTO campaigns (client_id, name, trigger_word, dm_template_step1, status, settings)
    SELECT client_id, 'Pricing guide', 'guide', $2, 'active', $8 FROM author
    RETURNING id
), post AS (
    INSERT INTO posts (campaign_id, unipile_post_id, post_url, content)
    SELECT id, $3, 'https://www.linkedin.com/feed/update/urn:li:activity:' || $3, $4 FROM campaign
    RETURNING id, campaign_id
)
INSERT INTO scrape_jobs (campaign_id, post_id, unipile_post_id, unipile_account_id, trigger_word,
                         lead_magnet_url, send_backup_link, webhook_url, poll_interval_minutes)
SELECT campaign_id, id, $3, $1, $5, $6, true, $7, 1
FROM post`, accountID, firstMessage, postID, postText, triggerWords, magnetURL, webhookURL, settings)
	if err != nil {
		return fmt.Errorf("insert campaign: %w", err)
	}
	return nil
}

// settings of the campaign, for people who cannot be written to.
const settings = `{"workers": {"not_connected": {
	"public_reply": {"variants": ["{{first_name}}, my message could not reach you. I sent you an invitation!"]},
	"invitation": {"variants": ["Hi {{first_name}}, you asked for my {{trigger_word}}. Let's connect and I will send it."]}
}}}`

// firstMessage is the campaign's own.
const firstMessage = `Hi {{first_name}}, thanks for your "{{trigger_word}}"!

Which email address shall I send the pricing guide to?`
