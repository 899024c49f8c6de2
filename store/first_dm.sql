-- Whose comment it is: an account answers a comment once. The key messages_answer_once
-- refuses a second first message while one waits, is under way, in doubt or sent; these
-- queries say who may queue it. docs/decisions/0018 has the rule in words.

-- name: PageLock :exec
-- Takes these locks in their order, until the transaction ends. Two pages that may touch
-- the same row name the same lock: of the campaign, whose leads and messages they write, or
-- of the account, whose comments they answer. The names of scrape jobs are bare ids.
SELECT pg_advisory_xact_lock(hashtextextended(k.name, 7166015222))
FROM unnest(@names::text[]) WITH ORDINALITY AS k (name, place)
ORDER BY k.place;

-- name: MessageAsksAlready :one
-- Whether a comment belongs to another campaign: its message went out, may have, waits,
-- or waits until the person is a connection. So does one whose address brought the link
-- at once. One that waits in a campaign that is completed, over or gone keeps nobody from
-- being answered.
SELECT (EXISTS (
    SELECT FROM workers.messages m
    LEFT JOIN public.campaigns c ON c.id = m.campaign_id
    WHERE m.account_id = @account_id
      AND m.recipient_id = @recipient_id
      AND m.comment_id = @comment_id::text
      AND m.purpose IN ('first_dm', 'backup_link')
      AND m.duplicate_of IS NULL
      AND m.state IN ('queued', 'sending', 'sent', 'unknown')
      AND m.campaign_id <> @campaign_id
      AND (m.state <> 'queued' OR NOT coalesce(c.status = 'completed' OR c.ends_at <= now(), c.id IS NULL)))
  OR EXISTS (
    SELECT FROM workers.awaited_relations r
    JOIN workers.messages m ON m.id = r.message_id
    WHERE r.account_id = @account_id
      AND r.person_id = @recipient_id
      AND m.comment_id = @comment_id::text
      AND m.state = 'failed'
      AND m.campaign_id <> @campaign_id))::boolean;

-- name: MessageGiveWay :execrows
-- Skips the message that waits for a comment in a campaign that is completed, over or gone,
-- so that the campaign which reads the comment now can answer it.
UPDATE workers.messages m
SET state = 'skipped',
    error_type = 'other_campaign',
    updated_at = now()
WHERE m.account_id = @account_id
  AND m.recipient_id = @recipient_id
  AND m.comment_id = @comment_id::text
  AND m.purpose = 'first_dm'
  AND m.state = 'queued'
  AND m.campaign_id <> @campaign_id
  AND NOT EXISTS (
      SELECT FROM public.campaigns c
      WHERE c.id = m.campaign_id
        AND coalesce(c.status, 'draft') <> 'completed'
        AND (c.ends_at IS NULL OR c.ends_at > now()));

-- name: MessageIsThere :one
-- Whether a campaign has queued a person's first message, whatever became of it.
SELECT EXISTS (
    SELECT FROM workers.messages
    WHERE campaign_id = @campaign_id
      AND recipient_id = @recipient_id
      AND purpose = 'first_dm');

-- name: LeadDelete :exec
-- Takes back a lead that was made in this transaction.
DELETE FROM public.leads
WHERE id = @id;

-- name: MessageReopen :execrows
-- The person became a connection: the first message may go out after all, unless another
-- campaign's goes out for the same comment.
UPDATE workers.messages m
SET state = CASE WHEN taken.by_other THEN 'skipped' ELSE 'queued' END,
    distance = 'first',
    not_before = @not_before,
    error_type = CASE WHEN taken.by_other THEN 'other_campaign' END,
    error_detail = NULL,
    updated_at = now()
FROM (SELECT EXISTS (
    SELECT FROM workers.messages f
    JOIN workers.messages o ON o.account_id = f.account_id
        AND o.recipient_id = f.recipient_id
        AND o.comment_id = f.comment_id
    WHERE f.id = @id
      AND o.id <> f.id
      AND o.purpose = 'first_dm'
      AND o.duplicate_of IS NULL
      AND o.state IN ('queued', 'sending', 'sent', 'unknown')) AS by_other) taken
WHERE m.id = @id
  AND m.state = 'failed';
