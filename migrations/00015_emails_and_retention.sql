-- What was asked of the email service, so that no email goes out twice; what tells whose
-- post an email is about and how old it is; and what retention walks along.

-- +goose Up
-- One row an email, made before the first try and never deleted while it may be tried
-- again. It holds no address and no text.
CREATE TABLE IF NOT EXISTS workers.emails (
    key             text PRIMARY KEY,      -- the idempotency key at the service
    kind            text NOT NULL,         -- what sends it, as in store/email.go
    notification_id uuid,                  -- null: of another kind
    user_id         uuid,                  -- to whom
    state           text NOT NULL DEFAULT 'queued'
                        CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'skipped', 'unknown')),
    attempts        integer NOT NULL DEFAULT 0,
    first_tried_at  timestamptz,
    last_tried_at   timestamptz,
    -- The first try that may have gone out although we did not hear so. The service
    -- remembers the key from then on, for so long and no longer.
    in_doubt_since  timestamptz,
    asked_at        timestamptz,           -- a human said: send it all the same
    sent_at         timestamptz,
    vendor_id       text,                  -- the service's id of it; null: it did not tell
    error_type      text,
    error_detail    text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS emails_notification ON workers.emails (notification_id) WHERE notification_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS emails_updated ON workers.emails (updated_at);

-- Emails that were being tried when this came: a failed try may have gone out, at the
-- earliest when its job was made.
INSERT INTO workers.emails (
    key, kind, notification_id, user_id, state, attempts, first_tried_at, last_tried_at, in_doubt_since)
SELECT DISTINCT ON (n.id)
    n.id::text, 'pod_repost', n.id, n.user_id,
    'unknown', cardinality(j.errors), j.created_at, j.attempted_at, j.created_at
FROM workers.river_job j
JOIN public.notifications n ON n.id::text = j.args ->> 'notification_id'
WHERE j.kind = 'send_email'
  AND j.state IN ('available', 'retryable', 'running', 'scheduled', 'discarded')
  AND cardinality(j.errors) > 0
  AND (n.status IS NULL OR n.status = 'pending')
ORDER BY n.id, j.created_at
ON CONFLICT (key) DO NOTHING;
INSERT INTO workers.emails (key, kind, user_id, state, attempts, first_tried_at, last_tried_at, in_doubt_since)
SELECT DISTINCT ON (1)
    concat('incident/', j.args ->> 'incident_id', '/', j.args ->> 'user_id'), 'endpoint_incident',
    (j.args ->> 'user_id')::uuid, 'unknown', cardinality(j.errors), j.created_at, j.attempted_at, j.created_at
FROM workers.river_job j
WHERE j.kind = 'tell_owner'
  AND j.state IN ('available', 'retryable', 'running', 'scheduled')
  AND cardinality(j.errors) > 0
ORDER BY 1, j.created_at
ON CONFLICT (key) DO NOTHING;

-- As the producers' own tables have them: who published a post, and when.
ALTER TABLE public.posts ADD COLUMN IF NOT EXISTS published_at timestamptz;
ALTER TABLE public.posts ADD COLUMN IF NOT EXISTS linkedin_account_id uuid
    REFERENCES public.linkedin_accounts (id) ON DELETE SET NULL;

-- When the payload of a delivered row was forgotten: it cannot be delivered again.
ALTER TABLE public.webhook_logs ADD COLUMN IF NOT EXISTS payload_erased_at timestamptz;
-- Whoever asks for it all the same is told; whoever gives the row a payload anew has it delivered.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.refuse_erased() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$
BEGIN
    IF NEW.payload IS DISTINCT FROM OLD.payload THEN
        NEW.payload_erased_at = NULL;
    ELSE
        NEW.status = 'failed';
        NEW.abandoned_at = now();
        NEW.next_attempt_at = NULL;
        NEW.error_message =
            'the payload was forgotten after WEBHOOK_PAYLOAD_RETENTION: there is nothing to deliver again';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
DROP TRIGGER IF EXISTS workers_refuse_erased ON public.webhook_logs;
CREATE TRIGGER workers_refuse_erased BEFORE UPDATE OF status, payload ON public.webhook_logs
    FOR EACH ROW WHEN (OLD.payload_erased_at IS NOT NULL
        AND (NEW.status IS DISTINCT FROM 'sent' OR NEW.payload IS DISTINCT FROM OLD.payload))
    EXECUTE FUNCTION workers.refuse_erased();

-- Retention finds what is old by these, each of which holds only what is not yet forgotten.
DROP INDEX IF EXISTS workers.comments_prunable;
CREATE INDEX comments_prunable ON workers.comments (seen_at)
    WHERE decision <> 'lead'
      AND (body <> '' OR author_id IS NOT NULL OR author_name IS NOT NULL OR author_url IS NOT NULL);
CREATE INDEX IF NOT EXISTS comments_of_leads_prunable ON workers.comments (seen_at)
    WHERE decision = 'lead'
      AND (body <> '' OR author_id IS NOT NULL OR author_name IS NOT NULL OR author_url IS NOT NULL);
CREATE INDEX IF NOT EXISTS messages_prunable ON workers.messages (updated_at)
    WHERE state IN ('sent', 'failed', 'skipped') AND (body <> '' OR suggestion IS NOT NULL);
CREATE INDEX IF NOT EXISTS inbox_messages_received ON workers.inbox_messages (received_at);
CREATE INDEX IF NOT EXISTS own_messages_age ON workers.own_messages (sent_at);
CREATE INDEX IF NOT EXISTS comment_reads_age ON workers.comment_reads (hour);
CREATE INDEX IF NOT EXISTS workers_webhook_logs_answers ON public.webhook_logs (last_attempt_at)
    WHERE response_body <> '';
CREATE INDEX IF NOT EXISTS workers_webhook_logs_payloads ON public.webhook_logs (last_attempt_at)
    WHERE status = 'sent' AND payload_erased_at IS NULL;
CREATE INDEX IF NOT EXISTS workers_leads_out_prunable ON public.leads (updated_at)
    WHERE status = 'opted_out'
      AND (num_nonnulls(name, first_name, last_name, company, title, email) > 0
        OR jsonb_typeof(metadata) = 'object' AND metadata ? 'comment_text'
        -- One that is known by its profile alone is told by nothing else.
        OR provider_id IS NOT NULL AND num_nonnulls(linkedin_url, linkedin_profile_url) > 0);

SELECT workers.apply_row_level_security();

-- +goose Down
-- The table, the columns and what they know stay, as in 00003; so does the trigger: what was
-- forgotten must not be delivered by the version before, either. The indexes of our tables
-- serve it as well.
DROP INDEX IF EXISTS public.workers_leads_out_prunable;
DROP INDEX IF EXISTS public.workers_webhook_logs_payloads;
DROP INDEX IF EXISTS public.workers_webhook_logs_answers;
