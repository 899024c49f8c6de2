-- name: MessageInsert :one
-- Queues a message. A second one of the purpose to that person is refused by a unique key,
-- as is a second first message for a comment, and no row is returned.
INSERT INTO workers.messages (
    account_id, campaign_id, scrape_job_id, lead_id, purpose, recipient_id, recipient_slug, chat_id, body,
    post_social_id, comment_id, distance
)
VALUES (
    @account_id, @campaign_id, @scrape_job_id, @lead_id, @purpose, @recipient_id, @recipient_slug, @chat_id, @body,
    @post_social_id, @comment_id, @distance
)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: MessageLock :one
-- Everything that decides whether a message may go out now.
SELECT
    m.id,
    m.account_id,
    m.campaign_id,
    m.scrape_job_id,
    m.lead_id,
    m.purpose,
    m.recipient_id,
    m.chat_id,
    m.body,
    m.post_social_id,
    m.comment_id,
    m.distance,
    m.state,
    m.not_before,
    m.attempts,
    m.claim,
    m.claimed_at,
    m.provider_claimed_at,
    m.doubt,
    (m.claimed_by IS NOT NULL
        AND NOT EXISTS (SELECT FROM workers.instances i WHERE i.id = m.claimed_by))::boolean AS claimer_gone,
    -- Its campaign rests, or a human writes with that person.
    (coalesce(c.status IN ('paused', 'completed') OR c.ends_at <= now(), c.id IS NULL)
        OR EXISTS (SELECT FROM workers.takeovers t WHERE t.lead_id = m.lead_id))::boolean AS rests,
    EXISTS (
        SELECT FROM workers.pauses p
        WHERE p.account_id = m.account_id
          AND p.action = 'everything'
          AND (p.until IS NULL OR p.until > now()))::boolean AS account_stopped,
    now()::timestamptz AS now
FROM workers.messages m
LEFT JOIN public.campaigns c ON c.id = m.campaign_id
WHERE m.id = @id
FOR UPDATE OF m;

-- name: MessageClaim :exec
UPDATE workers.messages
SET state = 'sending',
    claim = @claim,
    claimed_by = nullif(@claimed_by::text, ''),
    claimed_at = now(),
    provider_claimed_at = sqlc.narg('provider_now'),
    doubt = NULL,
    not_before = NULL,
    attempts = attempts + 1,
    updated_at = now()
WHERE id = @id;

-- name: MessageRecordSent :execrows
-- Only the holder of the claim may record; whoever lost it finds zero rows.
UPDATE workers.messages
SET state = 'sent',
    sent_at = coalesce(sqlc.narg('sent_at'), now()),
    chat_id = coalesce(nullif(@chat_id::text, ''), chat_id),
    provider_message_id = nullif(@provider_message_id::text, ''),
    provider_sent_at = coalesce(sqlc.narg('provider_sent_at'), provider_sent_at),
    doubt = NULL,
    error_type = NULL,
    error_detail = NULL,
    updated_at = now()
WHERE id = @id
  AND claim = @claim
  AND state IN ('sending', 'unknown');

-- name: MessageRecordOutcome :execrows
UPDATE workers.messages
SET state = @state,
    not_before = @not_before,
    -- What stops the account, or came before the call, is no try of this message.
    attempts = attempts - CASE WHEN @costs_nothing::boolean THEN 1 ELSE 0 END,
    -- A chat that is gone is not written to again, nor is it looked for.
    chat_id = CASE WHEN @chat_is_gone::boolean THEN NULL ELSE chat_id END,
    distance = CASE WHEN @chat_is_gone::boolean THEN NULL ELSE distance END,
    doubt = sqlc.narg('doubt'),
    error_type = nullif(@error_type::text, ''),
    error_detail = nullif(@error_detail::text, ''),
    updated_at = now()
WHERE id = @id
  AND claim = @claim
  AND state IN ('sending', 'unknown');

