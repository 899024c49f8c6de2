-- What the ledger needs so that an account writes like its owner would: limits of
-- every kind of write, working hours, warm-up, the owner's own messages; other ways
-- to reach people who are not connected; and what polls cost.

-- +goose Up
ALTER TABLE workers.accounts
    -- null: the worker's default
    ADD COLUMN IF NOT EXISTS answers_per_hour        integer CHECK (answers_per_hour >= 0),
    ADD COLUMN IF NOT EXISTS answers_per_day         integer CHECK (answers_per_day >= 0),
    ADD COLUMN IF NOT EXISTS public_replies_per_hour integer CHECK (public_replies_per_hour >= 0),
    ADD COLUMN IF NOT EXISTS public_replies_per_day  integer CHECK (public_replies_per_day >= 0),
    ADD COLUMN IF NOT EXISTS invitations_per_hour    integer CHECK (invitations_per_hour >= 0),
    ADD COLUMN IF NOT EXISTS invitations_per_day     integer CHECK (invitations_per_day >= 0),
    ADD COLUMN IF NOT EXISTS comment_reads_per_day   integer CHECK (comment_reads_per_day >= 0),
    ADD COLUMN IF NOT EXISTS time_zone               text,         -- IANA name
    ADD COLUMN IF NOT EXISTS working_hours           text,         -- "mon-fri 08:00-19:00", or "always"
    ADD COLUMN IF NOT EXISTS warm_up_from            timestamptz,  -- null: at full limits
    ADD COLUMN IF NOT EXISTS relations_checked_at    timestamptz,
    ADD COLUMN IF NOT EXISTS relations_check_at      timestamptz;  -- null: when somebody is waited for

ALTER TABLE workers.pauses DROP CONSTRAINT IF EXISTS pauses_action_check;
ALTER TABLE workers.pauses ADD CONSTRAINT pauses_action_check
    CHECK (action IN ('everything', 'polls', 'first_dm', 'answer', 'public_reply', 'invitation'));

ALTER TABLE workers.messages
    ADD COLUMN IF NOT EXISTS claimed_by     text,  -- the worker process, as in instances
    ADD COLUMN IF NOT EXISTS post_social_id text,  -- of a public reply: the post, and
    ADD COLUMN IF NOT EXISTS comment_id     text,  -- the comment that it answers
    ADD COLUMN IF NOT EXISTS distance       text;  -- of the person when they commented: first, second, …
ALTER TABLE workers.messages DROP CONSTRAINT IF EXISTS messages_purpose_check;
-- NOT VALID: rows of a later version that was taken back may hold more.
ALTER TABLE workers.messages ADD CONSTRAINT messages_purpose_check
    CHECK (purpose IN ('first_dm', 'backup_link', 'public_reply', 'invitation')) NOT VALID;

CREATE INDEX IF NOT EXISTS messages_provider ON workers.messages (account_id, provider_message_id)
    WHERE provider_message_id IS NOT NULL;

-- People who could not be written to. When they become a connection, their first
-- message goes out; until when that is waited for, the row says.
CREATE TABLE IF NOT EXISTS workers.awaited_relations (
    account_id text NOT NULL,
    person_id  text NOT NULL,              -- LinkedIn member id
    message_id bigint NOT NULL,            -- the first message
    lead_id    uuid,
    since      timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, person_id, message_id)
);
CREATE INDEX IF NOT EXISTS awaited_relations_expiring ON workers.awaited_relations (expires_at);

-- What the account's owner typed in LinkedIn: it counts there too. No text is kept.
CREATE TABLE IF NOT EXISTS workers.own_messages (
    account_id text NOT NULL,
    message_id text NOT NULL,
    sent_at    timestamptz NOT NULL,
    PRIMARY KEY (account_id, message_id)
);
CREATE INDEX IF NOT EXISTS own_messages_sent ON workers.own_messages (account_id, sent_at);

-- How often an account read comments, by the hour: reads count against it too.
CREATE TABLE IF NOT EXISTS workers.comment_reads (
    account_id text NOT NULL,
    hour       timestamptz NOT NULL,
    calls      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, hour)
);

ALTER TABLE workers.watched_posts
    ADD COLUMN IF NOT EXISTS published_at  timestamptz,  -- as far as the provider tells
    ADD COLUMN IF NOT EXISTS first_read_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS moved_at      timestamptz,  -- when a poll last found a new comment
    ADD COLUMN IF NOT EXISTS not_found     integer NOT NULL DEFAULT 0;  -- polls in a row that did not find the post

SELECT workers.apply_row_level_security();

-- Whatever changes what an account may write wakes the planner, and what it may
-- read wakes the polls.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.notify_rules() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$
BEGIN
    PERFORM pg_notify('workers_rows', 'messages');
    PERFORM pg_notify('workers_rows', 'scrape_jobs');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
DROP TRIGGER IF EXISTS workers_notify ON workers.pauses;
CREATE TRIGGER workers_notify AFTER INSERT OR UPDATE OR DELETE ON workers.pauses
    FOR EACH STATEMENT EXECUTE FUNCTION workers.notify_rules();
DROP TRIGGER IF EXISTS workers_notify ON workers.accounts;
CREATE TRIGGER workers_notify AFTER UPDATE OF
    first_dms_per_hour, first_dms_per_day, answers_per_hour, answers_per_day, public_replies_per_hour,
    public_replies_per_day, invitations_per_hour, invitations_per_day, comment_reads_per_day,
    time_zone, working_hours, warm_up_from ON workers.accounts
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION workers.notify_rules();
DROP TRIGGER IF EXISTS workers_notify ON public.campaigns;
CREATE TRIGGER workers_notify AFTER UPDATE OF status, starts_at, ends_at ON public.campaigns
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.starts_at IS DISTINCT FROM NEW.starts_at
        OR OLD.ends_at IS DISTINCT FROM NEW.ends_at)
    EXECUTE FUNCTION workers.notify_rules();

-- +goose Down
-- The ledger and its columns stay, as in 00003.
DROP TRIGGER IF EXISTS workers_notify ON public.campaigns;
DROP TRIGGER IF EXISTS workers_notify ON workers.accounts;
DROP TRIGGER IF EXISTS workers_notify ON workers.pauses;
DROP FUNCTION IF EXISTS workers.notify_rules();
