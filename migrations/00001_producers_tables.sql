-- The producers' tables: created where missing, completed where they exist.
-- Names and columns are a contract: nothing is renamed, dropped or narrowed, and
-- every column added to an existing table is nullable or has a default.

-- +goose Up
CREATE TABLE IF NOT EXISTS public.clients (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.users (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id  uuid REFERENCES public.clients (id) ON DELETE CASCADE,
    email      text UNIQUE,
    first_name text,
    last_name  text,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
ALTER TABLE public.users ADD COLUMN IF NOT EXISTS first_name text;
ALTER TABLE public.users ADD COLUMN IF NOT EXISTS last_name text;
ALTER TABLE public.users ADD COLUMN IF NOT EXISTS full_name text;

CREATE TABLE IF NOT EXISTS public.linkedin_accounts (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id            uuid REFERENCES public.users (id) ON DELETE CASCADE,
    account_name       text,
    unipile_account_id text UNIQUE,
    status             text DEFAULT 'active',
    created_at         timestamptz DEFAULT now(),
    updated_at         timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.webhook_configs (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id  uuid REFERENCES public.clients (id) ON DELETE CASCADE,
    name       text,
    url        text NOT NULL,
    active     boolean DEFAULT true,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.campaigns (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id         uuid REFERENCES public.clients (id) ON DELETE CASCADE,
    name              text NOT NULL,
    trigger_word      text,
    dm_template_step1 text,
    settings          jsonb DEFAULT '{}',
    status            text CHECK (status IN ('draft', 'active', 'paused', 'completed')) DEFAULT 'draft',
    starts_at         timestamptz,
    ends_at           timestamptz,
    webhook_config_id uuid REFERENCES public.webhook_configs (id) ON DELETE SET NULL,
    created_at        timestamptz DEFAULT now(),
    updated_at        timestamptz DEFAULT now()
);
ALTER TABLE public.campaigns ADD COLUMN IF NOT EXISTS dm_template_step1 text;
ALTER TABLE public.campaigns ADD COLUMN IF NOT EXISTS settings jsonb DEFAULT '{}';
ALTER TABLE public.campaigns ADD COLUMN IF NOT EXISTS starts_at timestamptz;
ALTER TABLE public.campaigns ADD COLUMN IF NOT EXISTS ends_at timestamptz;
ALTER TABLE public.campaigns ADD COLUMN IF NOT EXISTS webhook_url text;
ALTER TABLE public.campaigns ADD COLUMN IF NOT EXISTS webhook_config_id uuid
    REFERENCES public.webhook_configs (id) ON DELETE SET NULL;

CREATE TABLE IF NOT EXISTS public.posts (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id     uuid REFERENCES public.campaigns (id) ON DELETE CASCADE,
    unipile_post_id text UNIQUE,
    post_url        text,
    content         text,
    created_at      timestamptz DEFAULT now(),
    updated_at      timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.leads (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id   uuid REFERENCES public.campaigns (id) ON DELETE CASCADE,
    email         text,
    first_name    text,
    last_name     text,
    linkedin_id   text NOT NULL,
    linkedin_url  text,
    company       text,
    title         text,
    source        text DEFAULT 'comment_trigger',
    status        text CHECK (status IN (
                      'comment_detected', 'dm_sent', 'email_captured', 'webhook_sent', 'completed',
                      'not_connected', 'opted_out', 'expired')) DEFAULT 'comment_detected',
    custom_fields jsonb DEFAULT '{}',
    created_at    timestamptz DEFAULT now(),
    updated_at    timestamptz DEFAULT now(),
    UNIQUE (campaign_id, linkedin_id)
);
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS linkedin_url text;
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS linkedin_profile_url text;
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS name text;
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS metadata jsonb DEFAULT '{}';
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS custom_fields jsonb DEFAULT '{}';
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS email_captured_at timestamptz;
-- linkedin_id may hold a slug or a profile URL in rows from before the workers;
-- provider_id is the LinkedIn member id (ACoAA…) once it is known.
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS provider_id text;
-- When a slug was last looked up at the provider, so that one that cannot be
-- resolved is not asked for at every inbox check.
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS provider_checked_at timestamptz;

-- Check constraints of an existing leads table do not know our values. Each is
-- replaced by itself or our values, so whatever was legal stays legal.
-- +goose StatementBegin
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN
        SELECT con.conname, con.convalidated, a.attname, pg_get_expr(con.conbin, con.conrelid) AS expr
        FROM pg_constraint con
        JOIN pg_attribute a ON a.attrelid = con.conrelid AND con.conkey = ARRAY[a.attnum]
        WHERE con.contype = 'c'
          AND con.conrelid = 'public.leads'::regclass
          AND (a.attname = 'status' AND pg_get_expr(con.conbin, con.conrelid) NOT LIKE '%not_connected%'
            OR a.attname = 'source' AND pg_get_expr(con.conbin, con.conrelid) NOT LIKE '%comment_trigger%')
    LOOP
        EXECUTE format('ALTER TABLE public.leads DROP CONSTRAINT %I', c.conname);
        EXECUTE format('ALTER TABLE public.leads ADD CONSTRAINT %I CHECK ((%s) OR %I IN (%s))%s',
            c.conname, c.expr, c.attname,
            CASE c.attname
                WHEN 'status' THEN $v$'comment_detected', 'dm_sent', 'email_captured', 'webhook_sent',
                    'completed', 'not_connected', 'opted_out', 'expired'$v$
                ELSE $v$'comment_trigger', 'dm'$v$
            END,
            CASE WHEN c.convalidated THEN '' ELSE ' NOT VALID' END);
    END LOOP;
END $$;
-- +goose StatementEnd

CREATE TABLE IF NOT EXISTS public.scrape_jobs (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id           uuid NOT NULL REFERENCES public.campaigns (id) ON DELETE CASCADE,
    post_id               uuid REFERENCES public.posts (id) ON DELETE CASCADE,
    unipile_post_id       text NOT NULL,
    unipile_account_id    text NOT NULL,
    trigger_word          text DEFAULT 'guide',
    lead_magnet_url       text,
    send_backup_link      boolean DEFAULT false,
    webhook_url           text,
    status                text CHECK (status IN ('scheduled', 'running', 'paused', 'completed', 'failed'))
                              DEFAULT 'scheduled',
    poll_interval_minutes integer DEFAULT 5,
    next_check            timestamptz,
    last_checked          timestamptz,
    comments_scanned      integer DEFAULT 0,
    trigger_words_found   integer DEFAULT 0,
    dms_sent              integer DEFAULT 0,
    emails_captured       integer DEFAULT 0,
    error_count           integer DEFAULT 0,
    last_error            text,
    last_error_at         timestamptz,
    created_at            timestamptz DEFAULT now(),
    updated_at            timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.notifications (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id       uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    type          text NOT NULL,
    post_id       uuid REFERENCES public.posts (id) ON DELETE CASCADE,
    linkedin_url  text,
    message       text,
    status        text CHECK (status IN ('pending', 'sent', 'failed')) DEFAULT 'pending',
    sent_at       timestamptz,
    error_message text,
    metadata      jsonb DEFAULT '{}',
    created_at    timestamptz DEFAULT now(),
    updated_at    timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.webhook_logs (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    lead_id         uuid REFERENCES public.leads (id) ON DELETE CASCADE,
    campaign_id     uuid REFERENCES public.campaigns (id) ON DELETE CASCADE,
    webhook_url     text NOT NULL,
    payload         jsonb NOT NULL,
    status          text CHECK (status IN ('pending', 'sent', 'failed')) DEFAULT 'pending',
    retry_count     integer DEFAULT 0,
    last_attempt_at timestamptz,
    response_status integer,
    response_body   text,
    error_message   text,
    created_at      timestamptz DEFAULT now(),
    updated_at      timestamptz DEFAULT now()
);
-- A trigger keeps updated_at, so it must be there.
ALTER TABLE public.campaigns ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
ALTER TABLE public.leads ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
ALTER TABLE public.notifications ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
ALTER TABLE public.posts ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
ALTER TABLE public.scrape_jobs ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
ALTER TABLE public.users ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
ALTER TABLE public.webhook_logs ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
-- When the next try is due; null on rows of producers, which are due at once.
ALTER TABLE public.webhook_logs ADD COLUMN IF NOT EXISTS next_attempt_at timestamptz;
-- Set when no further try is made by itself (wrong for ever); a replay clears it.
ALTER TABLE public.webhook_logs ADD COLUMN IF NOT EXISTS abandoned_at timestamptz;

-- What the workers' queries walk along.
CREATE INDEX IF NOT EXISTS workers_scrape_jobs_due ON public.scrape_jobs (next_check NULLS FIRST)
    WHERE status IS NULL OR status IN ('scheduled', 'running');
CREATE INDEX IF NOT EXISTS workers_notifications_pending ON public.notifications (created_at)
    WHERE (status IS NULL OR status = 'pending') AND type = 'pod_repost';
CREATE INDEX IF NOT EXISTS workers_webhook_logs_pending ON public.webhook_logs (created_at)
    WHERE status IS NULL OR status = 'pending';
CREATE INDEX IF NOT EXISTS workers_webhook_logs_retry ON public.webhook_logs (next_attempt_at)
    WHERE status = 'failed' AND abandoned_at IS NULL;
CREATE INDEX IF NOT EXISTS workers_webhook_logs_newest ON public.webhook_logs (created_at DESC);
CREATE INDEX IF NOT EXISTS workers_webhook_logs_lead ON public.webhook_logs (lead_id);
CREATE INDEX IF NOT EXISTS workers_leads_provider ON public.leads (provider_id);
CREATE INDEX IF NOT EXISTS workers_leads_linkedin ON public.leads (linkedin_id);
-- Rows from before the workers go by a slug or a URL; lead.sql compares the same
-- expressions.
CREATE INDEX IF NOT EXISTS workers_leads_names ON public.leads USING gin ((ARRAY[
        lower(linkedin_id),
        lower(substring(linkedin_id FROM '/in/([^/?#]+)')),
        lower(substring(linkedin_url FROM '/in/([^/?#]+)')),
        lower(substring(linkedin_profile_url FROM '/in/([^/?#]+)'))]))
    WHERE provider_id IS NULL;
CREATE INDEX IF NOT EXISTS workers_leads_unresolved ON public.leads (campaign_id)
    WHERE status = 'dm_sent' AND provider_id IS NULL AND linkedin_id !~ '^A[A-Za-z][A-Za-z0-9_-]{10,}$';
CREATE INDEX IF NOT EXISTS workers_leads_waiting ON public.leads (campaign_id) WHERE status = 'dm_sent';
-- An index over expressions is of use only once there are statistics of them.
ANALYZE public.leads;

-- +goose Down
-- Tables, columns and widened checks stay: they are the producers', and rows
-- written since may depend on them.
DROP INDEX IF EXISTS public.workers_scrape_jobs_due;
DROP INDEX IF EXISTS public.workers_notifications_pending;
DROP INDEX IF EXISTS public.workers_webhook_logs_pending;
DROP INDEX IF EXISTS public.workers_webhook_logs_retry;
DROP INDEX IF EXISTS public.workers_webhook_logs_newest;
DROP INDEX IF EXISTS public.workers_webhook_logs_lead;
DROP INDEX IF EXISTS public.workers_leads_provider;
DROP INDEX IF EXISTS public.workers_leads_linkedin;
DROP INDEX IF EXISTS public.workers_leads_names;
DROP INDEX IF EXISTS public.workers_leads_unresolved;
DROP INDEX IF EXISTS public.workers_leads_waiting;
