-- name: InboxMessageInsert :one
-- No row is returned for a message that is known. What was written before an account was linked
-- anew comes once more under another id: one that is not handled takes that and its chat's.
WITH adopted AS (
    UPDATE workers.inbox_messages i
    SET message_id = @message_id::text,
        chat_id = @chat_id
    FROM workers.accounts a
    WHERE a.id = @account_id::text
      AND a.relinked_at > @sent_at::timestamptz
      AND i.account_id = a.id
      AND i.sender_id = @sender_id::text
      AND i.sent_at = @sent_at
      AND i.body = @body::text
      AND i.handled_at IS NULL
      AND NOT EXISTS (
          SELECT FROM workers.inbox_messages known
          WHERE known.account_id = a.id AND known.message_id = @message_id)
    RETURNING i.id
)
INSERT INTO workers.inbox_messages (account_id, message_id, chat_id, sender_id, body, sent_at)
SELECT @account_id, @message_id, @chat_id, @sender_id, @body, @sent_at
WHERE NOT EXISTS (SELECT FROM adopted)
  AND NOT EXISTS (
      SELECT FROM workers.inbox_messages twin
      JOIN workers.accounts a ON a.id = twin.account_id AND a.relinked_at > @sent_at
      WHERE twin.account_id = @account_id
        AND twin.sender_id = @sender_id
        AND twin.sent_at = @sent_at
        AND twin.body = @body
        AND twin.handled_at IS NOT NULL
        -- That it stood in ours could not be seen under the old id of the chat.
        AND twin.reason IS DISTINCT FROM 'other_chat')
ON CONFLICT (account_id, message_id) DO NOTHING
RETURNING id;

-- name: InboxMessageListUnhandled :many
-- Oldest first, by when they were written: pages come newest first, and of two
-- answers the first counts. All of an account, or those of one person.
SELECT
    i.id,
    i.chat_id,
    i.sender_id,
    i.body,
    i.sent_at,     -- by the provider's clock
    i.message_id,
    i.received_at,
    (i.received_at > now() - interval '1 hour')::boolean AS is_fresh,
    now()::timestamptz AS now
FROM workers.inbox_messages i
WHERE i.account_id = @account_id
  AND i.handled_at IS NULL
  AND (@sender_id::text = '' OR i.sender_id = @sender_id)
  AND (i.sent_at, i.id) > (@after_sent_at::timestamptz, @after_id::bigint)
ORDER BY i.sent_at, i.id
LIMIT @max_rows;

-- name: InboxMessageSetHandled :execrows
UPDATE workers.inbox_messages
SET handled_at = now(),
    lead_id = @lead_id,
    result = @result,
    reason = nullif(@reason::text, '')
WHERE id = @id
  AND handled_at IS NULL;

-- name: InboxMessageListAround :many
-- What a person wrote right before a message and right after it, oldest first: they
-- may come in any order.
SELECT
    near.body,
    ((near.sent_at, near.id) > (@sent_at::timestamptz, @id::bigint))::boolean AS is_later
FROM (
    (SELECT i.id, i.sent_at, i.body
    FROM workers.inbox_messages i
    WHERE i.account_id = @account_id
      AND i.sender_id = @sender_id
      AND i.chat_id = @chat_id
      AND (i.sent_at, i.id) < (@sent_at, @id)
      AND i.sent_at > @since::timestamptz
    ORDER BY i.sent_at DESC, i.id DESC
    LIMIT 2)
    UNION ALL
    (SELECT i.id, i.sent_at, i.body
    FROM workers.inbox_messages i
    WHERE i.account_id = @account_id
      AND i.sender_id = @sender_id
      AND i.chat_id = @chat_id
      AND (i.sent_at, i.id) > (@sent_at, @id)
    ORDER BY i.sent_at, i.id
    LIMIT 2)) near
ORDER BY near.sent_at, near.id;

-- name: InboxMessageGet :one
SELECT
    account_id,
    sender_id,
    (handled_at IS NOT NULL)::boolean AS is_handled
FROM workers.inbox_messages
WHERE id = @id;

-- name: InboxMessageSettle :execrows
-- Closes those of the messages that nobody waits for any more, such as a "thanks" after
-- the address, or they would be looked at again at every check.
UPDATE workers.inbox_messages i
SET handled_at = now(),
    result = 'not_awaited'
WHERE i.account_id = @account_id
  AND i.id = ANY (@ids::bigint[])
  AND i.handled_at IS NULL
  AND NOT EXISTS (
      SELECT FROM public.leads l
      WHERE (l.provider_id = i.sender_id OR l.linkedin_id = i.sender_id)
        AND (l.status IS NULL OR l.status IN ('comment_detected', 'dm_sent', 'not_connected', 'expired')));

-- name: InboxMessageReopen :execrows
-- A "yes" says nothing while the question it answers is not recorded as sent, such as one
-- that a database which was set back has forgotten. What was read as no address after a
-- question, by the provider's clock, is read once more when that turns out to have gone out.
UPDATE workers.inbox_messages i
SET handled_at = NULL,
    result = NULL,
    reason = NULL,
    lead_id = NULL
FROM workers.messages m
WHERE m.id = @message_id
  AND i.account_id = m.account_id
  AND i.sender_id = m.recipient_id
  AND i.result = 'none'
  AND i.reason = 'no_address'
  AND i.sent_at > coalesce(m.provider_sent_at, m.provider_claimed_at);

-- name: InboxMessagePrune :execrows
DELETE FROM workers.inbox_messages
WHERE id = ANY (ARRAY(
    SELECT old.id
    FROM workers.inbox_messages old
    WHERE old.received_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.received_at
    LIMIT @max_rows));
