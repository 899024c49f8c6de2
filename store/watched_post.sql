-- name: WatchedPostGet :one
SELECT
    scrape_job_id,
    asked_for,
    social_id,
    author_id,
    scan_cursor,
    scan_started_at,
    published_at,
    first_read_at,
    moved_at
FROM workers.watched_posts
WHERE scrape_job_id = @scrape_job_id;

-- name: WatchedPostUpsert :exec
-- A post that was corrected is scanned anew.
INSERT INTO workers.watched_posts (scrape_job_id, asked_for, social_id, author_id, published_at)
VALUES (@scrape_job_id, @asked_for, @social_id, @author_id, @published_at)
ON CONFLICT (scrape_job_id) DO UPDATE
SET asked_for = excluded.asked_for,
    social_id = excluded.social_id,
    author_id = excluded.author_id,
    published_at = excluded.published_at,
    first_read_at = now(),
    moved_at = NULL,
    scan_cursor = NULL,
    scan_started_at = NULL,
    scan_starts_over = false,
    updated_at = now();

-- name: WatchedPostSetScan :exec
UPDATE workers.watched_posts
SET scan_cursor = @scan_cursor,
    scan_started_at = @scan_started_at,
    updated_at = now()
WHERE scrape_job_id = @scrape_job_id;

-- name: WatchedPostRead :exec
-- A poll read a page of the post.
UPDATE workers.watched_posts
SET not_found = 0,
    moved_at = CASE WHEN @moved::boolean THEN now() ELSE moved_at END,
    updated_at = now()
WHERE scrape_job_id = @scrape_job_id;

-- name: WatchedPostMiss :one
-- Counts the polls in a row that did not find the post.
INSERT INTO workers.watched_posts (scrape_job_id, asked_for, social_id, not_found)
VALUES (@scrape_job_id, @asked_for, '', 1)
ON CONFLICT (scrape_job_id) DO UPDATE
SET not_found = watched_posts.not_found + 1,
    updated_at = now()
RETURNING not_found;

-- name: WatchedPostTakeHead :one
-- Whether it is the newest page's turn, and that the next poll it is the scan's.
UPDATE workers.watched_posts
SET head_next = NOT head_next
WHERE scrape_job_id = @scrape_job_id
RETURNING (NOT head_next)::boolean AS is_turn;

-- name: WatchedPostStartOver :exec
-- A comment of this scan could not be decided about: it must not count as seen.
UPDATE workers.watched_posts
SET scan_starts_over = true,
    updated_at = now()
WHERE scrape_job_id = @scrape_job_id;

-- name: WatchedPostEndScan :exec
-- The scan is complete; or it begins again where a comment was left out, as the same scan, so that
-- the pages which it has stored meanwhile do not end it.
UPDATE workers.watched_posts
SET scan_cursor = NULL,
    scan_started_at = CASE WHEN scan_starts_over THEN scan_started_at END,
    scan_starts_over = false,
    updated_at = now()
WHERE scrape_job_id = @scrape_job_id;
