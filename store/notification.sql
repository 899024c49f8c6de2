-- name: NotificationListDue :many
SELECT n.id
FROM public.notifications n
WHERE (n.status IS NULL OR n.status = 'pending')
  AND n.type = 'pod_repost'
  -- NOT IN is hashed, whatever the planner believes of the number of jobs.
  AND n.id::text NOT IN (
      SELECT j.args ->> 'notification_id'
      FROM workers.river_job j
      WHERE j.kind = 'send_email'
        AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
        AND j.args ->> 'notification_id' IS NOT NULL)
ORDER BY n.created_at, n.id
LIMIT @max_rows;

-- name: NotificationGet :one
SELECT
    n.id,
    n.user_id,
    n.type,
    coalesce(n.status, 'pending')::text AS status,
    coalesce(n.linkedin_url, '')::text AS linkedin_url,
    coalesce(n.metadata ->> 'poster_name', '')::text AS poster_name,
    coalesce(n.metadata ->> 'post_preview', '')::text AS post_preview,
    coalesce(btrim(u.email), '')::text AS email,
    coalesce(nullif(btrim(u.full_name), ''), nullif(btrim(concat_ws(' ', u.first_name, u.last_name)), ''), '')::text AS name
FROM public.notifications n
JOIN public.users u ON u.id = n.user_id
WHERE n.id = @id;

-- name: NotificationRecordSent :exec
UPDATE public.notifications
SET status = 'sent',
    sent_at = now(),
    error_message = NULL,
    metadata = CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata ELSE '{}' END
        -- Resend does not always tell its id.
        || CASE WHEN @email_id::text = '' THEN '{}'::jsonb ELSE jsonb_build_object('email_id', @email_id) END
WHERE id = @id;

-- name: NotificationRecordFailed :exec
UPDATE public.notifications
SET status = 'failed',
    error_message = @error_message
WHERE id = @id;

-- name: NotificationListStatus :many
SELECT
    id,
    coalesce(status, 'pending')::text AS status
FROM public.notifications
WHERE id = ANY (@ids::uuid[]);

-- name: NotificationListSendable :many
-- What `enqueue notifications` walks through, in pages by id.
SELECT n.id
FROM public.notifications n
LEFT JOIN public.users u ON u.id = n.user_id
LEFT JOIN public.posts p ON p.id = n.post_id
WHERE n.id > @after_id
  AND n.type = 'pod_repost'
  AND coalesce(n.status, 'pending') = ANY (@statuses::text[])
  AND (sqlc.narg('campaign_id')::uuid IS NULL OR p.campaign_id = sqlc.narg('campaign_id'))
  AND (sqlc.narg('client_id')::uuid IS NULL OR u.client_id = sqlc.narg('client_id'))
  AND (sqlc.narg('since')::timestamptz IS NULL OR n.created_at >= sqlc.narg('since'))
  AND (sqlc.narg('until')::timestamptz IS NULL OR n.created_at < sqlc.narg('until'))
  AND (cardinality(@ids::uuid[]) = 0 OR n.id = ANY (@ids))
ORDER BY n.id
LIMIT @max_rows;

-- name: NotificationReopen :exec
-- Makes rows pending again that could not be sent.
UPDATE public.notifications
SET status = 'pending',
    error_message = NULL
WHERE id = ANY (@ids::uuid[])
  AND status = 'failed';

-- name: NotificationListRefused :many
-- Those of the notifications that must get no email, and why. One that may have gone out
-- is repeated only while the service remembers its key and it is worth sending. What a
-- human asked for counts from then on, and whoever wrote the post.
SELECT
    n.id,
    refused.reason::text AS reason,
    e.in_doubt_since
FROM public.notifications n
LEFT JOIN workers.emails e ON e.key = n.id::text
LEFT JOIN LATERAL (
    -- The post that it names, else the one that its link leads to.
    SELECT p.id, p.published_at, p.linkedin_account_id
    FROM public.posts p
    WHERE p.id = coalesce(n.post_id, (
        SELECT linked.id
        FROM (
            SELECT substring(n.linkedin_url FROM '(?:activity|share|ugcPost)(?:[:-]|%3A)([0-9]{15,20})') AS id) link
        JOIN public.posts linked ON linked.unipile_post_id = ANY (ARRAY[
            link.id, 'urn:li:activity:' || link.id, 'urn:li:share:' || link.id, 'urn:li:ugcPost:' || link.id])
        LIMIT 1))) post ON true
LEFT JOIN LATERAL (
    -- As far as LinkedIn told of it.
    SELECT max(w.published_at) AS published_at, max(w.author_id) AS author_id
    FROM public.scrape_jobs s
    JOIN workers.watched_posts w ON w.scrape_job_id = s.id
    WHERE s.post_id = post.id) seen ON true
CROSS JOIN LATERAL (
    SELECT
        coalesce(least(
            coalesce(e.asked_at, n.created_at),
            CASE WHEN e.asked_at IS NULL THEN coalesce(post.published_at, seen.published_at) END
        ) < now() - make_interval(secs => @age_seconds::float8), false) AS is_old) age
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN e.in_doubt_since IS NOT NULL
            AND (age.is_old OR e.in_doubt_since <= now() - make_interval(secs => @key_seconds::float8)) THEN 'in_doubt'
        WHEN age.is_old THEN 'expired'
        WHEN e.asked_at IS NULL AND (
            lower(n.metadata ->> 'poster_id') = n.user_id::text
            OR EXISTS (
                SELECT FROM public.linkedin_accounts a
                WHERE a.id = post.linkedin_account_id
                  AND a.user_id = n.user_id)
            OR EXISTS (
                SELECT
                FROM public.linkedin_accounts a
                JOIN workers.accounts known ON known.id = a.unipile_account_id
                WHERE a.user_id = n.user_id
                  AND known.provider_id = seen.author_id)) THEN 'to_author'
        END AS reason) refused
WHERE n.id = ANY (@ids::uuid[])
  AND refused.reason IS NOT NULL;
