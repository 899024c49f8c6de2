-- What moves when the provider gives a linked account another id. All of it runs in one
-- transaction, messages first, as a claim takes its locks.

-- name: RelinkLockMessages :one
-- Holds the messages of an account that may be claimed, and counts those that somebody may be
-- sending this moment.
SELECT count(*) FILTER (WHERE open.in_flight)
FROM (
    SELECT coalesce(m.state = 'sending'
        AND m.claimed_at > now() - make_interval(secs => @send_seconds::float8)
        AND (m.claimed_by IS NULL OR EXISTS (SELECT FROM workers.instances i WHERE i.id = m.claimed_by)), false) AS in_flight
    FROM workers.messages m
    WHERE m.account_id = @from_id
      AND m.state IN ('queued', 'sending', 'unknown')
    ORDER BY m.id
    FOR UPDATE) open;

-- name: RelinkMarkTwins :one
-- Both ids may have answered a comment, for a campaign each: the key messages_answer_once lets
-- one account have one such message. As in migration 00011, the one that went the furthest stays,
-- else that of the new id. Others that wait are skipped, and what cannot be taken back is marked.
WITH ranked AS (
    SELECT
        t.id,
        first_value(t.id) OVER place AS keeps,
        row_number() OVER place AS number
    FROM workers.messages t
    WHERE t.account_id IN (@from_id, @to_id)
      AND t.purpose = 'first_dm'
      AND t.comment_id IS NOT NULL
      AND t.duplicate_of IS NULL
      AND t.state IN ('queued', 'sending', 'sent', 'unknown')
    WINDOW place AS (
        PARTITION BY t.recipient_id, t.comment_id
        ORDER BY array_position(ARRAY['sent', 'sending', 'unknown', 'queued'], t.state), (t.account_id = @to_id) DESC, t.id)
), marked AS (
    UPDATE workers.messages m
    SET duplicate_of = r.keeps,
        state = CASE WHEN m.state = 'queued' THEN 'skipped' ELSE m.state END,
        error_type = CASE WHEN m.state = 'queued' THEN 'other_campaign' ELSE m.error_type END,
        updated_at = now()
    FROM ranked r
    WHERE r.id = m.id
      AND r.number > 1
    RETURNING m.state
)
SELECT count(*) FILTER (WHERE state = 'skipped') AS skipped
FROM marked;

-- name: RelinkMessages :one
-- The ledger, and with it what the account has spent of its limits. Ids of chats and messages are
-- of the old link: what is yet to be sent finds its chat anew. Of what is in doubt the new link
-- may not have synchronised the chat, so it rests for an hour.
WITH moved AS (
    UPDATE workers.messages
    SET account_id = @to_id,
        state = CASE WHEN state = 'sending' THEN 'unknown' ELSE state END,
        not_before = CASE WHEN state IN ('sending', 'unknown') THEN greatest(not_before, now() + interval '1 hour') ELSE not_before END,
        chat_id = CASE WHEN state IN ('queued', 'sending', 'unknown') THEN NULL ELSE chat_id END,
        provider_message_id = CASE WHEN purpose IN ('public_reply', 'invitation') THEN provider_message_id END,
        updated_at = now()
    WHERE account_id = @from_id
    RETURNING state
)
SELECT
    count(*) AS messages,
    count(*) FILTER (WHERE state = 'queued') AS waiting
FROM moved;

-- name: RelinkSettleTwins :exec
-- Answers that were read under both ids are handled where one of them is.
UPDATE workers.inbox_messages n
SET handled_at = o.handled_at,
    lead_id = o.lead_id,
    result = o.result,
    reason = o.reason
FROM workers.inbox_messages o
WHERE o.account_id = @from_id
  AND n.account_id = @to_id
  AND n.sender_id = o.sender_id
  AND n.sent_at = o.sent_at
  AND n.body = o.body
  AND n.handled_at IS NULL
  AND o.handled_at IS NOT NULL;

-- name: RelinkDropTwins :exec
DELETE FROM workers.inbox_messages o
USING workers.inbox_messages n
WHERE o.account_id = @from_id
  AND n.account_id = @to_id
  AND (n.message_id = o.message_id
    OR n.sender_id = o.sender_id AND n.sent_at = o.sent_at AND n.body = o.body);

-- name: RelinkInbox :execrows
UPDATE workers.inbox_messages
SET account_id = @to_id
WHERE account_id = @from_id;

-- name: RelinkOwnMessages :execrows
WITH gone AS (
    DELETE FROM workers.own_messages o
    WHERE o.account_id = @from_id
    RETURNING o.message_id, o.sent_at
)
INSERT INTO workers.own_messages (account_id, message_id, sent_at)
SELECT @to_id::text, gone.message_id, gone.sent_at
FROM gone
ON CONFLICT (account_id, message_id) DO NOTHING;

-- name: RelinkRelations :execrows
UPDATE workers.awaited_relations
SET account_id = @to_id
WHERE account_id = @from_id;

