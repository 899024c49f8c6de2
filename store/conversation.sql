-- name: ConversationGet :one
-- How a conversation stands: the second questions that were put, what the newest of
-- them asked about, and whether a human has taken over.
SELECT
    count(*) FILTER (WHERE m.state <> 'skipped')::integer AS questions,
    coalesce((array_agg(m.suggestion ORDER BY m.claimed_at DESC) FILTER (WHERE m.state IN ('sent', 'unknown')))[1], '')::text AS suggestion,
    coalesce(max(m.claimed_at) FILTER (WHERE m.state IN ('sent', 'unknown')), 'epoch')::timestamptz AS asked_at,
    EXISTS (SELECT FROM workers.takeovers t WHERE t.lead_id = @lead_id)::boolean AS is_held
FROM workers.messages m
WHERE m.lead_id = @lead_id
  AND m.purpose IN ('second_question', 'third_question')
  AND m.state <> 'queued';

-- name: TakeoverSet :execrows
-- A human wrote to these people after we did: the workers are silent from then on.
INSERT INTO workers.takeovers (lead_id, reason)
SELECT l.id, @reason
FROM public.leads l
JOIN workers.messages m ON m.lead_id = l.id
WHERE m.account_id = @account_id
  AND m.state IN ('sent', 'unknown')
  AND m.claimed_at < @written_at::timestamptz
  AND (m.chat_id = nullif(@chat_id::text, '')
    OR m.recipient_id = nullif(@person_id::text, '')
    OR EXISTS (
        SELECT FROM workers.inbox_messages i
        WHERE i.account_id = @account_id
          AND i.sender_id = m.recipient_id
          AND i.chat_id = nullif(@chat_id::text, '')))
GROUP BY l.id
ON CONFLICT (lead_id) DO NOTHING;

-- name: TakeoverSetLead :execrows
INSERT INTO workers.takeovers (lead_id, reason)
SELECT id, @reason
FROM public.leads
WHERE id = @lead_id
ON CONFLICT (lead_id) DO NOTHING;

-- name: TakeoverLift :execrows
DELETE FROM workers.takeovers
WHERE lead_id = @lead_id;

-- name: TakeoverPrune :execrows
-- Of leads that are gone.
DELETE FROM workers.takeovers
WHERE lead_id IN (
    SELECT t.lead_id
    FROM workers.takeovers t
    LEFT JOIN public.leads l ON l.id = t.lead_id
    WHERE l.id IS NULL
    LIMIT @max_rows);

-- name: OptOutSet :execrows
-- A person wants no more messages: for every client whose campaigns on this account
-- have them as a lead. Leads that gave their address stay what they are.
WITH scopes AS (
    SELECT DISTINCT coalesce(c.client_id, c.id) AS scope
    FROM public.leads l
    JOIN public.campaigns c ON c.id = l.campaign_id
    WHERE (l.provider_id = @person_id::text OR l.linkedin_id = @person_id::text)
      AND EXISTS (
          SELECT FROM public.scrape_jobs s
          WHERE s.campaign_id = l.campaign_id
            AND s.unipile_account_id = @account_id::text)
), heard AS (
    INSERT INTO workers.opt_outs (scope, person_id)
    SELECT scope, @person_id FROM scopes
    ON CONFLICT DO NOTHING
)
UPDATE public.leads l
SET status = 'opted_out'
FROM public.campaigns c
WHERE c.id = l.campaign_id
  AND coalesce(c.client_id, c.id) IN (SELECT scope FROM scopes)
  AND (l.provider_id = @person_id OR l.linkedin_id = @person_id)
  AND coalesce(l.status, 'comment_detected') IN ('comment_detected', 'dm_sent', 'not_connected', 'expired');

-- name: CampaignListWaiting :many
-- Campaigns with leads that have not answered.
SELECT
    c.id,
    c.name,
    coalesce(c.dm_template_step1, '')::text AS dm_template,
    coalesce(c.trigger_word, '')::text AS trigger_words,
    c.settings,
    coalesce(c.status IN ('paused', 'completed') OR c.ends_at <= now(), false)::boolean AS rests
FROM public.campaigns c
WHERE EXISTS (
    SELECT FROM public.leads l
    WHERE l.campaign_id = c.id
      AND l.status = 'dm_sent')
ORDER BY c.id;

-- name: LeadListSilent :many
-- Leads that were asked before a time and have said nothing, nor got a follow-up.
SELECT
    l.id,
    coalesce(l.name, '')::text AS name,
    coalesce(l.first_name, '')::text AS first_name,
    coalesce(l.last_name, '')::text AS last_name,
    coalesce(l.company, '')::text AS company,
    coalesce(l.metadata ->> 'trigger_word', '')::text AS keyword,
    m.account_id,
    m.scrape_job_id,
    m.recipient_id,
    m.chat_id
FROM public.leads l
JOIN workers.messages m ON m.lead_id = l.id AND m.purpose = 'first_dm' AND m.state = 'sent'
WHERE l.campaign_id = @campaign_id
  AND l.status = 'dm_sent'
  AND m.sent_at <= @asked_before::timestamptz
  AND m.sent_at > @asked_after::timestamptz
  AND NOT EXISTS (SELECT FROM workers.takeovers t WHERE t.lead_id = l.id)
  AND NOT EXISTS (
      SELECT FROM workers.messages f
      WHERE f.lead_id = l.id AND f.purpose = 'follow_up')
  AND NOT EXISTS (
      SELECT FROM workers.inbox_messages i
      WHERE i.account_id = m.account_id AND i.sender_id = m.recipient_id AND i.sent_at > m.claimed_at - interval '2 minutes')
ORDER BY m.sent_at
LIMIT @max_rows;

-- name: LeadExpireSilent :execrows
-- Leads whose last message from us is older than a time, and who gave no address. An
-- address that comes later is taken all the same.
UPDATE public.leads
SET status = 'expired'
WHERE id IN (
    SELECT l.id
    FROM public.leads l
    WHERE l.campaign_id = @campaign_id
      AND l.status = 'dm_sent'
      AND (SELECT max(coalesce(m.sent_at, m.updated_at)) FROM workers.messages m WHERE m.lead_id = l.id) <= @before::timestamptz
    LIMIT @max_rows);
