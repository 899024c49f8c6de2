-- name: WebhookEndpointEnsure :exec
INSERT INTO workers.webhook_endpoints (scope, url)
VALUES (@scope, @url)
ON CONFLICT DO NOTHING;

-- name: WebhookEndpointFind :one
SELECT id
FROM workers.webhook_endpoints
WHERE scope = @scope
  AND md5(url) = md5(@url::text);

-- name: WebhookEndpointEnsureMany :exec
-- The endpoints of rows that have none yet. In one order, since two sweeps that make the
-- same ones wait for each other.
INSERT INTO workers.webhook_endpoints (scope, url)
SELECT DISTINCT
    coalesce(c.client_id, fresh.campaign_id, '00000000-0000-0000-0000-000000000000'),
    btrim(coalesce(fresh.webhook_url, ''), E' \t\r\n')
FROM (
    SELECT w.webhook_url, coalesce(w.campaign_id, l.campaign_id) AS campaign_id
    FROM public.webhook_logs w
    LEFT JOIN public.leads l ON l.id = w.lead_id
    WHERE w.id = ANY (@ids::uuid[])) fresh
LEFT JOIN public.campaigns c ON c.id = fresh.campaign_id
ORDER BY 1, 2
ON CONFLICT DO NOTHING;

-- name: WebhookEndpointTakeTurn :execrows
-- The one delivery that may try an endpoint whose time of rest is over. It has until
-- lease_until; should it die, another has its turn then.
UPDATE workers.webhook_endpoints
SET blocked_until = @lease_until::timestamptz
WHERE id = @id
  AND state <> 'disabled'
  AND blocked_until <= now();

-- name: WebhookEndpointLock :one
SELECT *
FROM workers.webhook_endpoints
WHERE id = @id
FOR UPDATE;

-- name: WebhookEndpointLockUnwell :many
-- After a success: none, and no lock, where there is nothing to write down.
SELECT *
FROM workers.webhook_endpoints
WHERE id = @id
  AND (state <> 'healthy' OR failures > 0 OR blocked_until IS NOT NULL OR gap_ms > 0
      OR last_success_at IS NULL OR last_success_at < now() - interval '30 seconds')
FOR UPDATE;

-- name: WebhookEndpointGet :one
SELECT *
FROM workers.webhook_endpoints
WHERE id = @id;

-- name: WebhookEndpointGetRest :one
-- Whether an endpoint rests, by the clock that its line and the queue go by: a worker
-- whose own is ahead or behind would wake it for nothing.
SELECT
    state,
    coalesce(blocked_until > now(), false)::boolean AS rests,
    blocked_until
FROM workers.webhook_endpoints
WHERE id = @id;

-- name: WebhookEndpointSave :exec
UPDATE workers.webhook_endpoints
SET state = @state,
    failures = @failures,
    failing_since = @failing_since,
    last_failure_at = @last_failure_at,
    last_cause = @last_cause,
    last_success_at = @last_success_at,
    disabled_at = @disabled_at,
    disabled_reason = @disabled_reason,
    blocked_until = @blocked_until,
    openings = @openings,
    gap_ms = @gap_ms
WHERE id = @id;

-- name: WebhookEndpointCountStates :many
-- The healthy ones are what is left, counted in the same pass over a narrow table.
SELECT
    state,
    count(*) AS endpoints
FROM workers.webhook_endpoints
GROUP BY state
LIMIT 10;

-- name: WebhookEndpointList :many
-- What an operator sees, the ones in trouble first, in pages by id within a state.
SELECT
    sqlc.embed(e),
    coalesce(cl.name, '')::text AS client,
    (SELECT count(*)
     FROM public.webhook_logs w
     WHERE w.endpoint_id = e.id
       AND w.abandoned_at IS NULL
       AND (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')) AS waiting
FROM workers.webhook_endpoints e
LEFT JOIN public.clients cl ON cl.id = e.scope
WHERE (cardinality(@ids::bigint[]) = 0 OR e.id = ANY (@ids))
  AND (@state::text = '' OR e.state = @state)
ORDER BY array_position(ARRAY['disabled', 'failing', 'healthy'], e.state), e.id
LIMIT @max_rows;

-- name: WebhookEndpointListOwners :many
-- The people of the client who can be written to.
SELECT u.id
FROM workers.webhook_endpoints e
JOIN public.users u ON u.client_id = e.scope
WHERE e.id = @id
  AND btrim(coalesce(u.email, '')) <> ''
ORDER BY u.id
LIMIT 20;
