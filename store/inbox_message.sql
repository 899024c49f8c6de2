-- name: InboxMessageInsert :one
-- No row is returned for a message that is known.
INSERT INTO workers.inbox_messages (account_id, message_id, chat_id, sender_id, body, sent_at)
VALUES (@account_id, @message_id, @chat_id, @sender_id, @body, @sent_at)
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
    i.sent_at
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

-- name: InboxMessagePrune :execrows
DELETE FROM workers.inbox_messages
WHERE id = ANY (ARRAY(
    SELECT old.id
    FROM workers.inbox_messages old
    WHERE old.received_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.received_at
    LIMIT @max_rows));
