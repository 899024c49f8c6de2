-- name: ScrapeJobListDue :many
-- Due and without a job, oldest first. A row whose job was lost is due again,
-- because what counts is next_check and not the status.
SELECT s.id
FROM public.scrape_jobs s
JOIN public.campaigns c ON c.id = s.campaign_id
WHERE (s.status IS NULL OR s.status IN ('scheduled', 'running'))
  AND (s.next_check IS NULL OR s.next_check <= now())
  AND (c.status IS NULL OR c.status NOT IN ('paused', 'completed'))
  AND (c.starts_at IS NULL OR c.starts_at <= now())
  AND (c.ends_at IS NULL OR c.ends_at > now())
  AND NOT EXISTS (
      SELECT FROM workers.pauses p
      WHERE p.account_id = s.unipile_account_id
        AND p.action IN ('everything', 'polls')
        AND (p.until IS NULL OR p.until > now()))
  -- NOT IN is hashed, whatever the planner believes of the number of jobs.
  AND s.id::text NOT IN (
      SELECT j.args ->> 'scrape_job_id'
      FROM workers.river_job j
      WHERE j.kind = 'poll_comments'
        AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
        AND j.args ->> 'scrape_job_id' IS NOT NULL)
ORDER BY s.next_check NULLS FIRST, s.created_at, s.id
LIMIT @max_rows;

-- name: ScrapeJobGetForPoll :one
SELECT
    s.id,
    s.campaign_id,
    s.unipile_post_id,
    s.unipile_account_id,
    coalesce(nullif(btrim(s.trigger_word), ''), c.trigger_word, '')::text AS trigger_words,
    coalesce(s.status, 'scheduled')::text AS status,
    least(greatest(coalesce(s.poll_interval_minutes, 5), 1), 525600)::integer AS poll_interval_minutes,
    c.client_id,
    coalesce(c.dm_template_step1, '')::text AS dm_template,
    c.settings,
    coalesce(c.status IN ('paused', 'completed') OR c.starts_at > now() OR c.ends_at <= now(), false)::boolean AS campaign_rests,
    EXISTS (
        SELECT FROM workers.pauses pause
        WHERE pause.account_id = s.unipile_account_id
          AND pause.action IN ('everything', 'polls')
          AND (pause.until IS NULL OR pause.until > now()))::boolean AS account_paused,
    coalesce(p.post_url, '')::text AS post_url,
    now()::timestamptz AS now
FROM public.scrape_jobs s
JOIN public.campaigns c ON c.id = s.campaign_id
LEFT JOIN public.posts p ON p.id = s.post_id
WHERE s.id = @id;

-- name: ScrapeJobStart :exec
UPDATE public.scrape_jobs
SET status = 'running'
WHERE id = @id
  AND (status IS NULL OR status = 'scheduled');

-- name: ScrapeJobAddCounts :exec
UPDATE public.scrape_jobs
SET comments_scanned = coalesce(comments_scanned, 0) + @comments::integer,
    trigger_words_found = coalesce(trigger_words_found, 0) + @triggers::integer,
    dms_sent = coalesce(dms_sent, 0) + @dms::integer,
    emails_captured = coalesce(emails_captured, 0) + @emails::integer
WHERE id = @id;

-- name: ScrapeJobSucceed :exec
UPDATE public.scrape_jobs
SET last_checked = now(),
    next_check = @next_check::timestamptz,
    error_count = 0
WHERE id = @id;

-- name: ScrapeJobFail :exec
UPDATE public.scrape_jobs
SET last_checked = now(),
    next_check = @next_check::timestamptz,
    error_count = coalesce(error_count, 0) + @errors::integer,
    last_error = @last_error::text,
    last_error_at = now()
WHERE id = @id;

-- name: ScrapeJobGiveUp :exec
-- Stops the polls until its owner mends the row and opens it again.
UPDATE public.scrape_jobs
SET status = 'failed',
    last_checked = now(),
    error_count = coalesce(error_count, 0) + 1,
    last_error = @last_error::text,
    last_error_at = now()
WHERE id = @id;

-- name: ScrapeJobPostpone :exec
-- Nothing is wrong with the row: it is only not read before that time.
UPDATE public.scrape_jobs
SET next_check = @next_check::timestamptz
WHERE id = @id;

