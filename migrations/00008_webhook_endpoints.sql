-- What is known of the receivers of webhooks: their health, every try, and what their
-- owners were told. A receiver is a URL of one client, so that nobody's trouble is
-- another client's.

-- +goose Up
CREATE TABLE IF NOT EXISTS workers.webhook_endpoints (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope           uuid NOT NULL,         -- the client, else the campaign, else zeros
    url             text NOT NULL,         -- may hold a token: never logged
    state           text NOT NULL DEFAULT 'healthy' CHECK (state IN ('healthy', 'failing', 'disabled')),
    failures        integer NOT NULL DEFAULT 0,    -- in a row
    failing_since   timestamptz,           -- the first of them
    last_failure_at timestamptz,
    last_cause      text,                  -- of the last of them
    last_success_at timestamptz,           -- to half a minute
    disabled_at     timestamptz,
    disabled_reason text CHECK (disabled_reason IN ('gone', 'failing', 'operator')),
    blocked_until   timestamptz,           -- null: open; else nothing before, and one at a time after
    openings        integer NOT NULL DEFAULT 0,    -- of the breaker, since the last success
    gap_ms          bigint NOT NULL DEFAULT 0,     -- between two deliveries, after a 429
    created_at      timestamptz NOT NULL DEFAULT now()
);
-- The hash, since an index cannot hold a long URL.
CREATE UNIQUE INDEX IF NOT EXISTS webhook_endpoints_identity ON workers.webhook_endpoints (scope, md5(url));
CREATE INDEX IF NOT EXISTS webhook_endpoints_unwell ON workers.webhook_endpoints (state) WHERE state <> 'healthy';

-- One row a try. The id grows with time, so pages and retention go by it.
CREATE TABLE IF NOT EXISTS workers.webhook_attempts (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_log_id uuid,                   -- null: a sample
    endpoint_id    bigint NOT NULL,
    number         integer NOT NULL,       -- from 1, of its webhook
    trigger        text NOT NULL CHECK (trigger IN ('automatic', 'manual', 'sample')),
    started_at     timestamptz NOT NULL,
    finished_at    timestamptz,            -- null: nothing was answered
    status         integer,                -- of HTTP
    cause          text NOT NULL,          -- delivered, or why not: a closed list, in store/webhook.go
    address        text,                   -- that was dialled
    dns_ms         integer,
    connect_ms     integer,
    tls_ms         integer,
    first_byte_ms  integer,
    total_ms       integer,
    reused         boolean NOT NULL DEFAULT false,  -- the connection of an earlier try
    body_head      text,                   -- of the answer
    error_detail   text
);
CREATE INDEX IF NOT EXISTS webhook_attempts_webhook ON workers.webhook_attempts (webhook_log_id, id DESC);
CREATE INDEX IF NOT EXISTS webhook_attempts_endpoint ON workers.webhook_attempts (endpoint_id, id DESC);

-- What an owner is told of, once.
CREATE TABLE IF NOT EXISTS workers.webhook_incidents (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id   bigint NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('failing', 'disabled')),
    opened_at     timestamptz NOT NULL DEFAULT now(),
    closed_at     timestamptz,
    owner_told_at timestamptz              -- null: not yet, or nobody has an address
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_incidents_open ON workers.webhook_incidents (endpoint_id, kind)
    WHERE closed_at IS NULL;

SELECT workers.apply_row_level_security();

-- Which endpoint a row is for, as far as the workers have looked: null on rows of
-- producers until then.
ALTER TABLE public.webhook_logs ADD COLUMN IF NOT EXISTS endpoint_id bigint;
-- The line of rows that wait for an endpoint; store/webhook_log.sql has the same words.
CREATE INDEX IF NOT EXISTS workers_webhook_logs_line
    ON public.webhook_logs (endpoint_id, (coalesce(next_attempt_at, '-infinity'::timestamptz)), created_at, id)
    WHERE abandoned_at IS NULL AND (status IS NULL OR status = 'pending' OR status = 'failed');
CREATE INDEX IF NOT EXISTS workers_webhook_logs_unassigned ON public.webhook_logs (id)
    WHERE endpoint_id IS NULL AND abandoned_at IS NULL AND (status IS NULL OR status = 'pending' OR status = 'failed');
-- The line has taken its place.
DROP INDEX IF EXISTS public.workers_webhook_logs_pending;
-- Whether a row has a job is asked of each row in line. Not by kind: without statistics,
-- which a queue mostly lacks, the index over kinds would look as good.
CREATE INDEX IF NOT EXISTS webhook_jobs ON workers.river_job ((args ->> 'webhook_log_id'))
    WHERE args ->> 'webhook_log_id' IS NOT NULL AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled');

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.forget_endpoint() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$
BEGIN
    NEW.endpoint_id = NULL;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
DROP TRIGGER IF EXISTS workers_forget_endpoint ON public.webhook_logs;
CREATE TRIGGER workers_forget_endpoint BEFORE UPDATE OF webhook_url, campaign_id, lead_id ON public.webhook_logs
    FOR EACH ROW WHEN (OLD.webhook_url IS DISTINCT FROM NEW.webhook_url OR OLD.campaign_id IS DISTINCT FROM NEW.campaign_id
        OR OLD.lead_id IS DISTINCT FROM NEW.lead_id)
    EXECUTE FUNCTION workers.forget_endpoint();

-- +goose Down
-- The tables and what they know stay, as in 00003: an endpoint that wants no more must
-- not be called again by the next version.
DROP TRIGGER IF EXISTS workers_forget_endpoint ON public.webhook_logs;
DROP FUNCTION IF EXISTS workers.forget_endpoint();
DROP INDEX IF EXISTS workers.webhook_jobs;
CREATE INDEX IF NOT EXISTS workers_webhook_logs_pending ON public.webhook_logs (created_at)
    WHERE status IS NULL OR status = 'pending';
DROP INDEX IF EXISTS public.workers_webhook_logs_unassigned;
DROP INDEX IF EXISTS public.workers_webhook_logs_line;