-- name: MessageAsk :execrows
-- Queues a second question or a follow-up, or words one anew that has not gone out.
INSERT INTO workers.messages (
    account_id, campaign_id, scrape_job_id, lead_id, purpose, recipient_id, chat_id, body, suggestion, not_before
)
VALUES (
    @account_id, @campaign_id, @scrape_job_id, @lead_id, @purpose, @recipient_id, @chat_id, @body, @suggestion, @not_before
)
ON CONFLICT (campaign_id, recipient_id, purpose) DO UPDATE
SET body = excluded.body,
    suggestion = excluded.suggestion,
    not_before = excluded.not_before,
    updated_at = now()
WHERE messages.state = 'queued';

-- name: MessageSkipUnwanted :execrows
-- Skips the queued messages in a range of ids that must not go out any more: of all
-- accounts, since asked of each in turn it would read every lead for every account. An
-- opt-out is heard for every campaign of the client.
UPDATE workers.messages m
SET state = 'skipped',
    error_type = u.reason,
    updated_at = now()
FROM (
    SELECT
        q.id,
        CASE
            WHEN l.id IS NULL THEN 'lead_deleted'
            WHEN c.id IS NULL THEN 'campaign_deleted'
            WHEN q.duplicate_of IS NOT NULL THEN 'other_campaign'
            WHEN q.body = '' AND q.purpose <> 'invitation' THEN 'text_forgotten'
            WHEN l.status = 'opted_out' THEN 'opted_out'
            WHEN q.purpose = 'first_dm' AND coalesce(l.status, 'comment_detected') <> 'comment_detected' THEN 'already_contacted'
            WHEN q.purpose = 'backup_link' AND coalesce(l.status, '') <> ALL (@with_email::text[]) THEN 'no_email'
            WHEN q.purpose IN ('public_reply', 'invitation') AND coalesce(l.status, '') <> 'not_connected' THEN 'reached_otherwise'
            WHEN q.purpose IN ('second_question', 'third_question') AND coalesce(l.status, '') NOT IN ('dm_sent', 'not_connected', 'expired') THEN 'answered'
            WHEN q.purpose = 'follow_up' AND (coalesce(l.status, '') <> 'dm_sent' OR EXISTS (
                SELECT FROM workers.inbox_messages i
                WHERE i.account_id = q.account_id AND i.sender_id = q.recipient_id AND i.received_at >= q.created_at)) THEN 'answered'
            WHEN EXISTS (
                SELECT FROM workers.opt_outs x
                WHERE x.scope = coalesce(c.client_id, c.id) AND x.person_id = q.recipient_id) THEN 'opted_out'
            WHEN EXISTS (
                SELECT
                FROM public.leads o
                JOIN public.campaigns oc ON oc.id = o.campaign_id
                WHERE oc.client_id = c.client_id
                  AND o.status = 'opted_out'
                  AND (o.provider_id = q.recipient_id OR o.linkedin_id = q.recipient_id)) THEN 'opted_out'
        END AS reason
    FROM workers.messages q
    LEFT JOIN public.leads l ON l.id = q.lead_id
    LEFT JOIN public.campaigns c ON c.id = q.campaign_id
    WHERE q.state = 'queued'
      AND q.id BETWEEN @first_id AND @last_id) u
WHERE m.id = u.id
  AND m.state = 'queued'
  AND u.reason IS NOT NULL;

-- name: MessagePostpone :exec
-- What is to be found out about a queued message cannot be found out now.
UPDATE workers.messages
SET not_before = @not_before,
    updated_at = now()
WHERE id = @id
  AND state = 'queued';

-- name: MessageForgetDistance :exec
-- Whether the person is a connection is not known after all.
UPDATE workers.messages
SET distance = NULL,
    updated_at = now()
WHERE id = @id;

-- name: MessageConnect :exec
-- These people are connections now: what waits for them may go out.
UPDATE workers.messages
SET distance = 'first',
    not_before = greatest(not_before, @not_before::timestamptz),
    updated_at = now()
