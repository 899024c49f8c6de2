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
-- Forgets who wrote an old comment that made no lead, and what. The id and the decision
-- stay, or the comment would be counted and decided again.
UPDATE workers.comments
SET body = '',
    author_id = NULL,
    author_name = NULL,
    author_url = NULL
WHERE id = ANY (ARRAY(
    SELECT old.id
    FROM workers.comments old
    WHERE old.decision <> 'lead'
      AND (old.body <> '' OR old.author_id IS NOT NULL OR old.author_name IS NOT NULL OR old.author_url IS NOT NULL)
      AND old.seen_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.seen_at
    LIMIT @max_rows));

-- name: CommentPruneLeads :execrows
-- The same for those that made leads.
UPDATE workers.comments
SET body = '',
    author_id = NULL,
    author_name = NULL,
    author_url = NULL
WHERE id = ANY (ARRAY(
    SELECT old.id
    FROM workers.comments old
    WHERE old.decision = 'lead'
      AND (old.body <> '' OR old.author_id IS NOT NULL OR old.author_name IS NOT NULL OR old.author_url IS NOT NULL)
      AND old.seen_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.seen_at
    LIMIT @max_rows));
