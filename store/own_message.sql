-- name: OwnMessageInsert :execrows
-- Notes when the account's owner wrote something, unless it is a message of the
-- ledger: those count already. Of the note of an invitation, which becomes a message
-- when it is accepted, days later, only the text tells. Limits are counted by our clock,
-- so what the provider's puts into the future was written now.
INSERT INTO workers.own_messages (account_id, message_id, sent_at)
SELECT @account_id, @message_id, least(@sent_at::timestamptz, now())
WHERE NOT EXISTS (
      SELECT FROM workers.messages m
      WHERE m.account_id = @account_id
        AND m.provider_message_id = @message_id::text)
  AND NOT EXISTS (
      SELECT FROM workers.messages m
      WHERE m.account_id = @account_id
        AND m.purpose = 'invitation'
        AND m.state IN ('sending', 'sent', 'unknown')
        AND m.body <> '' -- without a note, or it is forgotten by now
        AND btrim(regexp_replace(m.body, '\s+', ' ', 'g')) = btrim(regexp_replace(@body::text, '\s+', ' ', 'g')))
ON CONFLICT (account_id, message_id) DO NOTHING;

-- name: OwnMessageListSince :many
-- Newest first.
SELECT sent_at
FROM workers.own_messages
WHERE account_id = @account_id
  AND sent_at > @since::timestamptz
ORDER BY sent_at DESC
LIMIT @max_rows;

-- name: OwnMessagePrune :execrows
DELETE FROM workers.own_messages
WHERE (account_id, message_id) IN (
    SELECT o.account_id, o.message_id
    FROM workers.own_messages o
    WHERE o.sent_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY o.sent_at
    LIMIT @max_rows);
