-- name: MessageAnchor :exec
-- When the provider says that messages of the ledger were sent: what comes after them is
-- told by that, whatever its clock says.
UPDATE workers.messages m
SET provider_sent_at = o.sent_at,
    updated_at = now()
FROM (
    SELECT unnest(@message_ids::text[]) AS id, unnest(@sent_at::timestamptz[]) AS sent_at) o
WHERE m.account_id = @account_id
  AND m.provider_message_id = o.id
  AND m.provider_sent_at IS NULL;

-- name: MessageListNameless :many
-- Messages of an account that only their text tells among those of its chats: the
-- provider gave them no id, or has not answered yet, or the account was linked anew since
-- then. In that case their chat has another id now, too.
SELECT
    m.id,
    m.recipient_id,
    m.chat_id,
    m.body,
    m.state,
    m.claimed_at,
    coalesce(m.claimed_at < a.relinked_at, false)::boolean AS is_of_old_link
FROM workers.messages m
LEFT JOIN workers.accounts a ON a.id = m.account_id
WHERE m.account_id = @account_id
  AND m.provider_message_id IS NULL
  AND m.state IN ('sending', 'sent', 'unknown')
  AND m.purpose <> 'public_reply'
  AND m.claimed_at > @since::timestamptz
  AND (sqlc.narg('until')::timestamptz IS NULL OR m.claimed_at < sqlc.narg('until'))
ORDER BY m.claimed_at DESC
LIMIT 1000;

-- name: MessageAdopt :exec
-- A message that went out without an id was seen in its chat.
UPDATE workers.messages
SET provider_message_id = @provider_message_id::text,
    provider_sent_at = @provider_sent_at,
    updated_at = now()
WHERE id = @id
  AND state = 'sent'
  AND provider_message_id IS NULL;

-- name: MessageClockOffset :one
-- How the times that the provider gives to messages differ from its clock when they were
-- claimed, of the newest that are known of an account. No sample, no figures.
SELECT
    count(*) AS samples,
    coalesce(min(extract(epoch FROM s.provider_sent_at - s.provider_claimed_at)), 0)::float8 AS least_seconds
FROM (
    SELECT m.provider_sent_at, m.provider_claimed_at
    FROM workers.messages m
    WHERE m.account_id = @account_id
      AND m.state = 'sent'
      AND m.provider_sent_at IS NOT NULL
      AND m.provider_claimed_at IS NOT NULL
      AND coalesce(m.sent_at, m.claimed_at) > now() - interval '7 days'
    ORDER BY m.claimed_at DESC
    LIMIT 20) s;

-- name: MessageGetForLook :many
-- A message before which the chat is to be looked into: none where that is off, or a
-- human said to send it.
SELECT
    m.id,
    m.account_id,
    m.purpose,
    m.recipient_id,
    m.chat_id,
    m.body,
    m.post_social_id,
    m.comment_id,
    m.created_at,
    now()::timestamptz AS now
FROM workers.messages m
WHERE m.id = @id
  AND m.state = 'queued'
  AND m.purpose <> 'invitation'
  AND m.doubt IS NULL
  AND (@always::boolean OR EXISTS (
      SELECT FROM workers.first_looks f
      WHERE f.account_id IN ('', m.account_id)
        AND (f.until IS NULL OR f.until > now())))
  AND NOT EXISTS (
      SELECT FROM workers.pauses p
      WHERE p.account_id = m.account_id
        AND p.action = 'everything'
        AND (p.until IS NULL OR p.until > now()));

-- name: MessageRecordFound :execrows
-- A message that was to go out stands in the chat already. By our clock it was sent at
-- the latest now. What the provider's clock said at an earlier claim belongs to that.
UPDATE workers.messages
SET state = 'sent',
    claimed_at = least(@sent_at::timestamptz, now()),
    sent_at = least(@sent_at::timestamptz, now()),
    provider_claimed_at = NULL,
    provider_sent_at = @sent_at,
    chat_id = coalesce(nullif(@chat_id::text, ''), chat_id),
    provider_message_id = nullif(@provider_message_id::text, ''),
    not_before = NULL,
    error_type = NULL,
    error_detail = NULL,
    updated_at = now()
WHERE id = @id
  AND state = 'queued';

-- name: MessageDoubt :execrows
-- Somebody wrote in that chat, perhaps we: a human must say whether this one is to go out.
-- If it was this one, answers count from when that was written, however late it is looked at.
UPDATE workers.messages
SET state = 'unknown',
    doubt = 'own_message',
    claimed_at = coalesce(claimed_at, least(sqlc.narg('written_at')::timestamptz, now())),
    error_type = @error_type::text,
    error_detail = @error_detail::text,
    updated_at = now()
WHERE id = @id
  AND state = 'queued';

-- name: MessageListDoubtful :many
-- What waits for a human to say whether it went out; of one lead, or all.
SELECT
    id,
    account_id,
    lead_id,
    scrape_job_id,
    purpose,
    body,
    claimed_at
FROM workers.messages
WHERE state = 'unknown'
  AND doubt = 'own_message'
  AND (sqlc.narg('lead_id')::uuid IS NULL OR lead_id = sqlc.narg('lead_id'))
ORDER BY claimed_at, id
LIMIT 500;

-- name: MessageSettleSent :execrows
UPDATE workers.messages
SET state = 'sent',
    sent_at = coalesce(sent_at, claimed_at),
    doubt = NULL,
    error_type = NULL,
    error_detail = NULL,
    updated_at = now()
WHERE id = @id
  AND state = 'unknown'
  AND doubt = 'own_message';

-- name: MessageSettleResend :execrows
UPDATE workers.messages
SET state = 'queued',
    doubt = 'resend',
    not_before = NULL,
    error_type = NULL,
    error_detail = NULL,
    updated_at = now()
WHERE id = @id
  AND state = 'unknown'
  AND doubt = 'own_message';

-- name: FirstLookSet :exec
-- Looks before first messages from now on, for so many seconds; zero: until it is ended.
INSERT INTO workers.first_looks (account_id, until)
VALUES (@account_id, CASE WHEN @seconds::float8 > 0 THEN now() + make_interval(secs => @seconds::float8) END)
ON CONFLICT (account_id) DO UPDATE
SET since = excluded.since,
    until = excluded.until;

-- name: FirstLookEnd :execrows
DELETE FROM workers.first_looks
WHERE account_id = @account_id;

-- name: FirstLookList :many
-- What is switched on for an account: by its own name, or for all.
SELECT
    account_id,
    since,
    until
FROM workers.first_looks
WHERE account_id IN ('', @account_id::text)
  AND (until IS NULL OR until > now())
ORDER BY account_id DESC;

-- name: ProviderNow :one
-- The provider's clock now, by the newest claim that knows it; ours where none does.
SELECT coalesce((
    SELECT now() + (m.provider_claimed_at - m.claimed_at)
    FROM workers.messages m
    WHERE m.account_id = @account_id
      AND m.state = 'sent'
      AND m.provider_claimed_at IS NOT NULL
    ORDER BY m.claimed_at DESC
    LIMIT 1), now())::timestamptz AS provider_now;
