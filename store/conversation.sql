-- name: ConversationGet :one
-- How a conversation stands: the second questions that were put, what the newest of
-- them asked about, and whether a human has taken over.
SELECT
    count(*) FILTER (WHERE m.state <> 'skipped')::integer AS questions,
    coalesce((array_agg(m.suggestion ORDER BY m.claimed_at DESC) FILTER (WHERE m.state IN ('sent', 'unknown')))[1], '')::text AS suggestion,
    coalesce(max(m.claimed_at) FILTER (WHERE m.state IN ('sent', 'unknown')), 'epoch')::timestamptz AS asked_at,
    coalesce((array_agg(m.provider_claimed_at ORDER BY m.claimed_at DESC) FILTER (WHERE m.state IN ('sent', 'unknown')))[1], 'epoch')::timestamptz AS provider_claimed_at,
    coalesce((array_agg(m.provider_sent_at ORDER BY m.claimed_at DESC) FILTER (WHERE m.state IN ('sent', 'unknown')))[1], 'epoch')::timestamptz AS provider_sent_at,
    EXISTS (SELECT FROM workers.takeovers t WHERE t.lead_id = @lead_id)::boolean AS is_held
FROM workers.messages m
WHERE m.lead_id = @lead_id
  AND m.purpose IN ('second_question', 'third_question')
  AND m.state <> 'queued';

-- name: TakeoverSet :execrows
-- A human wrote to these people after we did, by the provider's clock: the workers are
-- silent from then on. What was written before first looks were switched on may be a
-- message of ours that a database forgot when it was set back.
INSERT INTO workers.takeovers (lead_id, reason)
SELECT l.id, @reason
FROM public.leads l
JOIN workers.messages m ON m.lead_id = l.id
WHERE m.account_id = @account_id
  AND m.state IN ('sent', 'unknown')
  AND coalesce(m.provider_sent_at, m.provider_claimed_at, m.claimed_at) < @written_at::timestamptz
  AND (m.chat_id = nullif(@chat_id::text, '')
    OR m.recipient_id = nullif(@person_id::text, '')
    OR EXISTS (
        SELECT FROM workers.inbox_messages i
        WHERE i.account_id = @account_id
          AND i.sender_id = m.recipient_id
          AND i.chat_id = nullif(@chat_id::text, '')))
  AND NOT EXISTS (
      SELECT FROM workers.first_looks f
      WHERE f.account_id IN ('', @account_id)
        AND (f.until IS NULL OR f.until > now())
        AND f.since > @written_at)
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

-- name: OptOutRecord :execrows
-- A person wants no more messages: for every client whose campaigns on this account
-- have them as a lead, or had them written to. Where there is none, those are meant that wait
-- to write to them. It needs no lead's row, so that nobody who holds one can keep it from
-- being heard.
WITH meant AS (
    SELECT l.campaign_id
    FROM public.leads l
    WHERE (l.provider_id = @person_id::text OR l.linkedin_id = @person_id)
      AND EXISTS (
          SELECT FROM public.scrape_jobs s
          WHERE s.campaign_id = l.campaign_id
            AND s.unipile_account_id = @account_id::text)
    UNION
    SELECT m.campaign_id
    FROM workers.messages m
    WHERE m.account_id = @account_id
      AND m.recipient_id = @person_id
      AND m.state IN ('sending', 'sent', 'unknown')
)
INSERT INTO workers.opt_outs (scope, person_id)
SELECT DISTINCT coalesce(c.client_id, c.id), @person_id
FROM public.campaigns c
WHERE c.id IN (
    SELECT campaign_id FROM meant
    UNION
    SELECT m.campaign_id
    FROM workers.messages m
    WHERE m.account_id = @account_id
      AND m.recipient_id = @person_id
      AND NOT EXISTS (SELECT FROM meant))
ON CONFLICT DO NOTHING;

-- name: OptOutMoveLeads :execrows
-- Ends what the clients that a person wants nothing more of have with them. Leads that gave their
-- address stay what they are.
UPDATE public.leads l
SET status = 'opted_out'
FROM public.campaigns c
WHERE c.id = l.campaign_id
  AND EXISTS (
      SELECT FROM workers.opt_outs x
      WHERE x.scope = coalesce(c.client_id, c.id)
        AND x.person_id = @person_id::text)
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
      WHERE i.account_id = m.account_id AND i.sender_id = m.recipient_id
        AND (i.sent_at > coalesce(m.provider_sent_at, m.provider_claimed_at, m.claimed_at) - interval '2 minutes'
          OR m.provider_sent_at IS NULL AND i.received_at > m.claimed_at))
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
    LIMIT @max_rows
    -- What somebody holds is for the next sweep.
    FOR UPDATE OF l SKIP LOCKED);

-- name: LeadSearch :many
-- Leads by id, member id, profile URL or address, newest first.
SELECT
    l.id,
    coalesce(l.name, '')::text AS name,
    coalesce(l.status, 'comment_detected')::text AS status,
    coalesce(c.name, '')::text AS campaign,
    l.created_at
