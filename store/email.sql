-- name: EmailBegin :many
-- Notes a try before it is made, and returns its number. No row is returned for an email
-- that was sent, nor for one that may have gone out longer ago than the service remembers
-- its key: it must not be tried.
INSERT INTO workers.emails AS e (
    key, kind, notification_id, user_id, state, attempts, first_tried_at, last_tried_at, in_doubt_since
)
VALUES (@key, @kind, sqlc.narg('notification_id'), @user_id, 'sending', 1, now(), now(), now())
ON CONFLICT (key) DO UPDATE
SET state = 'sending',
    attempts = e.attempts + 1,
    first_tried_at = coalesce(e.first_tried_at, now()),
    last_tried_at = now(),
    in_doubt_since = coalesce(e.in_doubt_since, now()),
    updated_at = now()
WHERE e.state <> 'sent'
  AND (e.in_doubt_since IS NULL OR e.in_doubt_since > now() - make_interval(secs => @key_seconds::float8))
RETURNING e.attempts;

-- name: EmailGet :one
SELECT
    state,
    in_doubt_since,
    coalesce(vendor_id, '')::text AS vendor_id
FROM workers.emails
WHERE key = @key;

-- name: EmailRecordSent :exec
UPDATE workers.emails
SET state = 'sent',
    in_doubt_since = NULL,
    sent_at = coalesce(sent_at, now()),
    vendor_id = coalesce(nullif(@vendor_id::text, ''), vendor_id),
    error_type = nullif(@error_type::text, ''),
    error_detail = NULL,
    updated_at = now()
WHERE key = @key;

-- name: EmailRecordRefused :one
-- The service took nothing in this try. What an earlier one, or one at the same time,
-- left in doubt stays so; it is returned.
UPDATE workers.emails
SET state = CASE
        WHEN attempts = @attempt::integer AND in_doubt_since = last_tried_at THEN @state::text
        ELSE 'unknown'
    END,
    in_doubt_since = CASE
        WHEN attempts = @attempt AND in_doubt_since = last_tried_at THEN NULL
        ELSE in_doubt_since
    END,
    error_type = nullif(@error_type::text, ''),
    error_detail = nullif(@error_detail::text, ''),
    updated_at = now()
WHERE key = @key
  AND state <> 'sent'
RETURNING in_doubt_since;

-- name: EmailRecordUnknown :exec
UPDATE workers.emails
SET state = 'unknown',
    error_type = nullif(@error_type::text, ''),
    error_detail = nullif(@error_detail::text, ''),
    updated_at = now()
WHERE key = @key
  AND state <> 'sent';

-- name: EmailSkip :exec
-- It is not wanted any more. What is in doubt stays so.
UPDATE workers.emails
SET state = CASE WHEN in_doubt_since IS NULL THEN 'skipped' ELSE 'unknown' END,
    updated_at = now()
WHERE key = @key
  AND state <> 'sent';

-- name: EmailRelease :exec
-- A human wants these notifications sent whatever is known of them, unless they were.
INSERT INTO workers.emails AS e (key, kind, notification_id, user_id, asked_at)
SELECT n.id::text, 'pod_repost', n.id, n.user_id, now()
FROM public.notifications n
WHERE n.id = ANY (@notification_ids::uuid[])
ON CONFLICT (key) DO UPDATE
SET state = 'queued',
    in_doubt_since = NULL,
    asked_at = now(),
    updated_at = now()
WHERE e.state <> 'sent';

-- name: EmailPrune :execrows
-- Ids alone, and of no use once the email is too old to be tried.
DELETE FROM workers.emails
WHERE key = ANY (ARRAY(
    SELECT old.key
    FROM workers.emails old
    WHERE old.updated_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.updated_at
    LIMIT @max_rows));
