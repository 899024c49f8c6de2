-- name: WebhookAttemptInsert :exec
INSERT INTO workers.webhook_attempts (
    webhook_log_id, endpoint_id, number, trigger, started_at, finished_at, status, cause, address,
    dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, reused, body_head, error_detail)
SELECT
    sqlc.narg('webhook_log_id')::uuid,
    @endpoint_id,
    1 + coalesce((
        SELECT a.number
        FROM workers.webhook_attempts a
        WHERE a.webhook_log_id = sqlc.narg('webhook_log_id')::uuid
        ORDER BY a.id DESC
        LIMIT 1), 0),
    @trigger,
    @started_at,
    sqlc.narg('finished_at')::timestamptz,
    sqlc.narg('status')::integer,
    @cause,
    sqlc.narg('address')::text,
    sqlc.narg('dns_ms')::integer,
    sqlc.narg('connect_ms')::integer,
    sqlc.narg('tls_ms')::integer,
    sqlc.narg('first_byte_ms')::integer,
    sqlc.narg('total_ms')::integer,
    @reused,
    sqlc.narg('body_head')::text,
    sqlc.narg('error_detail')::text;

-- name: WebhookAttemptListOfWebhook :many
-- Newest first, in pages by id.
SELECT *
FROM workers.webhook_attempts
WHERE webhook_log_id = @webhook_log_id
  AND id < @before_id
ORDER BY id DESC
LIMIT @max_rows;

-- name: WebhookAttemptListOfEndpoint :many
SELECT *
FROM workers.webhook_attempts
WHERE endpoint_id = @endpoint_id
  AND id < @before_id
ORDER BY id DESC
LIMIT @max_rows;

-- name: WebhookAttemptPrune :execrows
-- Ids grow with time: the oldest are the first, and no index over times is needed.
DELETE FROM workers.webhook_attempts
WHERE started_at < now() - make_interval(secs => @age_seconds::float8)
  AND id = ANY (ARRAY(
    SELECT old.id
    FROM workers.webhook_attempts old
    ORDER BY old.id
    LIMIT @max_rows));
