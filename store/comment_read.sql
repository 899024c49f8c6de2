-- name: CommentReadLock :exec
-- One at a time counts the reads of an account, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(@account_id::text, 7166015223));

-- name: CommentReadSum :one
-- The reads of an account that count against its day, and when the oldest of them
-- cease to. An hour counts until all of it has left the day.
SELECT
    coalesce(sum(calls), 0)::integer AS calls,
    coalesce(min(hour), now())::timestamptz AS oldest
FROM workers.comment_reads
WHERE account_id = @account_id
  AND hour > now() - interval '25 hours';

-- name: CommentReadAdd :exec
INSERT INTO workers.comment_reads (account_id, hour, calls)
VALUES (@account_id, date_trunc('hour', now()), 1)
ON CONFLICT (account_id, hour) DO UPDATE
SET calls = comment_reads.calls + 1;

-- name: CommentReadPrune :execrows
DELETE FROM workers.comment_reads
WHERE (account_id, hour) IN (
    SELECT r.account_id, r.hour
    FROM workers.comment_reads r
    WHERE r.hour < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY r.hour
    LIMIT @max_rows);
