-- name: LockPatienceSet :exec
-- How long the statements of this transaction wait for a lock; then they fail with
-- SQLSTATE 55P03.
SELECT set_config('lock_timeout', @milliseconds::text, true);
