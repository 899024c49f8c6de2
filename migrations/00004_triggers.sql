-- Triggers on the producers' tables: updated_at, and a notification that wakes
-- the worker's listener, so that a row is picked up within a second.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.touch_updated_at() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.notify_rows() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$
BEGIN
    -- Equal notifications of one transaction are sent once, whatever its size.
    PERFORM pg_notify('workers_rows', TG_TABLE_NAME);
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['campaigns', 'leads', 'notifications', 'posts', 'scrape_jobs', 'users', 'webhook_logs'] LOOP
        -- Replaces the producers' own trigger of that name, which does the same.
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON public.%I', 'update_' || t || '_updated_at', t);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON public.%I FOR EACH ROW'
            || ' EXECUTE FUNCTION workers.touch_updated_at()', 'update_' || t || '_updated_at', t);
    END LOOP;
END $$;
-- +goose StatementEnd

DROP TRIGGER IF EXISTS workers_notify ON public.scrape_jobs;
CREATE TRIGGER workers_notify AFTER INSERT OR UPDATE OF status, next_check ON public.scrape_jobs
    FOR EACH ROW WHEN (coalesce(NEW.status, 'scheduled') IN ('scheduled', 'running')
        AND (NEW.next_check IS NULL OR NEW.next_check <= now()))
    EXECUTE FUNCTION workers.notify_rows();

DROP TRIGGER IF EXISTS workers_notify ON public.notifications;
CREATE TRIGGER workers_notify AFTER INSERT OR UPDATE OF status ON public.notifications
    FOR EACH ROW WHEN (coalesce(NEW.status, 'pending') = 'pending' AND NEW.type = 'pod_repost')
    EXECUTE FUNCTION workers.notify_rows();

DROP TRIGGER IF EXISTS workers_notify ON public.webhook_logs;
CREATE TRIGGER workers_notify AFTER INSERT OR UPDATE OF status ON public.webhook_logs
    FOR EACH ROW WHEN (coalesce(NEW.status, 'pending') = 'pending')
    EXECUTE FUNCTION workers.notify_rows();

DROP TRIGGER IF EXISTS workers_notify ON workers.messages;
CREATE TRIGGER workers_notify AFTER INSERT OR UPDATE OF state ON workers.messages
    FOR EACH ROW WHEN (NEW.state = 'queued')
    EXECUTE FUNCTION workers.notify_rows();

-- +goose Down
DROP TRIGGER IF EXISTS workers_notify ON workers.messages;
DROP TRIGGER IF EXISTS workers_notify ON public.webhook_logs;
DROP TRIGGER IF EXISTS workers_notify ON public.notifications;
DROP TRIGGER IF EXISTS workers_notify ON public.scrape_jobs;
-- updated_at goes on being kept: the producers' triggers of these names were replaced.
DROP FUNCTION IF EXISTS workers.notify_rows();
