-- name: RelationAwait :exec
-- Waits for a person to become a connection of the account.
INSERT INTO workers.awaited_relations (account_id, person_id, message_id, lead_id, expires_at)
VALUES (@account_id, @person_id, @message_id, @lead_id, @expires_at)
ON CONFLICT (account_id, person_id, message_id) DO UPDATE
SET since = now(),
    expires_at = excluded.expires_at;

-- name: RelationOldestAwaited :one
-- Since when the account waits for somebody.
SELECT min(since)::timestamptz
FROM workers.awaited_relations
WHERE account_id = @account_id
HAVING count(*) > 0;

-- name: RelationTake :many
-- The relations appeared: they are waited for no longer.
DELETE FROM workers.awaited_relations
WHERE account_id = @account_id
  AND person_id = ANY (@people::text[])
RETURNING person_id, message_id, lead_id;

-- name: RelationTakeExpired :many
DELETE FROM workers.awaited_relations
WHERE (account_id, person_id, message_id) IN (
    SELECT r.account_id, r.person_id, r.message_id
    FROM workers.awaited_relations r
    WHERE r.expires_at <= now()
    ORDER BY r.expires_at
    LIMIT @max_rows)
RETURNING message_id, lead_id;