FROM public.leads l
LEFT JOIN public.campaigns c ON c.id = l.campaign_id
WHERE l.id::text = @wanted::text
   OR l.provider_id = @wanted
   OR l.linkedin_id = @wanted
   OR lower(l.email) = lower(@wanted)
   OR @slug::text <> '' AND ARRAY[@slug] && ARRAY[
        lower(l.linkedin_id),
        lower(substring(l.linkedin_id FROM '/in/([^/?#]+)')),
        lower(substring(l.linkedin_url FROM '/in/([^/?#]+)')),
        lower(substring(l.linkedin_profile_url FROM '/in/([^/?#]+)'))]
ORDER BY l.created_at DESC
LIMIT 50;

-- name: LeadStory :many
-- Everything that happened with a lead, in order.
SELECT story.at, story.what, story.state, story.why, story.words
FROM (
    SELECT k.seen_at AS at, 'comment' AS what, k.decision AS state, coalesce(k.keyword, '') AS why, k.body AS words
    FROM workers.comments k
    WHERE k.lead_id = @lead_id
    UNION ALL
    SELECT coalesce(m.claimed_at, m.sent_at, m.created_at), m.purpose, m.state, concat_ws(' ', m.error_type, m.error_detail), m.body
    FROM workers.messages m
    WHERE m.lead_id = @lead_id
    UNION ALL
    SELECT i.sent_at, 'answer', coalesce(i.result, 'not read yet'), coalesce(i.reason, ''), i.body
    FROM workers.inbox_messages i
    JOIN public.leads l ON l.id = @lead_id
    WHERE i.lead_id = @lead_id OR i.sender_id IN (l.provider_id, l.linkedin_id)
    UNION ALL
    SELECT t.since, 'takeover', 'held', t.reason, ''
    FROM workers.takeovers t
    WHERE t.lead_id = @lead_id
    UNION ALL
    SELECT x.since, 'opt-out', 'for good', 'of this client', ''
    FROM workers.opt_outs x
    JOIN public.leads l ON l.id = @lead_id AND x.person_id IN (l.provider_id, l.linkedin_id)
    JOIN public.campaigns c ON c.id = l.campaign_id AND x.scope = coalesce(c.client_id, c.id)
    UNION ALL
    SELECT coalesce(w.last_attempt_at, w.created_at), 'webhook', coalesce(w.status, 'pending'),
        coalesce(w.error_message, w.response_status::text, ''), w.webhook_url
    FROM public.webhook_logs w
    WHERE w.lead_id = @lead_id) story
ORDER BY story.at, story.what;

-- name: CommentListMissed :many
-- Comments under a campaign's posts that did not trigger, newest first.
SELECT
    k.scrape_job_id,
    k.comment_id,
    coalesce(k.author_id, '')::text AS author_id,
    coalesce(k.author_name, '')::text AS author_name,
    coalesce(k.author_url, '')::text AS author_url,
    k.body,
    k.seen_at,
    k.decision
FROM workers.comments k
JOIN public.scrape_jobs s ON s.id = k.scrape_job_id
WHERE s.campaign_id = @campaign_id
  AND k.decision IN ('no_match', 'excluded')
  AND k.body <> ''
ORDER BY k.id DESC
LIMIT @max_rows;

-- name: ScrapeJobListOfCampaign :many
SELECT s.id
FROM public.scrape_jobs s
WHERE s.campaign_id = @campaign_id
ORDER BY s.created_at, s.id;

-- name: ScrapeJobListClashing :many
-- Pairs of live scrape jobs of different campaigns on one post and account.
SELECT
    a.campaign_id AS campaign_id,
    b.campaign_id AS other_campaign_id,
    ca.name,
    cb.name AS other_name,
    a.unipile_account_id AS account_id,
    a.unipile_post_id AS post_id,
    coalesce(nullif(btrim(a.trigger_word), ''), ca.trigger_word, '')::text AS trigger_words,
    coalesce(nullif(btrim(b.trigger_word), ''), cb.trigger_word, '')::text AS other_trigger_words,
    ca.settings,
    cb.settings AS other_settings
FROM public.scrape_jobs a
JOIN public.scrape_jobs b ON b.unipile_account_id = a.unipile_account_id
    AND b.unipile_post_id = a.unipile_post_id
    AND b.campaign_id > a.campaign_id
JOIN public.campaigns ca ON ca.id = a.campaign_id AND ca.status = 'active'
JOIN public.campaigns cb ON cb.id = b.campaign_id AND cb.status = 'active'
WHERE coalesce(a.status, 'scheduled') IN ('scheduled', 'running')
  AND coalesce(b.status, 'scheduled') IN ('scheduled', 'running')
  AND (cardinality(@ids::uuid[]) = 0 OR a.campaign_id = ANY (@ids) OR b.campaign_id = ANY (@ids))
ORDER BY ca.name, cb.name;
