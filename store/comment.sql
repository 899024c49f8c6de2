-- name: CommentListKnown :many
SELECT
    comment_id,
    seen_at
FROM workers.comments
WHERE scrape_job_id = @scrape_job_id
  AND comment_id = ANY (@comment_ids::text[]);

-- name: CommentInsert :execrows
INSERT INTO workers.comments (
    scrape_job_id, comment_id, author_id, author_name, author_url,
    body, commented_at, decision, keyword, lead_id
)
VALUES (
    @scrape_job_id, @comment_id, @author_id, @author_name, @author_url,
    @body, @commented_at, @decision, @keyword, @lead_id
)
ON CONFLICT (scrape_job_id, comment_id) DO NOTHING;

-- name: CommentPrune :execrows
-- Forgets who wrote an old comment that made no lead, and what. The id stays, or
-- the comment would be counted again. In steps, never one long transaction.
UPDATE workers.comments
SET body = '',
    author_id = NULL,
    author_name = NULL,
    author_url = NULL
WHERE id IN (
    SELECT old.id
    FROM workers.comments old
    WHERE old.decision IN ('no_match', 'excluded', 'blocked', 'company', 'post_author', 'no_author')
      AND (old.body <> '' OR old.author_id IS NOT NULL)
      AND old.seen_at < @before
    ORDER BY old.seen_at
    LIMIT @max_rows);