WHERE account_id = @account_id
  AND recipient_id = ANY (@people::text[])
  AND purpose = 'first_dm'
  AND state = 'queued'
  AND distance IN ('second', 'third', 'out_of_network');

-- name: MessageSetChat :exec
UPDATE workers.messages
SET chat_id = @chat_id,
    updated_at = now()
WHERE id = @id;

-- name: MessageListWrites :many
-- When this account wrote messages of these purposes, and for which post, newest
-- first. A message in doubt counts: it may have gone out.
SELECT
    coalesce(sent_at, claimed_at)::timestamptz AS written_at,
    coalesce(scrape_job_id::text, '')::text AS source
FROM workers.messages
WHERE account_id = @account_id
  AND purpose = ANY (@purposes::text[])
  AND state IN ('sending', 'sent', 'unknown')
  AND coalesce(sent_at, claimed_at) > @since::timestamptz
ORDER BY coalesce(sent_at, claimed_at) DESC
LIMIT @max_rows;

-- name: MessageAnswerWaits :one
-- Whether a message to somebody who wrote could go out now.
SELECT EXISTS (
    SELECT FROM workers.messages m
    LEFT JOIN public.campaigns c ON c.id = m.campaign_id
    WHERE m.account_id = @account_id
      AND m.state = 'queued'
      AND m.purpose = ANY (@purposes::text[])
      AND (m.not_before IS NULL OR m.not_before <= now())
      AND NOT coalesce(c.status IN ('paused', 'completed') OR c.ends_at <= now(), c.id IS NULL)
      AND NOT EXISTS (SELECT FROM workers.takeovers t WHERE t.lead_id = m.lead_id));

-- name: MessageListAccountsOpen :many
SELECT DISTINCT account_id
FROM workers.messages
WHERE state IN ('queued', 'sending', 'unknown')
  AND doubt IS DISTINCT FROM 'own_message';

