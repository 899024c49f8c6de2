-- name: WebhookIncidentOpen :many
-- The new incident, or none where one of its kind is open.
INSERT INTO workers.webhook_incidents (endpoint_id, kind)
VALUES (@endpoint_id, @kind)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: WebhookIncidentClose :exec
UPDATE workers.webhook_incidents
SET closed_at = now()
WHERE endpoint_id = @endpoint_id
  AND closed_at IS NULL;

-- name: WebhookIncidentGetForOwner :one
-- What the email says. An endpoint that recovered meanwhile is nobody's trouble.
SELECT
    i.kind,
    e.id AS endpoint_id,
    e.url,
    coalesce(e.failing_since, i.opened_at)::timestamptz AS since,
    coalesce(e.last_cause, '')::text AS last_cause,
    coalesce(e.disabled_reason, '')::text AS disabled_reason,
    (SELECT count(*)
     FROM public.webhook_logs w
     WHERE w.endpoint_id = e.id
       AND w.abandoned_at IS NULL
       AND (w.status IS NULL OR w.status = 'pending' OR w.status = 'failed')) AS waiting,
    btrim(u.email)::text AS email,
    coalesce(nullif(btrim(u.full_name), ''), nullif(btrim(concat_ws(' ', u.first_name, u.last_name)), ''), '')::text AS name
FROM workers.webhook_incidents i
JOIN workers.webhook_endpoints e ON e.id = i.endpoint_id
JOIN public.users u ON u.id = @user_id AND u.client_id = e.scope
WHERE i.id = @id
  AND i.closed_at IS NULL
  AND btrim(coalesce(u.email, '')) <> '';

-- name: WebhookIncidentRecordTold :exec
UPDATE workers.webhook_incidents
SET owner_told_at = coalesce(owner_told_at, now())
WHERE id = @id;
