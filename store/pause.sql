-- name: PauseSet :exec
-- Pauses an action of an account; a longer pause is never shortened. One without an end
-- keeps its reasons when another comes: what ends one of them must not end the rest.
INSERT INTO workers.pauses (account_id, action, reason, until)
VALUES (@account_id, @action, @reason, @until)
ON CONFLICT (account_id, action) DO UPDATE
SET reason = CASE WHEN pauses.until IS NOT NULL THEN excluded.reason
                  WHEN excluded.until IS NOT NULL THEN pauses.reason
                  WHEN excluded.reason = ANY (string_to_array(pauses.reason, '; ')) THEN pauses.reason
                  ELSE pauses.reason || '; ' || excluded.reason END,
    since = CASE WHEN pauses.until <= now() THEN now() ELSE pauses.since END,
    until = CASE WHEN pauses.until IS NULL OR excluded.until IS NULL THEN NULL
                 ELSE greatest(pauses.until, excluded.until) END;

-- name: PauseListActive :many
SELECT
    account_id,
    action,
    reason,
    since,
    until
FROM workers.pauses
WHERE (sqlc.narg('account_id')::text IS NULL OR account_id = sqlc.narg('account_id'))
  AND (until IS NULL OR until > now())
ORDER BY account_id, action;

-- name: PauseLift :execrows
-- Every pause of an account, or that of one action.
DELETE FROM workers.pauses
WHERE account_id = @account_id
  AND (@action::text = '' OR action = @action);

-- name: PauseCountActive :many
SELECT
    action,
    count(*) AS accounts
FROM workers.pauses
WHERE until IS NULL OR until > now()
GROUP BY action;

-- name: PauseLiftOf :execrows
-- A pause that has these reasons and no other.
DELETE FROM workers.pauses
WHERE account_id = @account_id
  AND action = @action
  AND string_to_array(reason, '; ') <@ @reasons::text[];