-- name: RelinkReads :execrows
WITH gone AS (
    DELETE FROM workers.comment_reads r
    WHERE r.account_id = @from_id
    RETURNING r.hour, r.calls
)
INSERT INTO workers.comment_reads (account_id, hour, calls)
SELECT @to_id::text, gone.hour, gone.calls
FROM gone
ON CONFLICT (account_id, hour) DO UPDATE
SET calls = comment_reads.calls + excluded.calls;

-- name: RelinkProfileReads :execrows
-- LinkedIn counts them by person, whatever the link.
WITH gone AS (
    DELETE FROM workers.profile_reads r
    WHERE r.account_id = @from_id
    RETURNING r.hour, r.calls
)
INSERT INTO workers.profile_reads (account_id, hour, calls)
SELECT @to_id::text, gone.hour, gone.calls
FROM gone
ON CONFLICT (account_id, hour) DO UPDATE
SET calls = profile_reads.calls + excluded.calls;

-- name: RelinkFirstLooks :execrows
-- That the chat is read before somebody is written to holds for as long as either id says.
WITH gone AS (
    DELETE FROM workers.first_looks f
    WHERE f.account_id = @from_id
    RETURNING f.since, f.until
)
INSERT INTO workers.first_looks (account_id, since, until)
SELECT @to_id::text, gone.since, gone.until
FROM gone
ON CONFLICT (account_id) DO UPDATE
SET since = least(first_looks.since, excluded.since),
    until = CASE WHEN first_looks.until IS NOT NULL AND excluded.until IS NOT NULL
                 THEN greatest(first_looks.until, excluded.until) END;

-- name: RelinkScrapeJobs :execrows
-- A page to go on with is named by a cursor that holds the old id: the same scan starts over.
WITH cursors AS (
    UPDATE workers.watched_posts w
    SET scan_cursor = NULL
    FROM public.scrape_jobs s
    WHERE s.id = w.scrape_job_id
      AND s.unipile_account_id = @from_id
)
UPDATE public.scrape_jobs j
SET unipile_account_id = @to_id
WHERE j.unipile_account_id = @from_id;

-- name: RelinkProducers :execrows
-- Where the producer has not written the new id itself.
UPDATE public.linkedin_accounts o
SET unipile_account_id = @to_id
WHERE o.unipile_account_id = @from_id
  AND NOT EXISTS (SELECT FROM public.linkedin_accounts n WHERE n.unipile_account_id = @to_id);

-- name: RelinkJobs :execrows
-- Looks under the old id would only find that it is gone.
UPDATE workers.river_job
SET state = 'cancelled',
    finalized_at = now()
WHERE kind IN ('check_inbox', 'check_relations')
  AND args ->> 'account_id' = @from_id::text
  AND state IN ('available', 'pending', 'retryable', 'scheduled');

-- name: RelinkAccount :exec
-- Rules of the new id come first. Its inbox is read from the beginning, as a first time, and
-- as after a stop.
UPDATE workers.accounts n
SET provider_id = coalesce(n.provider_id, o.provider_id),
    first_dms_per_hour = coalesce(n.first_dms_per_hour, o.first_dms_per_hour),
    first_dms_per_day = coalesce(n.first_dms_per_day, o.first_dms_per_day),
    answers_per_hour = coalesce(n.answers_per_hour, o.answers_per_hour),
    answers_per_day = coalesce(n.answers_per_day, o.answers_per_day),
    public_replies_per_hour = coalesce(n.public_replies_per_hour, o.public_replies_per_hour),
    public_replies_per_day = coalesce(n.public_replies_per_day, o.public_replies_per_day),
    invitations_per_hour = coalesce(n.invitations_per_hour, o.invitations_per_hour),
    invitations_per_day = coalesce(n.invitations_per_day, o.invitations_per_day),
    comment_reads_per_day = coalesce(n.comment_reads_per_day, o.comment_reads_per_day),
    time_zone = coalesce(n.time_zone, o.time_zone),
    working_hours = coalesce(n.working_hours, o.working_hours),
    warm_up_from = coalesce(n.warm_up_from, o.warm_up_from),
    next_write_at = greatest(n.next_write_at, o.next_write_at),
    relations_check_at = NULL,
    inbox_read_until = NULL,
    inbox_rewinds = n.inbox_rewinds + 1,
    inbox_stopped_at = least(n.inbox_stopped_at, o.inbox_stopped_at, o.inbox_read_until, now()),
    inbox_resumed_at = now(),
    relinked_at = now(),
    updated_at = now()
FROM workers.accounts o
WHERE n.id = @to_id
  AND o.id = @from_id;

-- name: RelinkForget :exec
DELETE FROM workers.accounts
WHERE id = @from_id;

-- name: PauseListAll :many
-- Those that are over, too.
SELECT
    account_id,
    action,
    reason,
    since,
    until
FROM workers.pauses
WHERE account_id = @account_id
ORDER BY action
FOR UPDATE;
