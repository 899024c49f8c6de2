-- Conversations go on after the first answer: second questions, a follow-up, silence
-- where a human writes, and an end where somebody wants no more.

-- +goose Up
ALTER TABLE workers.messages
    ADD COLUMN IF NOT EXISTS suggestion text;  -- the address that a second question asks about
ALTER TABLE workers.messages DROP CONSTRAINT IF EXISTS messages_purpose_check;
ALTER TABLE workers.messages ADD CONSTRAINT messages_purpose_check
    CHECK (purpose IN ('first_dm', 'backup_link', 'public_reply', 'invitation',
                       'second_question', 'third_question', 'follow_up'));
CREATE INDEX IF NOT EXISTS messages_chat ON workers.messages (account_id, chat_id) WHERE chat_id IS NOT NULL;

ALTER TABLE workers.inbox_messages
    ADD COLUMN IF NOT EXISTS reason text;      -- why the answer means what it means
CREATE INDEX IF NOT EXISTS inbox_messages_sender ON workers.inbox_messages (account_id, sender_id, sent_at);

ALTER TABLE workers.comments DROP CONSTRAINT IF EXISTS comments_decision_check;
ALTER TABLE workers.comments ADD CONSTRAINT comments_decision_check
    CHECK (decision IN ('lead', 'known_person', 'no_match', 'post_author', 'company', 'no_author', 'opted_out',
                        'excluded', 'blocked', 'other_campaign'));
DROP INDEX IF EXISTS workers.comments_prunable;
CREATE INDEX comments_prunable ON workers.comments (seen_at)
    WHERE decision IN ('no_match', 'excluded', 'blocked', 'company', 'post_author', 'no_author') AND (body <> '' OR author_id IS NOT NULL);

-- While a long scan goes on, every other poll reads the newest page first.
ALTER TABLE workers.watched_posts
    ADD COLUMN IF NOT EXISTS head_next boolean NOT NULL DEFAULT true;

-- Leads with whom a human writes: the workers send them nothing until they are told to.
CREATE TABLE IF NOT EXISTS workers.takeovers (
    lead_id uuid PRIMARY KEY,
    since   timestamptz NOT NULL DEFAULT now(),
    reason  text NOT NULL                      -- how it is known
);

-- Who wants no more messages, of which client. It outlives their leads.
CREATE TABLE IF NOT EXISTS workers.opt_outs (
    scope     uuid NOT NULL,                   -- the client; of a campaign without one, the campaign
    person_id text NOT NULL,                   -- LinkedIn member id
    since     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, person_id)
);
INSERT INTO workers.opt_outs (scope, person_id)
SELECT DISTINCT coalesce(c.client_id, c.id), coalesce(l.provider_id, l.linkedin_id)
FROM public.leads l
JOIN public.campaigns c ON c.id = l.campaign_id
WHERE l.status = 'opted_out'
  AND coalesce(l.provider_id, l.linkedin_id) IS NOT NULL
ON CONFLICT DO NOTHING;

SELECT workers.apply_row_level_security();

-- A lead that is given back to the workers may have a message that waits.
DROP TRIGGER IF EXISTS workers_notify ON workers.takeovers;
CREATE TRIGGER workers_notify AFTER DELETE ON workers.takeovers
    FOR EACH STATEMENT EXECUTE FUNCTION workers.notify_rules();

-- +goose Down
-- The tables and what they know stay, as in 00003.
DROP TRIGGER IF EXISTS workers_notify ON workers.takeovers;
