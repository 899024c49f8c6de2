-- name: AccountEnsure :exec
INSERT INTO workers.accounts (id)
VALUES (@id)
ON CONFLICT (id) DO NOTHING;

-- name: AccountLock :one
-- One writer per account at a time: every claim of a message takes this row.
SELECT *
FROM workers.accounts
WHERE id = @id
FOR UPDATE;

-- name: AccountGet :one
SELECT *
FROM workers.accounts
WHERE id = @id;

-- name: AccountSetProvider :exec
INSERT INTO workers.accounts (id, provider_id)
VALUES (@id, @provider_id)
ON CONFLICT (id) DO UPDATE
SET provider_id = excluded.provider_id,
    updated_at = now();

-- name: AccountCloseWrites :one
-- Nothing else is written while a write is under way, nor in the gap after it. When it
-- is over [AccountKeepGap] opens the account; if its worker dies, the time does.
UPDATE workers.accounts
SET next_write_at = now() + make_interval(secs => @gap_seconds::float8),
    writing_until = now() + make_interval(secs => @closed_seconds::float8),
    updated_at = now()
WHERE id = @id
RETURNING writing_until;

-- name: AccountKeepGap :exec
-- The gap after a write begins when the provider has answered: it may have written as
-- late as that. What another claim has closed meanwhile stays closed.
UPDATE workers.accounts
SET next_write_at = greatest(next_write_at, now() + make_interval(secs => @gap_seconds::float8)),
    writing_until = CASE WHEN writing_until = @writing_until THEN NULL ELSE writing_until END,
    updated_at = now()
WHERE id = @id;

-- name: AccountSetInboxRead :exec
-- Only where nobody set it back meanwhile: a rewind must not be undone.
UPDATE workers.accounts
SET inbox_read_until = greatest(inbox_read_until, @inbox_read_until::timestamptz),
    updated_at = now()
WHERE id = @id
  AND inbox_rewinds = @inbox_rewinds;

-- name: AccountSetRules :exec
-- What a human decides about an account; null is the worker's default.
UPDATE workers.accounts
SET first_dms_per_hour = @first_dms_per_hour,
    first_dms_per_day = @first_dms_per_day,
    answers_per_hour = @answers_per_hour,
    answers_per_day = @answers_per_day,
    public_replies_per_hour = @public_replies_per_hour,
    public_replies_per_day = @public_replies_per_day,
    invitations_per_hour = @invitations_per_hour,
    invitations_per_day = @invitations_per_day,
    comment_reads_per_day = @comment_reads_per_day,
    time_zone = @time_zone,
    working_hours = @working_hours,
    warm_up_from = @warm_up_from,
    updated_at = now()
WHERE id = @id;

-- name: AccountIsKnown :one
-- Whether anything here belongs to that account: a typed name may be wrong.
SELECT (EXISTS (SELECT FROM workers.accounts a WHERE a.id = @id)
     OR EXISTS (SELECT FROM public.scrape_jobs s WHERE s.unipile_account_id = @id)
     OR EXISTS (SELECT FROM workers.messages m WHERE m.account_id = @id))::boolean;

-- name: AccountListOverview :many
-- Every account that writes or is watched: what waits, what went out in the last day.
SELECT
    ids.id,
    count(m.id) FILTER (WHERE m.state = 'queued') AS queued,
    count(m.id) FILTER (WHERE m.state IN ('sending', 'unknown')) AS in_doubt,
    count(m.id) FILTER (WHERE m.state = 'sent' AND m.sent_at > now() - interval '24 hours') AS sent_today
FROM (SELECT s.unipile_account_id AS id FROM public.scrape_jobs s
      UNION SELECT a.id FROM workers.accounts a
      UNION SELECT k.account_id FROM workers.account_campaigns k
      UNION SELECT p.account_id FROM workers.pauses p) ids
LEFT JOIN workers.messages m ON m.account_id = ids.id
    AND (m.state IN ('queued', 'sending', 'unknown')
      OR m.state = 'sent' AND coalesce(m.sent_at, m.claimed_at) > now() - interval '24 hours')
GROUP BY ids.id
ORDER BY ids.id;

-- name: AccountListRelationsDue :many
-- Accounts on which somebody is waited for to become a connection, when it is time
-- to look, and which have no job for it.
SELECT DISTINCT r.account_id AS id
FROM workers.awaited_relations r
LEFT JOIN workers.accounts a ON a.id = r.account_id
WHERE (a.relations_check_at IS NULL OR a.relations_check_at <= now())
  AND NOT EXISTS (
      SELECT FROM workers.pauses p
      WHERE p.account_id = r.account_id
        AND p.action = 'everything'
        AND (p.until IS NULL OR p.until > now()))
  AND r.account_id NOT IN (
      SELECT j.args ->> 'account_id'
      FROM workers.river_job j
      WHERE j.kind = 'check_relations'
        AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
        AND j.args ->> 'account_id' IS NOT NULL);

-- name: AccountSetRelationsCheck :exec
INSERT INTO workers.accounts (id, relations_check_at, relations_checked_at)
VALUES (@id, @relations_check_at, sqlc.narg('relations_checked_at'))
ON CONFLICT (id) DO UPDATE
SET relations_check_at = excluded.relations_check_at,
    relations_checked_at = coalesce(excluded.relations_checked_at, accounts.relations_checked_at),
    updated_at = now();

-- name: AccountRewindInbox :exec
-- Somebody is known now whose messages were passed over as a stranger's: the next
-- look goes as far back as a first one.
UPDATE workers.accounts
SET inbox_read_until = NULL,
    inbox_rewinds = inbox_rewinds + 1,
    updated_at = now()
WHERE id = @id;

