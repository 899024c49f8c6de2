-- name: InstanceBeat :one
-- Returns whether this instance has been beating without a gap for long enough to
-- judge others: after an outage of the database everybody was silent.
INSERT INTO workers.instances AS i (id)
VALUES (@id)
ON CONFLICT (id) DO UPDATE
SET beat_at = now(),
    steady_since = CASE WHEN i.beat_at < now() - make_interval(secs => @gap_seconds::float8) THEN now()
                        ELSE i.steady_since END
RETURNING (steady_since <= now() - make_interval(secs => @silent_seconds::float8))::boolean AS steady;

-- name: InstanceDelete :exec
DELETE FROM workers.instances
WHERE id = @id;

-- name: InstanceDeleteDead :many
-- Takes the dead out of the list; only who deleted a row looks after its jobs.
DELETE FROM workers.instances
WHERE beat_at < now() - make_interval(secs => @silent_seconds::float8)
RETURNING id;

-- name: JobReleaseOf :execrows
-- Puts back what a dead instance was running. The attempt stays spent; a job that
-- has none left may be what kills the workers, and is left to River to discard.
UPDATE workers.river_job
SET state = 'available',
    scheduled_at = now()
WHERE state = 'running'
  AND attempt < max_attempts
  AND attempted_by[array_upper(attempted_by, 1)] = @instance_id::text;

-- name: LeaderReleaseOf :execrows
-- Without this the lease of a dead leader blocks retries and periodic jobs for 15
-- to 20 seconds.
DELETE FROM workers.river_leader
WHERE leader_id = @instance_id::text;