-- name: ScrapeJobHasten :exec
-- An account may read again: its posts need not rest until the end of what held it up, but
-- are due as soon as their owner wants.
UPDATE public.scrape_jobs
SET next_check = least(next_check, coalesce(
        last_checked + make_interval(mins => least(greatest(coalesce(poll_interval_minutes, 5), 1), 525600)), now()))
WHERE unipile_account_id = @account_id
  AND (status IS NULL OR status IN ('scheduled', 'running'))
  AND next_check > now();

-- name: ScrapeJobCountLive :one
-- The posts that share an account's reads.
SELECT count(*)
FROM public.scrape_jobs s
JOIN public.campaigns c ON c.id = s.campaign_id
WHERE s.unipile_account_id = @account_id
  AND (s.status IS NULL OR s.status IN ('scheduled', 'running'))
  AND (c.status IS NULL OR c.status NOT IN ('paused', 'completed'))
  AND (c.starts_at IS NULL OR c.starts_at <= now())
  AND (c.ends_at IS NULL OR c.ends_at > now());

-- name: ScrapeJobNote :exec
-- Tells the owner what to change, where no poll failed.
UPDATE public.scrape_jobs
SET last_error = @last_error::text,
    last_error_at = now()
WHERE id = @id;

-- name: ScrapeJobGetForLead :one
-- Where a lead's answer is booked, and what follows from it: on the scrape job that asked, else
-- on the newest of the campaign on that account. A campaign whose scrape jobs are gone has
-- none, and says itself where its leads go.
SELECT
    s.id AS scrape_job_id,
    coalesce(s.send_backup_link, false)::boolean AS send_backup_link,
    coalesce(s.lead_magnet_url, '')::text AS lead_magnet_url,
    coalesce(nullif(btrim(s.webhook_url), ''), nullif(btrim(c.webhook_url), ''), w.url, '')::text AS webhook_url
FROM public.campaigns c
LEFT JOIN public.scrape_jobs s ON s.campaign_id = c.id
LEFT JOIN public.webhook_configs w ON w.id = c.webhook_config_id AND coalesce(w.active, true)
WHERE c.id = @campaign_id
ORDER BY (s.id = sqlc.narg('asked_by')::uuid) DESC NULLS LAST,
    (s.unipile_account_id = @account_id::text) DESC NULLS LAST,
    s.created_at DESC NULLS LAST
LIMIT 1;

-- name: ScrapeJobListPollable :many
-- What `enqueue scrape` walks through, in pages by id, and why a row must rest.
SELECT
    s.id,
    coalesce(c.status IN ('paused', 'completed') OR c.starts_at > now() OR c.ends_at <= now(), false)::boolean AS campaign_rests,
    EXISTS (
        SELECT FROM workers.pauses p
        WHERE p.account_id = s.unipile_account_id
          AND p.action IN ('everything', 'polls')
          AND (p.until IS NULL OR p.until > now()))::boolean AS account_paused
FROM public.scrape_jobs s
JOIN public.campaigns c ON c.id = s.campaign_id
WHERE s.id > @after_id
  AND coalesce(s.status, 'scheduled') = ANY (@statuses::text[])
  AND (sqlc.narg('campaign_id')::uuid IS NULL OR s.campaign_id = sqlc.narg('campaign_id'))
  AND (sqlc.narg('client_id')::uuid IS NULL OR c.client_id = sqlc.narg('client_id'))
  AND (sqlc.narg('since')::timestamptz IS NULL OR s.created_at >= sqlc.narg('since'))
  AND (sqlc.narg('until')::timestamptz IS NULL OR s.created_at < sqlc.narg('until'))
  AND (cardinality(@ids::uuid[]) = 0 OR s.id = ANY (@ids))
ORDER BY s.id
LIMIT @max_rows;

-- name: ScrapeJobReopen :exec
-- Makes rows that were given up due again, and forgets that their post was missing.
WITH forgotten AS (
    UPDATE workers.watched_posts
    SET not_found = 0
    WHERE scrape_job_id = ANY (@ids::uuid[])
)
UPDATE public.scrape_jobs
SET status = 'scheduled',
    next_check = NULL
WHERE id = ANY (@ids::uuid[])
  AND status = 'failed';