-- name: AccountListWithWaitingLeads :many
-- Accounts whose inbox is worth reading, and which have no job for it: somebody is
-- to answer or may say stop, or messages wait, before which the owner's own ones must
-- be counted. A campaign that an account wrote for is the account's when no scrape job
-- says so any more.
WITH writers AS (
    SELECT j.unipile_account_id AS account_id, j.campaign_id FROM public.scrape_jobs j
    UNION
    SELECT k.account_id, k.campaign_id FROM workers.account_campaigns k
)
SELECT DISTINCT s.account_id AS id
FROM writers s
WHERE (EXISTS (
      SELECT FROM public.leads l
      WHERE l.campaign_id = s.campaign_id
        AND l.status = 'dm_sent')
   OR EXISTS (
      SELECT FROM workers.messages m
      WHERE m.account_id = s.account_id
        AND (m.state = 'queued'
          -- Whoever was written to may say stop, long after they gave their address.
          OR m.state = 'sent' AND coalesce(m.sent_at, m.claimed_at) > now() - interval '30 days')))
  AND NOT EXISTS (
      SELECT FROM workers.pauses p
      WHERE p.account_id = s.account_id
        AND p.action = 'everything'
        AND (p.until IS NULL OR p.until > now()))
  -- NOT IN is hashed, whatever the planner believes of the number of jobs.
  AND s.account_id NOT IN (
      SELECT j.args ->> 'account_id'
      FROM workers.river_job j
      WHERE j.kind = 'check_inbox'
        AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
        AND j.args ->> 'account_id' IS NOT NULL);

-- name: AccountListToRead :many
-- What `enqueue replies` walks through, in pages by id: the accounts that write
-- to matching leads, and whether a human must resume them first.
WITH writers AS (
    SELECT j.unipile_account_id AS account_id, j.campaign_id FROM public.scrape_jobs j
    UNION
    SELECT k.account_id, k.campaign_id FROM workers.account_campaigns k
)
SELECT
    s.account_id AS id,
    EXISTS (
        SELECT FROM workers.pauses p
        WHERE p.account_id = s.account_id
          AND p.action = 'everything'
          AND (p.until IS NULL OR p.until > now()))::boolean AS paused
FROM writers s
JOIN public.campaigns c ON c.id = s.campaign_id
WHERE s.account_id > @after_id::text
  AND (cardinality(@account_ids::text[]) = 0 OR s.account_id = ANY (@account_ids::text[]))
  AND (sqlc.narg('campaign_id')::uuid IS NULL OR s.campaign_id = sqlc.narg('campaign_id')::uuid)
  AND (sqlc.narg('client_id')::uuid IS NULL OR c.client_id = sqlc.narg('client_id'))
  AND EXISTS (
      SELECT FROM public.leads l
      WHERE l.campaign_id = s.campaign_id
        AND coalesce(l.status, 'comment_detected') = ANY (@statuses::text[])
        AND (sqlc.narg('since')::timestamptz IS NULL OR l.created_at >= sqlc.narg('since'))
        AND (sqlc.narg('until')::timestamptz IS NULL OR l.created_at < sqlc.narg('until'))
        AND (cardinality(@lead_ids::uuid[]) = 0 OR l.id = ANY (@lead_ids)))
GROUP BY s.account_id
ORDER BY s.account_id
LIMIT @max_rows;

-- name: AccountGetInbox :one
-- Where the next look into an inbox begins: a little before the newest message that was seen,
-- since messages are synchronised late. A deep look goes further back: some of them are
-- synchronised much later, above all after the account was stopped. So one is due at once when a
-- stop is over, then after each time that is as long again as all since then, and at least
-- every six hours. One that broke off is begun anew after ten minutes.
SELECT
    a.inbox_rewinds,
    coalesce(a.inbox_read_until - make_interval(secs => @overlap_seconds::float8),
        now() - make_interval(secs => @first_look_seconds::float8))::timestamptz AS since,
    greatest(
        least(
            now() - make_interval(secs => @deep_seconds::float8),
            CASE WHEN a.inbox_resumed_at > now() - interval '12 hours'
                THEN a.inbox_stopped_at - make_interval(secs => @overlap_seconds::float8) END),
        now() - make_interval(secs => @first_look_seconds::float8))::timestamptz AS deep_since,
    (a.inbox_read_until IS NULL)::boolean AS is_first,
    coalesce(a.inbox_read_until IS NOT NULL
        AND (a.inbox_deep_tried_at IS NULL
            OR a.inbox_deep_tried_at < now() - interval '10 minutes'
            OR a.inbox_resumed_at <= now() AND a.inbox_resumed_at > a.inbox_deep_tried_at)
        AND (a.inbox_deep_read_at IS NULL
            OR a.inbox_resumed_at <= now() AND a.inbox_resumed_at > a.inbox_deep_read_at
            OR now() - a.inbox_deep_read_at >= least(interval '6 hours', greatest(interval '10 minutes',
                CASE WHEN a.inbox_resumed_at <= a.inbox_deep_read_at
                    THEN a.inbox_deep_read_at - a.inbox_resumed_at END))), false)::boolean AS deep_is_due,
    now()::timestamptz AS now
FROM workers.accounts a
WHERE a.id = @id;

-- name: AccountBeginDeepRead :exec
UPDATE workers.accounts
SET inbox_deep_tried_at = now(),
    updated_at = now()
WHERE id = @id;

-- name: AccountEndDeepRead :exec
-- When it began counts: what was synchronised while it went on may have been passed by.
UPDATE workers.accounts
SET inbox_deep_read_at = greatest(inbox_deep_read_at, @began_at::timestamptz),
    updated_at = now()
WHERE id = @id;