-- name: MessageListOpen :many
-- The open messages of an account that may have their turn until a time, of each
-- post and purpose only the oldest. late_job: its job waits for longer than that.
SELECT
    o.id,
    o.purpose,
    o.source,
    o.state,
    o.not_before,
    o.is_to_stranger,
    (o.id::text IN (
        SELECT j.args ->> 'message_id'
        FROM workers.river_job j
        WHERE j.kind = 'send_dm'
          AND j.args ->> 'message_id' IS NOT NULL
          AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')))::boolean AS has_job,
    (o.id::text IN (
        SELECT j.args ->> 'message_id'
        FROM workers.river_job j
        WHERE j.kind = 'send_dm'
          AND j.args ->> 'message_id' IS NOT NULL
          AND j.state IN ('retryable', 'scheduled')
          AND j.scheduled_at > now() + interval '1 second'))::boolean AS job_waits
FROM (
    SELECT
        m.id,
        m.purpose,
        coalesce(m.scrape_job_id::text, '')::text AS source,
        m.state,
        m.not_before,
        -- Nothing is said of connections now and then, so that unknown means to try.
        (m.purpose IN ('first_dm', 'backup_link') AND m.chat_id IS NULL
            AND coalesce(m.distance IN ('second', 'third', 'out_of_network'), false))::boolean AS is_to_stranger,
        row_number() OVER (PARTITION BY m.state = 'queued', m.purpose, m.scrape_job_id ORDER BY m.id) AS place
    FROM workers.messages m
    LEFT JOIN public.campaigns c ON c.id = m.campaign_id
    WHERE m.account_id = @account_id
      AND m.state IN ('queued', 'sending', 'unknown')
      AND m.doubt IS DISTINCT FROM 'own_message'
      AND (m.not_before IS NULL OR m.not_before <= @until::timestamptz)
      AND (m.state <> 'queued' OR NOT coalesce(c.status IN ('paused', 'completed') OR c.ends_at <= now(), c.id IS NULL) AND NOT EXISTS (SELECT FROM workers.takeovers t WHERE t.lead_id = m.lead_id))) o
WHERE o.place <= @per_source::integer
ORDER BY o.id;

-- name: MessageListWaiting :many
-- Every queued message of an account, to tell when each will have its turn.
SELECT
    m.id,
    m.purpose,
    coalesce(m.scrape_job_id::text, '')::text AS source,
    m.not_before,
    m.lead_id,
    m.campaign_id,
    m.created_at,
    coalesce(c.status IN ('paused', 'completed') OR c.ends_at <= now(), c.id IS NULL)::boolean AS campaign_rests,
    EXISTS (SELECT FROM workers.takeovers t WHERE t.lead_id = m.lead_id)::boolean AS is_held
FROM workers.messages m
LEFT JOIN public.campaigns c ON c.id = m.campaign_id
WHERE m.account_id = @account_id
  AND m.state = 'queued'
ORDER BY m.id;

-- name: MessageGetForSend :one
-- What is looked at before a message is claimed.
SELECT
    account_id,
    purpose,
    recipient_id,
    (state = 'queued' AND purpose IN ('first_dm', 'backup_link') AND chat_id IS NULL
        AND coalesce(distance IN ('second', 'third', 'out_of_network'), false))::boolean AS is_to_stranger,
    created_at,
    now()::timestamptz AS now,
    EXISTS (
        SELECT FROM workers.pauses p
        WHERE p.account_id = messages.account_id
          AND p.action = 'everything'
          AND (p.until IS NULL OR p.until > now()))::boolean AS account_stopped
FROM workers.messages
WHERE id = @id;

-- name: MessageFailUnsent :execrows
-- Settles a queued message that was not tried, since it could not succeed.
UPDATE workers.messages
SET state = 'failed',
    error_type = @error_type::text,
    updated_at = now()
WHERE id = @id
  AND state = 'queued';

-- name: MessageIsKnown :one
-- Whether a message at the provider is another one of the ledger.
SELECT EXISTS (
    SELECT FROM workers.messages m
    WHERE m.account_id = @account_id
      AND m.provider_message_id = @provider_message_id::text
      AND m.id <> @id);

-- name: MessageTake :exec
-- Takes over a message whose outcome is not known, to look it up. The time of
-- the claim stays: it says since when our text may be in the chat.
UPDATE workers.messages
SET state = 'unknown',
    claim = @claim,
    updated_at = now()
WHERE id = @id;

-- name: MessageCountOpen :many
SELECT
    state,
    count(*) AS messages
FROM workers.messages
WHERE state IN ('queued', 'sending', 'unknown')
GROUP BY state;

-- name: MessageSetLeadBehind :exec
-- Whether a sent message's lead is still to be moved on: it was locked.
UPDATE workers.messages
SET lead_behind = @lead_behind,
    updated_at = now()
WHERE id = @id;

-- name: MessageListLeadsBehind :many
SELECT id, lead_id, scrape_job_id
FROM workers.messages
WHERE lead_behind
ORDER BY id
LIMIT @max_rows;

-- name: MessagePrune :execrows
-- Forgets what old messages said, and the public name that one was compared by. The row
-- stays, with the person's id: it is what keeps
-- them from being written to twice. What is not settled, or goes out when its person
-- becomes a connection, is kept whole.
UPDATE workers.messages m
SET body = '',
    suggestion = NULL,
    recipient_slug = NULL
WHERE m.state IN ('sent', 'failed', 'skipped')
  AND m.id = ANY (ARRAY(
    SELECT old.id
    FROM workers.messages old
    WHERE old.state IN ('sent', 'failed', 'skipped')
      AND (old.body <> '' OR old.suggestion IS NOT NULL)
      AND old.updated_at < now() - make_interval(secs => @age_seconds::float8)
      AND NOT EXISTS (
          SELECT FROM workers.awaited_relations r
          WHERE r.account_id = old.account_id
            AND r.person_id = old.recipient_id
            AND r.message_id = old.id)
    ORDER BY old.updated_at
    LIMIT @max_rows));
