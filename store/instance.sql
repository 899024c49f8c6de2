-- name: InstanceInsert :exec
INSERT INTO workers.instances (id)
VALUES (@id)
ON CONFLICT (id) DO NOTHING;

-- name: InstanceBeat :one
-- Returns whether this instance has been beating without a gap for long enough to
-- judge others: after an outage of the database everybody was silent, and the database's
-- time. No row: it was taken for dead.
UPDATE workers.instances
SET beat_at = now(),
    steady_since = CASE WHEN beat_at < now() - make_interval(secs => @gap_seconds::float8) THEN now()
                        ELSE steady_since END
WHERE id = @id
RETURNING
    (steady_since <= now() - make_interval(secs => @silent_seconds::float8))::boolean AS steady,
    clock_timestamp()::timestamptz AS told;

-- name: InstanceDelete :exec
DELETE FROM workers.instances
WHERE id = @id;

-- name: InstanceDeleteDead :many
-- Takes the dead out of the list; only who deleted a row looks after its jobs. One
-- that another frozen process holds is left for the next beat.
DELETE FROM workers.instances
WHERE id IN (
    SELECT d.id
    FROM workers.instances d
    WHERE d.beat_at < now() - make_interval(secs => @silent_seconds::float8)
    FOR UPDATE SKIP LOCKED)
RETURNING id;

-- name: SessionTerminateOf :one
-- Ends the connections of a dead instance. Where it is frozen or cut off they are
-- still open, and the rows that it was about to change stay locked.
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))
FROM pg_stat_activity
WHERE application_name = @application::text
  AND datname = current_database()
  AND usename = current_user;

-- name: JobReleaseOf :execrows
-- Puts back what a dead instance was running. The attempt stays spent. A job that has
-- none left may be what kills the workers: it is discarded, and at once, since it is
-- unique and no other can be made for its row as long as it stands.
UPDATE workers.river_job
SET state = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END::workers.river_job_state,
    finalized_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
    scheduled_at = now(),
    errors = array_append(errors, jsonb_build_object(
        'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'attempt', attempt,
        'error', 'the worker that ran it died or was cut off', 'trace', ''))
WHERE state = 'running'
  AND attempted_by[array_upper(attempted_by, 1)] = @instance_id::text;

-- name: JobReleaseStrays :execrows
-- Puts back what runs for somebody who is not in the list of the living.
UPDATE workers.river_job
SET state = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END::workers.river_job_state,
    finalized_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
    scheduled_at = now(),
    errors = array_append(errors, jsonb_build_object(
        'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'attempt', attempt,
        'error', 'the worker that ran it died or was cut off', 'trace', ''))
WHERE state = 'running'
  AND attempted_at < now() - make_interval(secs => @silent_seconds::float8)
  AND NOT EXISTS (
      SELECT FROM workers.instances i
      WHERE i.id = attempted_by[array_upper(attempted_by, 1)]);

-- name: JobReleaseOverdue :execrows
-- Puts back what runs for longer than any job may, although its worker lives. By the
-- database's clock: River's rescuer would judge by that of the machine that leads.
UPDATE workers.river_job
SET state = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END::workers.river_job_state,
    finalized_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
    scheduled_at = now(),
    errors = array_append(errors, jsonb_build_object(
        'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'attempt', attempt,
        'error', 'it ran for longer than any job may', 'trace', ''))
WHERE id IN (
    SELECT j.id
    FROM workers.river_job j
    WHERE j.state = 'running'
      AND j.attempted_at < now() - make_interval(secs => @rescue_after_seconds::float8)
    FOR UPDATE SKIP LOCKED);

-- name: QueueListOverdue :many
-- The queues in which a job that could run has waited for so long. What somebody paused
-- waits on purpose. Jobs of this product all have the first priority.
SELECT q.name
FROM workers.river_queue q
WHERE q.paused_at IS NULL
  AND EXISTS (
      SELECT FROM workers.river_job j
      WHERE j.state = 'available'
        AND j.queue = q.name
        AND j.priority = 1
        AND j.scheduled_at < now() - make_interval(secs => @overdue_seconds::float8))
ORDER BY q.name;

-- name: LeaderReleaseOf :execrows
-- Without this the lease of a dead leader blocks retries and periodic jobs for 15
-- to 20 seconds. Tells the others as River's own leaders do when they resign.
WITH released AS (
    DELETE FROM workers.river_leader
    WHERE leader_id = @instance_id::text
    RETURNING leader_id
)
SELECT pg_notify('workers.river_leadership',
                 json_build_object('leader_id', leader_id, 'action', 'resigned')::text)
FROM released;
