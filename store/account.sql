-- name: AccountEnsure :exec
INSERT INTO workers.accounts (id)
VALUES (@id)
ON CONFLICT (id) DO NOTHING;

-- name: AccountLock :one
-- One writer per account at a time: every claim of a message takes this row.
SELECT
    id,
    provider_id,
    first_dms_per_hour,
    first_dms_per_day,
    next_write_at,
    inbox_read_until,
    inbox_rewinds,
    created_at,
    updated_at
FROM workers.accounts
WHERE id = @id
FOR UPDATE;

-- name: AccountGet :one
SELECT
    id,
    provider_id,
    first_dms_per_hour,
    first_dms_per_day,
    next_write_at,
    inbox_read_until,
    inbox_rewinds,
    created_at,
    updated_at
FROM workers.accounts
WHERE id = @id;

-- name: AccountSetProvider :exec
INSERT INTO workers.accounts (id, provider_id)
VALUES (@id, @provider_id)
ON CONFLICT (id) DO UPDATE
SET provider_id = excluded.provider_id,
    updated_at = now();

-- name: AccountSetNextWrite :exec
UPDATE workers.accounts
SET next_write_at = @next_write_at,
    updated_at = now()
WHERE id = @id;

-- name: AccountSetInboxRead :exec
-- Only where nobody set it back meanwhile: a rewind must not be undone.
UPDATE workers.accounts
SET inbox_read_until = greatest(inbox_read_until, @inbox_read_until::timestamptz),
    updated_at = now()
WHERE id = @id
  AND inbox_rewinds = @inbox_rewinds;

-- name: AccountRewindInbox :exec
-- Somebody is known now whose messages were passed over as a stranger's: the next
-- look goes as far back as a first one.
UPDATE workers.accounts
SET inbox_read_until = NULL,
    inbox_rewinds = inbox_rewinds + 1,
    updated_at = now()
WHERE id = @id;

-- name: AccountListWithWaitingLeads :many
-- Accounts whose inbox is worth reading, and which have no job for it.
SELECT DISTINCT s.unipile_account_id AS id
FROM public.scrape_jobs s
WHERE EXISTS (
      SELECT FROM public.leads l
      WHERE l.campaign_id = s.campaign_id
        AND l.status = 'dm_sent')
  AND NOT EXISTS (
      SELECT FROM workers.pauses p
      WHERE p.account_id = s.unipile_account_id
        AND p.action = 'everything'
        AND (p.until IS NULL OR p.until > now()))
  -- NOT IN is hashed, whatever the planner believes of the number of jobs.
  AND s.unipile_account_id NOT IN (
      SELECT j.args ->> 'account_id'
      FROM workers.river_job j
      WHERE j.kind = 'check_inbox'
        AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
        AND j.args ->> 'account_id' IS NOT NULL);

-- name: AccountListToRead :many
-- What `enqueue replies` walks through, in pages by id: the accounts that write
-- to matching leads, and whether a human must resume them first.
SELECT
    s.unipile_account_id AS id,
    EXISTS (
        SELECT FROM workers.pauses p
        WHERE p.account_id = s.unipile_account_id
          AND p.action = 'everything'
          AND (p.until IS NULL OR p.until > now()))::boolean AS paused
FROM public.scrape_jobs s
JOIN public.campaigns c ON c.id = s.campaign_id
WHERE s.unipile_account_id > @after_id
  AND (cardinality(@account_ids::text[]) = 0 OR s.unipile_account_id = ANY (@account_ids))
  AND (sqlc.narg('campaign_id')::uuid IS NULL OR s.campaign_id = sqlc.narg('campaign_id'))
  AND (sqlc.narg('client_id')::uuid IS NULL OR c.client_id = sqlc.narg('client_id'))
  AND EXISTS (
      SELECT FROM public.leads l
      WHERE l.campaign_id = s.campaign_id
        AND coalesce(l.status, 'comment_detected') = ANY (@statuses::text[])
        AND (sqlc.narg('since')::timestamptz IS NULL OR l.created_at >= sqlc.narg('since'))
        AND (sqlc.narg('until')::timestamptz IS NULL OR l.created_at < sqlc.narg('until'))
        AND (cardinality(@lead_ids::uuid[]) = 0 OR l.id = ANY (@lead_ids)))
GROUP BY s.unipile_account_id
ORDER BY s.unipile_account_id
LIMIT @max_rows;
