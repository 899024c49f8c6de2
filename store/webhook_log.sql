-- name: WebhookLogListNext :many
-- Whom to give a job: of each endpoint the oldest due rows that have none, as many as
-- the endpoint has room for. An endpoint that is blocked or disabled has none, one that
-- was blocked has room for one. The endpoints between first and last are walked along
-- the index, so that those for which nothing waits cost nothing.
WITH RECURSIVE waiting (endpoint_id) AS (
    (SELECT w.endpoint_id
     FROM public.webhook_logs w
     WHERE w.abandoned_at IS NULL
       AND (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')
       AND w.endpoint_id BETWEEN @first_endpoint::bigint AND @last_endpoint::bigint
     ORDER BY w.endpoint_id
     LIMIT 1)
    UNION ALL
    SELECT (
        SELECT w.endpoint_id
        FROM public.webhook_logs w
        WHERE w.abandoned_at IS NULL
          AND (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')
          AND w.endpoint_id > waiting.endpoint_id
          AND w.endpoint_id <= @last_endpoint::bigint
        ORDER BY w.endpoint_id
        LIMIT 1)
    FROM waiting
    WHERE waiting.endpoint_id IS NOT NULL)
SELECT line.id
FROM waiting
JOIN workers.webhook_endpoints e ON e.id = waiting.endpoint_id
CROSS JOIN LATERAL (
    SELECT
        l.id,
        l.due_at,
        l.created_at,
        l.has_job,
        count(*) FILTER (WHERE l.has_job) OVER () AS busy,
        row_number() OVER (PARTITION BY l.has_job ORDER BY l.due_at, l.created_at, l.id) AS place
    FROM (
        SELECT
            w.id,
            w.created_at,
            coalesce(w.next_attempt_at, '-infinity'::timestamptz) AS due_at,
            EXISTS (
                SELECT
                FROM workers.river_job j
                WHERE j.args ->> 'webhook_log_id' = w.id::text
                  AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
                  -- A producer that resets a row means now, not when its job would be tried again.
                  AND (j.state NOT IN ('retryable', 'scheduled') OR j.scheduled_at <= now() + interval '1 minute')) AS has_job
        FROM public.webhook_logs w
        WHERE w.endpoint_id = e.id
          AND w.abandoned_at IS NULL
          AND (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')
          AND coalesce(w.next_attempt_at, '-infinity'::timestamptz) <= now()
          -- Of pending rows the count does not matter: somebody has asked for them.
          AND (w.status IS DISTINCT FROM 'failed' OR coalesce(w.retry_count, 0) < @max_tries::integer)
        ORDER BY coalesce(w.next_attempt_at, '-infinity'::timestamptz), w.created_at, w.id
        LIMIT 2 * @room::integer) l) line
WHERE e.state <> 'disabled'
  AND (e.blocked_until IS NULL OR e.blocked_until <= now())
  AND NOT line.has_job
  AND line.place + line.busy <= CASE WHEN e.blocked_until IS NULL THEN @room::integer ELSE 1 END
ORDER BY line.place, line.due_at, line.created_at, line.id
LIMIT @max_rows;

-- name: WebhookLogLockUnassigned :many
-- Rows of producers that are in no line yet; what others hold is theirs, and what the
-- database refused waits for its time.
SELECT w.id
FROM public.webhook_logs w
WHERE w.endpoint_id IS NULL
  AND w.abandoned_at IS NULL
  AND (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')
  AND NOT EXISTS (
      SELECT
      FROM workers.webhook_refusals r
      WHERE r.webhook_log_id = w.id
        AND r.again_at > now())
ORDER BY w.id
LIMIT @max_rows
FOR UPDATE OF w SKIP LOCKED;

-- name: WebhookLogLockSome :many
-- Those of the rows that are in no line yet and that nobody else holds.
SELECT id
FROM public.webhook_logs
WHERE id = ANY (@ids::uuid[])
  AND endpoint_id IS NULL
ORDER BY id
FOR UPDATE SKIP LOCKED;

-- name: WebhookLogAssign :one
-- Tells rows their endpoint, which [WebhookEndpointEnsureMany] made, and counts those that
-- have it then: a trigger of the producer's may skip a row or undo what changed.
WITH assigned AS (
    UPDATE public.webhook_logs w
    SET endpoint_id = e.id
    FROM (
        SELECT fresh.id, fresh.webhook_url, coalesce(fresh.campaign_id, l.campaign_id) AS campaign_id
        FROM public.webhook_logs fresh
        LEFT JOIN public.leads l ON l.id = fresh.lead_id
        WHERE fresh.id = ANY (@ids::uuid[])) f
    LEFT JOIN public.campaigns c ON c.id = f.campaign_id
    JOIN workers.webhook_endpoints e
        ON e.scope = coalesce(c.client_id, f.campaign_id, '00000000-0000-0000-0000-000000000000')
        AND md5(e.url) = md5(btrim(coalesce(f.webhook_url, ''), E' \t\r\n'))
    WHERE w.id = f.id
    RETURNING w.endpoint_id)
SELECT count(endpoint_id)
FROM assigned;

-- name: WebhookLogGet :one
-- A row with its endpoint, as far as that is known.
SELECT
    w.id,
    w.lead_id,
    -- Producers may name it by the lead alone.
    coalesce(w.campaign_id, l.campaign_id) AS campaign_id,
    btrim(coalesce(w.webhook_url, ''), E' \t\r\n')::text AS webhook_url,
    w.payload::text AS payload,
    coalesce(w.status, 'pending')::text AS status,
    coalesce(w.retry_count, 0)::integer AS retry_count,
    (w.abandoned_at IS NOT NULL)::boolean AS abandoned,
    -- Somebody asked for the try that comes next.
    coalesce(w.replayed_at > coalesce(w.last_attempt_at, '-infinity'), false)::boolean AS replayed,
    -- At most a day: a producer's time may be infinity.
    CASE WHEN w.next_attempt_at > now()
        THEN extract(epoch FROM least(w.next_attempt_at, now() + interval '1 day') - now()) ELSE 0 END::float8 AS seconds_left,
    coalesce(c.client_id, w.campaign_id, l.campaign_id, '00000000-0000-0000-0000-000000000000')::uuid AS scope,
    coalesce(e.id, 0)::bigint AS endpoint_id,
    coalesce(e.state, 'healthy')::text AS endpoint_state,
    e.blocked_until,
    coalesce(e.blocked_until > now(), false)::boolean AS blocked
FROM public.webhook_logs w
LEFT JOIN public.leads l ON l.id = w.lead_id
LEFT JOIN public.campaigns c ON c.id = coalesce(w.campaign_id, l.campaign_id)
LEFT JOIN workers.webhook_endpoints e
    ON e.scope = coalesce(c.client_id, w.campaign_id, l.campaign_id, '00000000-0000-0000-0000-000000000000')
    AND md5(e.url) = md5(btrim(coalesce(w.webhook_url, ''), E' \t\r\n'))
WHERE w.id = @id;

-- name: WebhookLogLock :many
-- What a row is by now, before the outcome of a try is written to it; none where its
-- producer deleted it.
SELECT
    coalesce(status, 'pending')::text AS status,
    coalesce(retry_count, 0)::integer AS retry_count
FROM public.webhook_logs
WHERE id = @id
FOR UPDATE;

-- name: WebhookLogJoinLine :exec
-- A row that goes on waiting is found by its endpoint.
UPDATE public.webhook_logs
SET endpoint_id = @endpoint_id
WHERE id = @id
  AND endpoint_id IS DISTINCT FROM @endpoint_id;

-- name: WebhookLogGoLast :exec
-- To the end of the line: others may be delivered where this one could not.
UPDATE public.webhook_logs
SET endpoint_id = @endpoint_id,
    next_attempt_at = now()
WHERE id = @id;

-- name: WebhookLogPutOff :exec
-- What is due at an endpoint for one campaign waits, and makes way for the others there.
-- Rows that another try has in hand are left to it.
UPDATE public.webhook_logs
SET next_attempt_at = @next_attempt_at::timestamptz
WHERE id IN (
    SELECT w.id
    FROM public.webhook_logs w
    LEFT JOIN public.leads l ON l.id = w.lead_id
    WHERE w.endpoint_id = @endpoint_id
      AND coalesce(w.campaign_id, l.campaign_id) = @campaign_id::uuid
      AND w.abandoned_at IS NULL
      AND (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')
      AND coalesce(w.next_attempt_at, '-infinity'::timestamptz) <= now()
    LIMIT @max_rows
    FOR UPDATE OF w SKIP LOCKED);

-- name: WebhookLogRelease :execrows
-- After an endpoint was enabled: what waits is due at once, and what used up its tries
-- since the endpoint began to fail, or waited for 410, starts anew.
UPDATE public.webhook_logs
SET status = 'pending',
    retry_count = CASE WHEN retry_count >= @max_tries::integer THEN 0 ELSE retry_count END,
    next_attempt_at = NULL,
    abandoned_at = NULL
WHERE endpoint_id = @endpoint_id
  AND (status IS NULL OR status = 'pending' OR status = 'failed')
  AND (abandoned_at IS NULL
      OR retry_count >= @max_tries::integer AND last_attempt_at >= @failing_since::timestamptz)
  AND (status IS DISTINCT FROM 'pending' OR next_attempt_at IS NOT NULL OR abandoned_at IS NOT NULL);

-- name: WebhookLogInsert :exec
-- The id says which answer gave the address. A row with it is there when the answer was
-- taken before, of a lead that was set back: it is delivered again, under the id by which
-- its receiver knows it.
INSERT INTO public.webhook_logs (id, lead_id, campaign_id, webhook_url, payload, status, retry_count)
VALUES (@id, @lead_id, @campaign_id, @webhook_url, @payload, 'pending', 0)
ON CONFLICT (id) DO UPDATE
SET lead_id = excluded.lead_id,
    campaign_id = excluded.campaign_id,
    webhook_url = excluded.webhook_url,
    payload = excluded.payload,
    status = 'pending',
    retry_count = 0,
    next_attempt_at = NULL,
    abandoned_at = NULL,
    endpoint_id = NULL;

-- name: WebhookLogRecordSent :exec
UPDATE public.webhook_logs
SET status = 'sent',
    endpoint_id = @endpoint_id,
    last_attempt_at = now(),
    next_attempt_at = NULL,
    response_status = @response_status,
    response_body = @response_body,
    error_message = NULL
WHERE id = @id;

-- name: WebhookLogRecordFailure :exec
UPDATE public.webhook_logs
SET status = 'failed',
    endpoint_id = @endpoint_id,
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
SELECT
    w.id,
    coalesce(e.state = 'disabled', false)::boolean AS parked
FROM public.webhook_logs w
LEFT JOIN public.leads l ON l.id = w.lead_id
LEFT JOIN public.campaigns c ON c.id = coalesce(w.campaign_id, l.campaign_id)
LEFT JOIN workers.webhook_endpoints e ON e.id = w.endpoint_id
WHERE w.id > @after_id
  AND coalesce(w.status, 'pending') = ANY (@statuses::text[])
  AND (sqlc.narg('campaign_id')::uuid IS NULL OR coalesce(w.campaign_id, l.campaign_id) = sqlc.narg('campaign_id'))
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
  -- What was forgotten cannot be delivered again.
  AND w.payload_erased_at IS NULL
ORDER BY w.id
LIMIT @max_rows;

-- name: WebhookLogListOfLead :many
-- How each webhook of a lead stands, and who holds it up.
SELECT
    w.id,
    coalesce(w.status, 'pending')::text AS status,
    w.next_attempt_at,
    w.abandoned_at,
    coalesce(e.id, 0)::bigint AS endpoint_id, -- 0: not known yet
    coalesce(e.state, 'healthy')::text AS endpoint_state,
    coalesce(e.disabled_reason, '')::text AS disabled_reason,
    e.blocked_until
FROM public.webhook_logs w
LEFT JOIN workers.webhook_endpoints e ON e.id = w.endpoint_id
WHERE w.lead_id = @lead_id
ORDER BY w.created_at, w.id
LIMIT 100;

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

-- name: WebhookLogPruneAnswers :execrows
-- Forgets what receivers answered, who may repeat what they were sent.
UPDATE public.webhook_logs
SET response_body = NULL
WHERE id = ANY (ARRAY(
    SELECT old.id
    FROM public.webhook_logs old
    WHERE old.response_body <> ''
      AND old.last_attempt_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.last_attempt_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED));

-- name: WebhookLogPrunePayloads :execrows
-- Forgets what was delivered. A row that is not delivered may yet be, and is kept whole;
-- so is one that somebody asked for again.
UPDATE public.webhook_logs
SET payload = '{}',
    payload_erased_at = now()
WHERE id = ANY (ARRAY(
    SELECT old.id
    FROM public.webhook_logs old
    WHERE old.status = 'sent'
      AND old.payload_erased_at IS NULL
      AND old.last_attempt_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.last_attempt_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED));
