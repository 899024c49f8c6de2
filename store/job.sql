-- name: JobListStates :many
SELECT
    id,
    state::text AS state
FROM workers.river_job
WHERE id = ANY (@ids::bigint[]);

-- name: JobListActive :many
-- Which of these rows have a job that waits or runs. A row has one at most.
SELECT
    (args ->> @argument::text)::text AS row_id,
    state::text AS state
FROM workers.river_job
WHERE kind = @kind
  AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
  AND args ->> @argument::text = ANY (@row_ids::text[]);

-- name: JobComplete :exec
-- Ends a running job in the transaction of what it did, as River's JobCompleteTx does:
-- what Work returns is then of no effect.
UPDATE workers.river_job
SET state = 'completed',
    finalized_at = now()
WHERE id = @id
  AND state = 'running';

-- name: JobBringForward :exec
UPDATE workers.river_job
SET scheduled_at = @scheduled_at
WHERE id = @id
  AND state IN ('retryable', 'scheduled')
  AND scheduled_at > @scheduled_at;

-- name: JobHastenInbox :execrows
-- What listens for an account and waits for a time goes on now: its looks into the inbox and at
-- new connections, and the messages that a webhook told.
UPDATE workers.river_job j
SET scheduled_at = now()
WHERE j.state IN ('retryable', 'scheduled')
  AND j.scheduled_at > now()
  AND (j.kind IN ('check_inbox', 'check_relations') AND j.args ->> 'account_id' = @account_id::text
    OR j.kind = 'handle_answer' AND j.args ->> 'inbox_message_id' IN (
        SELECT i.id::text
        FROM workers.inbox_messages i
        WHERE i.account_id = @account_id
          AND i.handled_at IS NULL));
