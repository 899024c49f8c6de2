-- name: InboxMessageInsert :execrows
INSERT INTO workers.inbox_messages (account_id, message_id, chat_id, sender_id, body, sent_at)
VALUES (@account_id, @message_id, @chat_id, @sender_id, @body, @sent_at)
ON CONFLICT (account_id, message_id) DO NOTHING;

-- name: InboxMessageListUnhandled :many
-- Oldest first, by when they were written: pages come newest first, and of two
-- answers the first counts. Only of people who were asked: the rest waits until
-- the question is recorded.
SELECT
    i.id,
    i.chat_id,
    i.sender_id,
    i.body,
    i.sent_at
FROM workers.inbox_messages i
WHERE i.account_id = @account_id
  AND i.handled_at IS NULL
  AND (i.sent_at, i.id) > (@after_sent_at::timestamptz, @after_id::bigint)
  AND EXISTS (
      SELECT FROM public.leads l
      WHERE l.status = 'dm_sent'
        AND (l.provider_id = i.sender_id OR l.linkedin_id = i.sender_id))
ORDER BY i.sent_at, i.id
LIMIT @max_rows;

-- name: InboxMessageSetHandled :exec
UPDATE workers.inbox_messages
SET handled_at = now(),
    lead_id = @lead_id,
    result = @result
WHERE id = @id
  AND handled_at IS NULL;

-- name: InboxMessageSettle :execrows
-- Closes messages that nobody waits for any more, such as a "thanks" after the
-- address, or they would be looked at again at every check.
UPDATE workers.inbox_messages i
SET handled_at = now(),
    result = 'not_awaited'
WHERE i.account_id = @account_id
  AND i.handled_at IS NULL
  AND NOT EXISTS (
      SELECT FROM public.leads l
      WHERE (l.provider_id = i.sender_id OR l.linkedin_id = i.sender_id)
        AND (l.status IS NULL OR l.status IN ('comment_detected', 'dm_sent')));

-- name: InboxMessagePrune :execrows
DELETE FROM workers.inbox_messages
WHERE id IN (
    SELECT old.id
    FROM workers.inbox_messages old
    WHERE old.received_at < @before
    ORDER BY old.id
    LIMIT @max_rows);
