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
        || jsonb_build_object('email_id', @email_id::text)
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
