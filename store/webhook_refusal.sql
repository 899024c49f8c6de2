-- name: WebhookRefusalNote :exec
-- Sets a row aside, for longer after each refusal: a minute, then twice as long each time up
-- to an hour.
INSERT INTO workers.webhook_refusals AS r (webhook_log_id, reason, again_at)
VALUES (@webhook_log_id, @reason, now() + interval '1 minute')
ON CONFLICT (webhook_log_id) DO UPDATE
SET reason = excluded.reason,
    refusals = r.refusals + 1,
    refused_at = now(),
    again_at = now() + least(interval '1 minute' * power(2, least(r.refusals, 10)), interval '1 hour');

-- name: WebhookRefusalTell :exec
-- Says on the row itself why it goes nowhere, where its producer looks.
UPDATE public.webhook_logs
SET error_message = @reason
WHERE id = @id
  AND endpoint_id IS NULL;

-- name: WebhookRefusalForget :exec
-- Those that were taken after all, or deleted. On an empty table it costs nothing.
DELETE FROM workers.webhook_refusals r
WHERE NOT EXISTS (
    SELECT
    FROM public.webhook_logs w
    WHERE w.id = r.webhook_log_id
      AND w.endpoint_id IS NULL
      AND w.abandoned_at IS NULL
      AND w.status IS DISTINCT FROM 'sent');

-- name: WebhookRefusalCount :one
SELECT count(*)
FROM workers.webhook_refusals;

-- name: LockWait :exec
-- How long statements of this transaction wait for a lock that somebody else holds.
SELECT set_config('lock_timeout', @milliseconds::text, true);
