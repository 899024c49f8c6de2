-- What the workers themselves must remember. These tables have no foreign keys
-- to public.leads: the ledger of what was sent must outlive a deleted lead, or
-- the next comment of that person would bring a second message.

-- +goose Up
CREATE TABLE IF NOT EXISTS workers.accounts (
    id                 text PRIMARY KEY,   -- Unipile's account id
    provider_id        text,               -- the account owner's own LinkedIn member id
    first_dms_per_hour integer CHECK (first_dms_per_hour >= 0),  -- null: the worker's default
    first_dms_per_day  integer CHECK (first_dms_per_day >= 0),
    next_write_at      timestamptz,        -- end of the gap after the last write
    inbox_read_until   timestamptz,        -- newest message seen
    inbox_rewinds      integer NOT NULL DEFAULT 0,  -- how often it was set back
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);

-- What an account may not do for now. "until" null: until a human lifts it.
CREATE TABLE IF NOT EXISTS workers.pauses (
    account_id text NOT NULL,
    action     text NOT NULL CHECK (action IN ('everything', 'polls', 'first_dm', 'answer')),
    reason     text NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    until      timestamptz,
    PRIMARY KEY (account_id, action)
);

-- What is known of the post of a scrape job, and where an interrupted scan goes on.
CREATE TABLE IF NOT EXISTS workers.watched_posts (
    scrape_job_id   uuid PRIMARY KEY,
    asked_for       text NOT NULL,         -- the post as the scrape job named it then
    social_id       text NOT NULL,         -- the id Unipile wants for comments
    author_id       text,                  -- LinkedIn member id of the post's author
    scan_started_at timestamptz,           -- of a scan that is not complete; a page seen whole before it ends it
    scan_cursor     text,                  -- page to go on with; null: start at the newest
    updated_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS workers.comments (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scrape_job_id uuid NOT NULL,
    comment_id    text NOT NULL,
    author_id     text,
    author_name   text,
    author_url    text,
    body          text NOT NULL DEFAULT '',
    commented_at  timestamptz,
    seen_at       timestamptz NOT NULL DEFAULT now(),
    decision      text NOT NULL CHECK (decision IN (
                      'lead', 'known_person', 'no_match', 'post_author', 'company', 'no_author', 'opted_out')),
    keyword       text,
    lead_id       uuid,
    UNIQUE (scrape_job_id, comment_id)
);
CREATE INDEX IF NOT EXISTS comments_prunable ON workers.comments (seen_at)
    WHERE decision IN ('no_match', 'company', 'post_author', 'no_author') AND (body <> '' OR author_id IS NOT NULL);

-- The message ledger: one row a message, claimed before it is sent.
CREATE TABLE IF NOT EXISTS workers.messages (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id          text NOT NULL,
    campaign_id         uuid NOT NULL,
    scrape_job_id       uuid,
    lead_id             uuid,
    purpose             text NOT NULL CHECK (purpose IN ('first_dm', 'backup_link')),
    recipient_id        text NOT NULL,     -- LinkedIn member id
    chat_id             text,
    body                text NOT NULL,
    state               text NOT NULL DEFAULT 'queued'
                            CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'skipped', 'unknown')),
    not_before          timestamptz,       -- null: as soon as the limits allow
    attempts            integer NOT NULL DEFAULT 0,
    claim               uuid,              -- fences the one who may record the outcome
    claimed_at          timestamptz,
    sent_at             timestamptz,
    provider_message_id text,
    error_type          text,
    error_detail        text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    -- The last line of defence: no second message of a purpose to a person, ever.
    UNIQUE (campaign_id, recipient_id, purpose)
);
CREATE INDEX IF NOT EXISTS messages_open ON workers.messages (account_id, id)
    WHERE state IN ('queued', 'sending', 'unknown');
CREATE INDEX IF NOT EXISTS messages_written ON workers.messages (account_id, purpose, (coalesce(sent_at, claimed_at)))
    WHERE state IN ('sending', 'sent', 'unknown');
CREATE INDEX IF NOT EXISTS messages_lead ON workers.messages (lead_id);

-- Messages of people who are leads. Those of strangers are never stored.
CREATE TABLE IF NOT EXISTS workers.inbox_messages (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  text NOT NULL,
    message_id  text NOT NULL,
    chat_id     text,
    sender_id   text NOT NULL,
    body        text NOT NULL,
    sent_at     timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    handled_at  timestamptz,
    lead_id     uuid,
    result      text,
    UNIQUE (account_id, message_id)
);
CREATE INDEX IF NOT EXISTS inbox_messages_unhandled ON workers.inbox_messages (account_id, sender_id)
    WHERE handled_at IS NULL;

-- The worker processes that run now. One that no longer beats is dead, and what
-- it was running is taken up by the others.
CREATE TABLE IF NOT EXISTS workers.instances (
    id           text PRIMARY KEY,         -- as in river_job.attempted_by
    beat_at      timestamptz NOT NULL DEFAULT now(),
    steady_since timestamptz NOT NULL DEFAULT now()  -- since when it beat without a gap
);

SELECT workers.apply_row_level_security();

-- +goose Down
-- The tables stay. Who was already written to must survive a rollback, or the
-- next migration up would write to them again. To remove the workers for good:
-- DROP SCHEMA workers CASCADE.
SELECT 1;
