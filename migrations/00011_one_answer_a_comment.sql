-- A comment brings a person one first message from an account, whichever campaigns wait
-- for it. And a commenter can be compared with people who were contacted before the
-- workers existed, of whom only the public name is known.

-- +goose Up
-- Nobody may queue another between the clean-up and the key.
LOCK TABLE workers.messages IN SHARE ROW EXCLUSIVE MODE;

ALTER TABLE workers.messages
    ADD COLUMN IF NOT EXISTS duplicate_of   bigint,  -- a first message for the same comment that was there before
    ADD COLUMN IF NOT EXISTS recipient_slug text;    -- their public name, where it had to be found out

-- First messages from before 00005 do not say for which comment they are; their leads do.
UPDATE workers.messages m
SET comment_id = l.metadata ->> 'comment_id'
FROM public.leads l
WHERE l.id = m.lead_id
  AND m.purpose = 'first_dm'
  AND m.comment_id IS NULL
  AND l.metadata ->> 'comment_id' <> '';

-- Of those that wait, the public name may stand on their lead, as the comment told it.
UPDATE workers.messages m
SET recipient_slug = substring(l.linkedin_profile_url FROM '/in/([^/?#]+)')
FROM public.leads l
WHERE l.id = m.lead_id
  AND m.purpose = 'first_dm'
  AND m.state = 'queued'
  AND m.recipient_slug IS NULL
  AND substring(l.linkedin_profile_url FROM '/in/([^/?#]+)') !~ '^A[A-Z][A-Za-z0-9_-]{10,}$';

-- Of several for one comment the one that went the furthest stays, else the oldest. The
-- others that wait are skipped. What went out twice, or may have, cannot be taken back: it
-- keeps its state and is marked, so that one in doubt does not go out after all.
WITH ranked AS (
    SELECT
        id,
        state,
        first_value(id) OVER place AS keeps,
        row_number() OVER place AS number
    FROM workers.messages
    WHERE purpose = 'first_dm'
      AND comment_id IS NOT NULL
      AND duplicate_of IS NULL
      AND state IN ('queued', 'sending', 'sent', 'unknown')
    WINDOW place AS (
        PARTITION BY account_id, recipient_id, comment_id
        ORDER BY array_position(ARRAY['sent', 'sending', 'unknown', 'queued'], state), id)
)
UPDATE workers.messages m
SET duplicate_of = r.keeps,
    state = CASE WHEN m.state = 'queued' THEN 'skipped' ELSE m.state END,
    error_type = CASE WHEN m.state = 'queued' THEN 'other_campaign' ELSE m.error_type END,
    updated_at = now()
FROM ranked r
WHERE r.id = m.id
  AND r.number > 1;

-- One that was refused or skipped gives its comment free: store/message.sql has the rule.
CREATE UNIQUE INDEX IF NOT EXISTS messages_answer_once ON workers.messages (account_id, recipient_id, comment_id)
    WHERE purpose = 'first_dm' AND comment_id IS NOT NULL AND duplicate_of IS NULL
        AND state IN ('queued', 'sending', 'sent', 'unknown');

-- How often an account read profiles, by the hour, as with comments.
CREATE TABLE IF NOT EXISTS workers.profile_reads (
    account_id text NOT NULL,
    hour       timestamptz NOT NULL,
    calls      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, hour)
);
SELECT workers.apply_row_level_security();

-- When LinkedIn last said that nobody has the name by which a lead is known: it cannot be
-- the person that a message goes to.
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS provider_missing_at timestamptz;
-- Leads that were contacted, and of whom it is not known who they are. Whether a campaign
-- has any is asked before each first message, and mostly there are none.
CREATE INDEX IF NOT EXISTS workers_leads_unknown ON public.leads (campaign_id, provider_missing_at, status)
    WHERE status <> 'comment_detected' AND provider_id IS NULL AND linkedin_id !~ '^A[A-Z][A-Za-z0-9_-]{10,}$';
CREATE INDEX IF NOT EXISTS workers_leads_out_unknown ON public.leads (campaign_id)
    WHERE status = 'opted_out' AND provider_id IS NULL AND provider_missing_at IS NULL
        AND linkedin_id !~ '^A[A-Z][A-Za-z0-9_-]{10,}$';
-- The first has taken this one's place.
DROP INDEX IF EXISTS public.workers_leads_unresolved;

-- +goose Down
-- The columns, and what they know of who was written to, stay, as in 00003. So does the
-- key: without it the next version would have to refuse rows that are there.
CREATE INDEX IF NOT EXISTS workers_leads_unresolved ON public.leads (campaign_id)
    WHERE status = 'dm_sent' AND provider_id IS NULL AND linkedin_id !~ '^A[A-Za-z][A-Za-z0-9_-]{10,}$';
DROP INDEX IF EXISTS public.workers_leads_out_unknown;
DROP INDEX IF EXISTS public.workers_leads_unknown;
