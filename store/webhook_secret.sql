-- name: WebhookSecretListValid :many
-- What signs a campaign's webhooks now, the current one first. Rotating stops at as
-- many as this lists.
SELECT
    id,
    ciphertext,
    key_id,
    expires_at
FROM workers.webhook_secrets
WHERE campaign_id = @campaign_id
  AND (expires_at IS NULL OR expires_at > now())
ORDER BY expires_at DESC NULLS FIRST, created_at DESC
LIMIT 10;

-- name: WebhookSecretLock :exec
-- Serialises the changes of one campaign's secrets until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(@campaign_id::text, 7166015223));

-- name: WebhookSecretInsert :one
INSERT INTO workers.webhook_secrets (campaign_id, ciphertext, key_id, fingerprint, created_at)
VALUES (@campaign_id, @ciphertext, @key_id, @fingerprint, clock_timestamp())
RETURNING id;

-- name: WebhookSecretEnd :exec
-- Lets a campaign's secrets sign for so long and no longer; what ends sooner does so still.
UPDATE workers.webhook_secrets
SET expires_at = least(expires_at, now() + make_interval(secs => @overlap_seconds::float8))
WHERE campaign_id = @campaign_id
  AND (expires_at IS NULL OR expires_at > now());

-- name: WebhookSecretList :many
-- Of one campaign, or of all that have any, also those that expired lately.
SELECT
    s.id,
    s.campaign_id,
    coalesce(c.name, '')::text AS campaign,
    s.key_id,
    s.fingerprint,
    s.created_at,
    s.expires_at,
    coalesce(s.expires_at <= now(), false)::boolean AS expired
FROM workers.webhook_secrets s
LEFT JOIN public.campaigns c ON c.id = s.campaign_id
WHERE (sqlc.narg('campaign_id')::uuid IS NULL OR s.campaign_id = sqlc.narg('campaign_id'))
ORDER BY campaign, s.campaign_id, s.expires_at DESC NULLS FIRST, s.created_at DESC
LIMIT 10000;

-- name: WebhookSecretDelete :execrows
DELETE FROM workers.webhook_secrets
WHERE id = @id
  AND campaign_id = @campaign_id;

-- name: WebhookSecretDeleteAll :execrows
DELETE FROM workers.webhook_secrets
WHERE campaign_id = @campaign_id;

-- name: WebhookSecretListOfOtherKeys :many
-- Those that the first key did not encrypt, to be encrypted anew.
SELECT
    id,
    campaign_id,
    ciphertext,
    key_id
FROM workers.webhook_secrets
WHERE key_id <> @key_id
  AND id > @after_id
ORDER BY id
LIMIT @max_rows;

-- name: WebhookSecretReseal :exec
UPDATE workers.webhook_secrets
SET ciphertext = @ciphertext,
    key_id = @key_id
WHERE id = @id;

-- name: WebhookSecretCountSealed :one
-- How many sign now, and how many of them no given key opens.
SELECT
    count(*) AS secrets,
    count(*) FILTER (WHERE NOT key_id = ANY (@key_ids::text[])) AS closed
FROM workers.webhook_secrets
WHERE expires_at IS NULL OR expires_at > now();

-- name: WebhookSecretPrune :execrows
-- Forgets those that expired, and those of campaigns that are gone.
DELETE FROM workers.webhook_secrets
WHERE id IN (
    SELECT s.id
    FROM workers.webhook_secrets s
    WHERE s.expires_at <= now()
       OR NOT EXISTS (
           SELECT FROM public.campaigns c
           WHERE c.id = s.campaign_id)
    LIMIT @max_rows);
