-- name: WebhookLogListDue :many
-- Due and without a job: inserted by producers, or failed below the limit whose
-- job was lost.
SELECT w.id
FROM public.webhook_logs w
WHERE (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')
  AND coalesce(w.retry_count, 0) < @max_tries::integer
  AND w.abandoned_at IS NULL
  AND (w.next_attempt_at IS NULL OR w.next_attempt_at <= now())
  -- NOT IN is hashed, whatever the planner believes of the number of jobs.
  AND w.id::text NOT IN (
      SELECT j.args ->> 'webhook_log_id'
      FROM workers.river_job j
      WHERE j.kind = 'deliver_webhook'
        AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
        -- A producer that resets a row means now, not when its job would be tried again.
        AND (j.state NOT IN ('retryable', 'scheduled') OR j.scheduled_at <= now() + interval '1 minute')
        AND j.args ->> 'webhook_log_id' IS NOT NULL)
ORDER BY w.created_at, w.id
LIMIT @max_rows;

-- name: WebhookLogGet :one
SELECT
    id,
    lead_id,
    campaign_id,
    coalesce(webhook_url, '')::text AS webhook_url,
    payload::text AS payload,
    coalesce(status, 'pending')::text AS status,
    coalesce(retry_count, 0)::integer AS retry_count,
    -- Somebody asked for the try that comes next.
    coalesce(replayed_at > coalesce(last_attempt_at, '-infinity'), false)::boolean AS replayed
FROM public.webhook_logs
WHERE id = @id;

-- name: WebhookLogInsert :exec
INSERT INTO public.webhook_logs (id, lead_id, campaign_id, webhook_url, payload, status, retry_count)
VALUES (@id, @lead_id, @campaign_id, @webhook_url, @payload, 'pending', 0);

-- name: WebhookLogRecordSent :exec
UPDATE public.webhook_logs
SET status = 'sent',
    last_attempt_at = now(),
    next_attempt_at = NULL,
    response_status = @response_status,
    response_body = @response_body,
    error_message = NULL
WHERE id = @id;

-- name: WebhookLogRecordFailure :exec
UPDATE public.webhook_logs
SET status = 'failed',
    retry_count = coalesce(retry_count, 0) + 1,
    last_attempt_at = now(),
    next_attempt_at = @next_attempt_at,
    abandoned_at = @abandoned_at,
    response_status = @response_status,
    response_body = @response_body,
    error_message = @error_message
WHERE id = @id;

-- name: WebhookLogListReplayable :many
-- What `enqueue webhooks` walks through, in pages by id.
SELECT w.id
FROM public.webhook_logs w
LEFT JOIN public.campaigns c ON c.id = w.campaign_id
WHERE w.id > @after_id
  AND coalesce(w.status, 'pending') = ANY (@statuses::text[])
  AND (sqlc.narg('campaign_id')::uuid IS NULL OR w.campaign_id = sqlc.narg('campaign_id'))
  AND (sqlc.narg('client_id')::uuid IS NULL OR c.client_id = sqlc.narg('client_id'))
  AND (sqlc.narg('since')::timestamptz IS NULL OR w.created_at >= sqlc.narg('since'))
  AND (sqlc.narg('until')::timestamptz IS NULL OR w.created_at < sqlc.narg('until'))
  -- What was delivered after that time has arrived already.
  AND (sqlc.narg('sent_before')::timestamptz IS NULL
       OR w.status IS DISTINCT FROM 'sent'
       OR w.last_attempt_at IS NULL
       OR w.last_attempt_at < sqlc.narg('sent_before'))
  AND (@host::text = ''
       OR substring(lower(btrim(w.webhook_url, E' \t\r\n')) FROM '^https?://(\[[^]]*\]|[^/:?#]*)') = @host)
  AND (cardinality(@ids::uuid[]) = 0 OR w.id = ANY (@ids))
ORDER BY w.id
LIMIT @max_rows;

-- name: WebhookLogListStatus :many
SELECT
    id,
    coalesce(status, 'pending')::text AS status
FROM public.webhook_logs
WHERE id = ANY (@ids::uuid[]);

-- name: WebhookLogReplayMany :exec
-- Makes rows due at once, whatever their history, because somebody asked for it. What
-- was delivered stays so, unless it is asked for too. What is due already is not
-- written again.
UPDATE public.webhook_logs
SET status = 'pending',
    retry_count = 0,
    next_attempt_at = NULL,
    abandoned_at = NULL,
    replayed_at = now()
WHERE id = ANY (@ids::uuid[])
  AND (@resend_sent::boolean OR status IS DISTINCT FROM 'sent')
  AND (status, retry_count, next_attempt_at, abandoned_at) IS DISTINCT FROM ('pending', 0, NULL, NULL);
