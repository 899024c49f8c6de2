-- A producer that sets a row of webhook_logs back to pending asks for its delivery, now.
-- It does not know the columns by which the workers remember that they gave it up, or
-- when they would try it next.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.begin_anew() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
$$
BEGIN
    IF NEW.abandoned_at IS NOT NULL AND NEW.retry_count IS NOT DISTINCT FROM OLD.retry_count THEN
        NEW.retry_count = 0;
    END IF;
    NEW.abandoned_at = NULL;
    NEW.next_attempt_at = NULL;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
DROP TRIGGER IF EXISTS workers_begin_anew ON public.webhook_logs;
-- What the workers and a replay set back has none of both already.
CREATE TRIGGER workers_begin_anew BEFORE UPDATE OF status ON public.webhook_logs
    FOR EACH ROW WHEN (NEW.status = 'pending' AND OLD.status IS DISTINCT FROM 'pending'
        AND (NEW.abandoned_at IS NOT NULL
            OR NEW.next_attempt_at IS NOT NULL AND NEW.next_attempt_at IS NOT DISTINCT FROM OLD.next_attempt_at))
    EXECUTE FUNCTION workers.begin_anew();

-- +goose Down
DROP TRIGGER IF EXISTS workers_begin_anew ON public.webhook_logs;
DROP FUNCTION IF EXISTS workers.begin_anew();
