-- name: WatchedPostGet :one
SELECT
    scrape_job_id,
    asked_for,
    social_id,
    author_id,
    scan_cursor,
    scan_started_at
FROM workers.watched_posts
WHERE scrape_job_id = @scrape_job_id;

-- name: WatchedPostUpsert :exec
-- A post that was corrected is scanned anew.
INSERT INTO workers.watched_posts (scrape_job_id, asked_for, social_id, author_id)
VALUES (@scrape_job_id, @asked_for, @social_id, @author_id)
ON CONFLICT (scrape_job_id) DO UPDATE
SET asked_for = excluded.asked_for,
    social_id = excluded.social_id,
    author_id = excluded.author_id,
    scan_cursor = NULL,
    scan_started_at = NULL,
    updated_at = now();

-- name: WatchedPostSetScan :exec
UPDATE workers.watched_posts
SET scan_cursor = @scan_cursor,
    scan_started_at = @scan_started_at,
    updated_at = now()
WHERE scrape_job_id = @scrape_job_id;
