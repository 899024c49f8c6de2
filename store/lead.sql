-- name: LeadFindPerson :one
-- The lead that a commenter already is in this campaign. Leads from before the
-- workers may hold a slug or a profile URL, in any form, instead of the provider id.
SELECT
    id,
    coalesce(status, 'comment_detected')::text AS status,
    provider_id
FROM public.leads
WHERE campaign_id = @campaign_id
  AND (provider_id = @provider_id::text
    OR linkedin_id = @provider_id::text
    OR provider_id IS NULL AND @names::text[] && ARRAY[
        lower(linkedin_id),
        lower(substring(linkedin_id FROM '/in/([^/?#]+)')),
        lower(substring(linkedin_url FROM '/in/([^/?#]+)')),
        lower(substring(linkedin_profile_url FROM '/in/([^/?#]+)'))])
ORDER BY (provider_id = @provider_id::text OR linkedin_id = @provider_id::text) DESC NULLS LAST, created_at
LIMIT 1
FOR UPDATE;

-- name: LeadHasOptedOut :one
-- An opt-out is heard for every campaign of the client, and after its lead is gone.
SELECT (EXISTS (
    SELECT FROM workers.opt_outs x
    WHERE x.scope = coalesce(sqlc.narg('client_id')::uuid, @campaign_id::uuid)
      AND x.person_id = @provider_id::text) OR EXISTS (
    SELECT
    FROM public.leads l
    JOIN public.campaigns c ON c.id = l.campaign_id
    WHERE c.client_id = sqlc.narg('client_id')
      AND l.status = 'opted_out'
      AND (l.provider_id = @provider_id::text
        OR l.linkedin_id = @provider_id::text
        OR l.provider_id IS NULL AND @names::text[] && ARRAY[
            lower(l.linkedin_id),
            lower(substring(l.linkedin_id FROM '/in/([^/?#]+)')),
            lower(substring(l.linkedin_url FROM '/in/([^/?#]+)')),
            lower(substring(l.linkedin_profile_url FROM '/in/([^/?#]+)'))])))::boolean;

-- name: LeadInsert :one
INSERT INTO public.leads (
    campaign_id, linkedin_id, provider_id, linkedin_url, linkedin_profile_url,
    name, first_name, last_name, title, status, source, metadata
)
VALUES (
    @campaign_id, @provider_id::text, @provider_id::text, @profile_url, @profile_url,
    @name, @first_name, @last_name, @title, 'comment_detected', 'comment_trigger', @metadata
)
ON CONFLICT (campaign_id, linkedin_id) DO NOTHING
RETURNING id;

-- name: LeadSetProvider :exec
-- Who a lead is, or that nobody has the name by which it is known. Neither says only that
-- it could not be found out.
UPDATE public.leads
SET provider_id = coalesce(sqlc.narg('provider_id'), provider_id),
    provider_missing_at = CASE WHEN sqlc.narg('provider_id')::text IS NOT NULL THEN NULL
                               WHEN @is_missing::boolean THEN now()
                               ELSE provider_missing_at END,
    provider_checked_at = now()
WHERE id = @id;

-- name: LeadListUnresolved :many
-- Contacted leads of which only a slug or a profile URL is known: who opted out, whose
-- answers cannot be heard yet, and all of a campaign in which somebody waits of whom
-- LinkedIn shows no public name to compare with theirs. Looked up again after a day, those
-- that nobody had last of all.
SELECT
    l.id,
    l.linkedin_id,
    coalesce(l.linkedin_url, l.linkedin_profile_url, '')::text AS url
FROM public.leads l
WHERE l.status <> 'comment_detected'
  AND l.provider_id IS NULL
  AND l.linkedin_id !~ '^A[A-Z][A-Za-z0-9_-]{10,}$'
  AND (l.status IN ('opted_out', 'dm_sent') OR l.provider_missing_at IS NULL AND EXISTS (
      SELECT FROM workers.messages m
      WHERE m.account_id = @account_id::text
        AND m.campaign_id = l.campaign_id
        AND m.purpose = 'first_dm'
        AND m.state = 'queued'
        AND m.error_type = 'not_recognised'
        AND m.error_detail = 'no_public_name'))
  AND (l.provider_checked_at IS NULL OR l.provider_checked_at < now() - interval '1 day')
  AND EXISTS (
      SELECT FROM public.scrape_jobs s
      WHERE s.campaign_id = l.campaign_id
        AND s.unipile_account_id = @account_id::text)
ORDER BY l.provider_missing_at IS NOT NULL, l.status = 'opted_out' DESC, l.status = 'dm_sent' DESC, l.created_at
LIMIT @max_rows;

-- name: LeadListKnownPeople :many
-- Which of these people are leads of campaigns on this account, whatever their
-- status: an answer may be read before its question is recorded as sent. Whoever the
-- account wrote to is known as well, when the scrape job or the lead is gone.
SELECT coalesce(l.provider_id, l.linkedin_id)::text AS person_id
FROM public.leads l
WHERE (l.provider_id = ANY (@people::text[]) OR l.linkedin_id = ANY (@people::text[]))
  AND EXISTS (
      SELECT FROM public.scrape_jobs s
      WHERE s.campaign_id = l.campaign_id
        AND s.unipile_account_id = @account_id::text)
UNION
SELECT m.recipient_id
FROM workers.messages m
WHERE m.account_id = @account_id
  AND m.recipient_id = ANY (@people);

