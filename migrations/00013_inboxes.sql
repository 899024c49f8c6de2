-- What accounts need so that no answer is passed over: when their inbox was last read
-- further back than to the newest message seen, whom they wrote to apart from the scrape
-- jobs that may be deleted, and whether their link at the provider is another one now.

-- +goose Up
ALTER TABLE workers.accounts
    ADD COLUMN IF NOT EXISTS inbox_deep_read_at  timestamptz,  -- start of the last one that came to its end
    ADD COLUMN IF NOT EXISTS inbox_deep_tried_at timestamptz,  -- start of the last one, whatever became of it
    ADD COLUMN IF NOT EXISTS inbox_stopped_at    timestamptz,  -- since when a pause of everything held it up
    ADD COLUMN IF NOT EXISTS inbox_resumed_at    timestamptz,  -- end of that pause; null: not known yet
    ADD COLUMN IF NOT EXISTS relinked_at         timestamptz;  -- when it took over what another link's id had
-- A message that was sent while its lead was locked: the lead is moved on later.
ALTER TABLE workers.messages
    ADD COLUMN IF NOT EXISTS lead_behind boolean NOT NULL DEFAULT false;
CREATE INDEX IF NOT EXISTS messages_lead_behind ON workers.messages (id) WHERE lead_behind;
-- A comment whose lead was locked was left out: at its end, the scan starts over.
ALTER TABLE workers.watched_posts
    ADD COLUMN IF NOT EXISTS scan_starts_over boolean NOT NULL DEFAULT false;

-- Who was written to by an account, and for which campaigns it wrote.
CREATE INDEX IF NOT EXISTS messages_person ON workers.messages (recipient_id, account_id);
CREATE INDEX IF NOT EXISTS messages_campaign ON workers.messages (account_id, campaign_id);
-- Whether an account watches a post of a campaign is asked of each lead that writes.
CREATE INDEX IF NOT EXISTS workers_scrape_jobs_campaign ON public.scrape_jobs (campaign_id, unipile_account_id);

-- The campaigns that each account writes for, as far as the ledger knows: one step along
-- the index for each pair, however many messages there are.
CREATE OR REPLACE VIEW workers.account_campaigns AS
WITH RECURSIVE pairs AS (
    (SELECT m.account_id, m.campaign_id
    FROM workers.messages m
    ORDER BY m.account_id, m.campaign_id
    LIMIT 1)
    UNION ALL
    SELECT following.account_id, following.campaign_id
    FROM pairs
    CROSS JOIN LATERAL (
        SELECT m.account_id, m.campaign_id
        FROM workers.messages m
        WHERE (m.account_id, m.campaign_id) > (pairs.account_id, pairs.campaign_id)
        ORDER BY m.account_id, m.campaign_id
        LIMIT 1) following
)
SELECT pairs.account_id, pairs.campaign_id FROM pairs;

SELECT workers.apply_row_level_security();

-- While an account is stopped its provider synchronises nothing, and afterwards what was
-- written meanwhile comes late and in any order. This is the one place that every way in and
-- out of such a pause passes. Pauses that follow each other within six hours count as one.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.note_stop() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE workers.accounts
        SET inbox_stopped_at = coalesce(inbox_stopped_at, OLD.since),
            inbox_resumed_at = least(OLD.until, now())
        WHERE id = OLD.account_id
          AND (inbox_resumed_at IS NULL OR inbox_resumed_at > now());
    ELSE
        UPDATE workers.accounts
        SET inbox_stopped_at = CASE WHEN inbox_resumed_at < now() - interval '6 hours' THEN NEW.since
                                    ELSE least(inbox_stopped_at, NEW.since) END,
            inbox_resumed_at = nullif(NEW.until, 'infinity')
        WHERE id = NEW.account_id;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
DROP TRIGGER IF EXISTS workers_note_stop ON workers.pauses;
CREATE TRIGGER workers_note_stop AFTER INSERT OR UPDATE ON workers.pauses
    FOR EACH ROW WHEN (NEW.action = 'everything') EXECUTE FUNCTION workers.note_stop();
DROP TRIGGER IF EXISTS workers_note_resume ON workers.pauses;
CREATE TRIGGER workers_note_resume AFTER DELETE ON workers.pauses
    FOR EACH ROW WHEN (OLD.action = 'everything') EXECUTE FUNCTION workers.note_stop();
UPDATE workers.accounts a
SET inbox_stopped_at = p.since,
    inbox_resumed_at = p.until
FROM workers.pauses p
WHERE p.account_id = a.id
  AND p.action = 'everything'
  AND a.inbox_stopped_at IS NULL;
-- What the ledger knows of accounts whose scrape jobs are gone already.
INSERT INTO workers.accounts (id)
SELECT DISTINCT account_id
FROM workers.account_campaigns
ON CONFLICT (id) DO NOTHING;

-- +goose Down
-- The columns stay, as in 00003.
DROP TRIGGER IF EXISTS workers_note_resume ON workers.pauses;
DROP TRIGGER IF EXISTS workers_note_stop ON workers.pauses;
DROP FUNCTION IF EXISTS workers.note_stop();
DROP VIEW IF EXISTS workers.account_campaigns;
DROP INDEX IF EXISTS public.workers_scrape_jobs_campaign;
DROP INDEX IF EXISTS workers.messages_campaign;
DROP INDEX IF EXISTS workers.messages_person;
DROP INDEX IF EXISTS workers.messages_lead_behind;
