-- Whether the person that a first message goes to was contacted before the workers existed.
-- Rows from then may know them by their public name alone, and comments by their id alone.

-- name: MessageGetContact :one
-- What decides whether a waiting first message goes to somebody who was contacted before.
-- is_contacted: by a lead that has their member id.
-- is_unsure: the campaign has contacted leads of whom it is not known who they are, or the
-- client such people who opted out, and the recipient's public name, which would tell, is
-- not known. rests: nobody need be asked now.
SELECT
    m.account_id,
    m.campaign_id,
    m.lead_id,
    m.recipient_id,
    m.recipient_slug,
    m.created_at,
    c.client_id,
    now()::timestamptz AS now,
    (coalesce(c.status IN ('paused', 'completed') OR c.ends_at <= now(), c.id IS NULL) OR EXISTS (
        SELECT FROM workers.pauses p
        WHERE p.account_id = m.account_id
          AND p.action = 'everything'
          AND (p.until IS NULL OR p.until > now())))::boolean AS rests,
    (EXISTS (
        SELECT FROM public.leads o
        WHERE o.provider_id = m.recipient_id
          AND o.campaign_id = m.campaign_id
          AND o.status <> 'comment_detected'
          AND o.id IS DISTINCT FROM m.lead_id) OR EXISTS (
        SELECT FROM public.leads o
        WHERE o.linkedin_id = m.recipient_id
          AND o.campaign_id = m.campaign_id
          AND o.status <> 'comment_detected'
          AND o.id IS DISTINCT FROM m.lead_id))::boolean AS is_contacted,
    (m.recipient_slug IS NULL AND (EXISTS (
        SELECT FROM (
            SELECT
            FROM public.leads o
            WHERE o.campaign_id = m.campaign_id
              AND o.status <> 'comment_detected'
              AND o.provider_id IS NULL
              AND o.provider_missing_at IS NULL
              AND o.linkedin_id !~ '^A[A-Z][A-Za-z0-9_-]{10,}$'
            -- By the index: where most leads are another campaign's and like that, reading
            -- them all looks cheaper to the planner, and finds nothing.
            ORDER BY o.campaign_id, o.provider_missing_at, o.status
            LIMIT 1) unknown) OR EXISTS (
        SELECT FROM public.leads o
        JOIN public.campaigns oc ON oc.id = o.campaign_id
        WHERE oc.client_id = c.client_id
          AND o.status = 'opted_out'
          AND o.provider_id IS NULL
          AND o.provider_missing_at IS NULL
          AND o.linkedin_id !~ '^A[A-Z][A-Za-z0-9_-]{10,}$')))::boolean AS is_unsure
FROM workers.messages m
LEFT JOIN public.campaigns c ON c.id = m.campaign_id
WHERE m.id = @id
  AND m.purpose = 'first_dm'
  AND m.state = 'queued';

-- name: LeadFindContacted :one
-- The lead, other than the message's own, by which a person was contacted in a campaign.
SELECT
    id,
    provider_id
FROM public.leads
WHERE campaign_id = @campaign_id
  AND id IS DISTINCT FROM sqlc.narg('own_id')::uuid
  AND status <> 'comment_detected'
  AND (provider_id = @provider_id::text
    OR linkedin_id = @provider_id::text
    OR provider_id IS NULL AND @names::text[] && ARRAY[
        lower(linkedin_id),
        lower(substring(linkedin_id FROM '/in/([^/?#]+)')),
        lower(substring(linkedin_url FROM '/in/([^/?#]+)')),
        lower(substring(linkedin_profile_url FROM '/in/([^/?#]+)'))])
ORDER BY provider_id IS NOT NULL, created_at
LIMIT 1;

-- name: MessageSetSlug :exec
-- The recipient's public name is known: what held their message up is over.
UPDATE workers.messages
SET recipient_slug = @recipient_slug::text,
    error_type = CASE WHEN error_type = 'not_recognised' THEN NULL ELSE error_type END,
    error_detail = CASE WHEN error_type = 'not_recognised' THEN NULL ELSE error_detail END,
    updated_at = now()
WHERE id = @id;

-- name: MessageHoldUnsure :execrows
-- Lets first messages wait whose recipients cannot be told from contacted people now: one,
-- or for id 0 all of the account's campaign.
UPDATE workers.messages
SET not_before = greatest(not_before, now() + make_interval(secs => @wait_seconds::float8)),
    error_type = 'not_recognised',
    error_detail = @reason::text,
    updated_at = now()
WHERE account_id = @account_id
  AND campaign_id = @campaign_id
  AND purpose = 'first_dm'
  AND state = 'queued'
  AND recipient_slug IS NULL
  AND (@id::bigint = 0 OR id = @id);

-- name: MessageSkip :execrows
UPDATE workers.messages
SET state = 'skipped',
    error_type = @reason::text,
    error_detail = NULL,
    updated_at = now()
WHERE id = @id
  AND state = 'queued';

-- name: OptOutNote :exec
-- An opt-out that was known by a public name holds by the member id from now on.
INSERT INTO workers.opt_outs (scope, person_id)
VALUES (coalesce(sqlc.narg('client_id')::uuid, @campaign_id::uuid), @person_id)
ON CONFLICT DO NOTHING;