-- name: LeadFindAsked :one
-- The lead that an answer belongs to: the one of that person that was asked last,
-- and has not answered. A note of an invitation and a public reply ask, too.
SELECT
    l.id,
    l.campaign_id,
    coalesce(m.claimed_at, CASE WHEN isfinite(l.created_at) THEN l.created_at END, 'epoch'::timestamptz)::timestamptz AS asked_at,
    coalesce(m.id, 0)::bigint AS message_id, -- 0: there is none
    m.chat_id,
    m.scrape_job_id,
    coalesce(m.provider_claimed_at, 'epoch')::timestamptz AS provider_claimed_at, -- the epoch: not known
    coalesce(m.provider_sent_at, 'epoch')::timestamptz AS provider_sent_at
FROM public.leads l
LEFT JOIN LATERAL (
    SELECT a.*
    FROM workers.messages a
    WHERE a.lead_id = l.id
      AND a.purpose IN ('first_dm', 'invitation', 'public_reply')
      AND a.state = 'sent'
    ORDER BY (a.purpose = 'first_dm') DESC, a.claimed_at
    LIMIT 1) m ON true
WHERE (l.status = 'dm_sent' OR l.status IN ('not_connected', 'expired') AND m.id IS NOT NULL)
  AND (l.provider_id = @provider_id::text OR l.linkedin_id = @provider_id::text)
  AND (EXISTS (
      SELECT FROM public.scrape_jobs s
      WHERE s.campaign_id = l.campaign_id
        AND s.unipile_account_id = @account_id::text)
    OR EXISTS (
      SELECT FROM workers.messages w
      WHERE w.lead_id = l.id
        AND w.account_id = @account_id))
ORDER BY (l.status = 'dm_sent') DESC, m.claimed_at DESC NULLS LAST, l.created_at DESC
LIMIT 1;

-- name: LeadLock :one
-- Holds a lead that an answer belongs to until the transaction ends, so that nobody moves it
-- on meanwhile. Which one it is must be asked again afterwards.
SELECT id
FROM public.leads
WHERE id = @id
FOR UPDATE;

-- name: LeadKnownSince :one
-- Since when a person is a lead of campaigns on this account, in whatever state, or was
-- written to by it.
SELECT coalesce(min(known.since), 'epoch')::timestamptz AS since
FROM (
    SELECT CASE WHEN isfinite(l.created_at) THEN l.created_at ELSE 'epoch' END AS since
    FROM public.leads l
    WHERE (l.provider_id = @provider_id::text OR l.linkedin_id = @provider_id::text)
      AND EXISTS (
          SELECT FROM public.scrape_jobs s
          WHERE s.campaign_id = l.campaign_id
            AND s.unipile_account_id = @account_id::text)
    UNION ALL
    SELECT m.created_at
    FROM workers.messages m
    WHERE m.account_id = @account_id
      AND m.recipient_id = @provider_id) known
HAVING count(*) > 0;

-- name: LeadCaptureEmail :one
UPDATE public.leads
SET email = @email::text,
    email_captured_at = now(),
    status = 'email_captured'
WHERE id = @id
  AND coalesce(status, 'comment_detected') IN ('comment_detected', 'dm_sent', 'not_connected', 'expired')
RETURNING
    id,
    campaign_id,
    coalesce(nullif(name, ''), nullif(btrim(concat_ws(' ', first_name, last_name)), ''), '')::text AS name,
    coalesce(first_name, '')::text AS first_name,
    coalesce(last_name, '')::text AS last_name,
    coalesce(linkedin_profile_url, linkedin_url, '')::text AS profile_url,
    coalesce(company, '')::text AS company,
    coalesce(title, '')::text AS title;

-- name: LeadGetForWording :one
-- What a message to a lead is worded with.
SELECT
    -- A lead that was there before its comment may know less than that.
    coalesce(nullif(l.name, ''), k.author_name, '')::text AS name,
    coalesce(l.first_name, '')::text AS first_name,
    coalesce(l.last_name, '')::text AS last_name,
    coalesce(l.company, '')::text AS company,
    coalesce(l.metadata ->> 'trigger_word', k.keyword, '')::text AS keyword,
    coalesce(c.dm_template_step1, '')::text AS dm_template,
    coalesce(c.trigger_word, '')::text AS trigger_words,
    c.settings
FROM public.leads l
JOIN public.campaigns c ON c.id = l.campaign_id
LEFT JOIN workers.comments k ON k.scrape_job_id = @scrape_job_id AND k.comment_id = @comment_id
WHERE l.id = @lead_id;

-- name: LeadExpire :execrows
-- Nobody became a connection in time.
UPDATE public.leads
SET status = 'expired'
WHERE id = ANY (@ids::uuid[])
  AND status = 'not_connected';

-- name: LeadMove :execrows
-- Moves a lead from one status to another; see lead.go for the legal moves.
UPDATE public.leads
SET status = @to_status::text
WHERE id = @id
  AND coalesce(status, 'comment_detected') = @from_status::text;

-- name: LeadPruneOptedOut :execrows
-- Of who wants no more messages the id is kept, by which they are known, and nothing else.
UPDATE public.leads
SET name = NULL,
    first_name = NULL,
    last_name = NULL,
    company = NULL,
    title = NULL,
    email = NULL,
    linkedin_url = CASE WHEN provider_id IS NULL THEN linkedin_url END,
    linkedin_profile_url = CASE WHEN provider_id IS NULL THEN linkedin_profile_url END,
    metadata = CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata - 'comment_text' ELSE metadata END
WHERE id = ANY (ARRAY(
    SELECT old.id
    FROM public.leads old
    WHERE old.status = 'opted_out'
      AND (num_nonnulls(old.name, old.first_name, old.last_name, old.company, old.title, old.email) > 0
        OR jsonb_typeof(old.metadata) = 'object' AND old.metadata ? 'comment_text'
        OR old.provider_id IS NOT NULL AND num_nonnulls(old.linkedin_url, old.linkedin_profile_url) > 0)
      AND old.updated_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.updated_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED));
