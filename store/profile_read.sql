-- name: ProfileReadLock :exec
-- One at a time counts the profile reads of an account, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(@account_id::text, 7166015224));

-- name: ProfileReadSum :one
-- The reads of an account that count against its day, and in how many seconds the oldest
-- of them cease to. An hour counts until all of it has left the day.
SELECT
    coalesce(sum(calls), 0)::integer AS calls,
    extract(epoch FROM coalesce(min(hour), now()) + interval '25 hours' - now())::float8 AS wait_seconds
FROM workers.profile_reads
WHERE account_id = @account_id
  AND hour > now() - interval '25 hours';

-- name: ProfileReadAdd :exec
-- What has left the day is forgotten by the way.
WITH forgotten AS (
    DELETE FROM workers.profile_reads
    WHERE account_id = @account_id
      AND hour < now() - interval '2 days'
)
INSERT INTO workers.profile_reads (account_id, hour, calls)
VALUES (@account_id, date_trunc('hour', now()), 1)
ON CONFLICT (account_id, hour) DO UPDATE
SET calls = profile_reads.calls + 1;
