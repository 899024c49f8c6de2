-- Row level security for Supabase: service_role everything, authenticated reads
-- the rows of its own client, anon nothing. On a plain Postgres, where these
-- roles do not exist, nothing is switched on, because row level security without
-- policies would hide every row from roles that do not own the tables.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION workers.apply_row_level_security() RETURNS void
    LANGUAGE plpgsql SET search_path = '' AS
$$
DECLARE
    has_service constant boolean := EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'service_role');
    has_authenticated constant boolean := EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'authenticated')
        AND to_regprocedure('auth.uid()') IS NOT NULL;
    has_anon constant boolean := EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'anon');
    of_my_campaigns constant text :=
        'campaign_id IN (SELECT c.id FROM public.campaigns c WHERE c.client_id = (SELECT workers.current_client_id()))';
    rule record;
    r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['service_role', 'authenticated', 'anon'] LOOP
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r) THEN
            EXECUTE format('REVOKE ALL ON SCHEMA workers FROM %I', r);
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA workers FROM %I', r);
            EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA workers FROM %I', r);
        END IF;
    END LOOP;
    IF NOT (has_service OR has_authenticated OR has_anon) THEN
        RETURN;
    END IF;

    -- A policy that asks users for the caller's client would recurse into the
    -- policy of users itself, hence a function that runs as the owner.
    IF has_authenticated THEN
        CREATE OR REPLACE FUNCTION workers.current_client_id() RETURNS uuid
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
            'SELECT u.client_id FROM public.users u WHERE u.id = auth.uid()';
    END IF;

    FOR rule IN
        SELECT * FROM (VALUES
            ('clients', 'Users can view their client', 'id = (SELECT workers.current_client_id())'),
            ('users', 'Users can view themselves', 'id = (SELECT auth.uid())'),
            ('linkedin_accounts', 'Users can view their LinkedIn accounts', 'user_id = (SELECT auth.uid())'),
            ('webhook_configs', 'Users can view their webhook configs',
                'client_id = (SELECT workers.current_client_id())'),
            ('campaigns', 'Users can view their campaigns', 'client_id = (SELECT workers.current_client_id())'),
            ('posts', 'Users can view their campaign posts', of_my_campaigns),
            ('scrape_jobs', 'Users can view their campaign scrape jobs', of_my_campaigns),
            ('leads', 'Users can view their campaign leads', of_my_campaigns),
            ('webhook_logs', 'Users can view their campaign webhook logs', of_my_campaigns
                || ' OR lead_id IN (SELECT l.id FROM public.leads l)'),
            ('notifications', 'Users can view their notifications', 'user_id = (SELECT auth.uid())')
        ) AS t (tbl, policy, using_expr)
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', rule.tbl);
        IF has_service THEN
            EXECUTE format('DROP POLICY IF EXISTS "Service role full access" ON public.%I', rule.tbl);
            EXECUTE format('CREATE POLICY "Service role full access" ON public.%I FOR ALL TO service_role'
                || ' USING (true) WITH CHECK (true)', rule.tbl);
            EXECUTE format('GRANT ALL ON public.%I TO service_role', rule.tbl);
        END IF;
        IF has_authenticated THEN
            EXECUTE format('DROP POLICY IF EXISTS %I ON public.%I', rule.policy, rule.tbl);
            EXECUTE format('CREATE POLICY %I ON public.%I FOR SELECT TO authenticated USING (%s)',
                rule.policy, rule.tbl, rule.using_expr);
            EXECUTE format('GRANT SELECT ON public.%I TO authenticated', rule.tbl);
            -- Row level security does not cover TRUNCATE.
            EXECUTE format('REVOKE TRUNCATE ON public.%I FROM authenticated', rule.tbl);
        END IF;
        IF has_anon THEN
            EXECUTE format('REVOKE ALL ON public.%I FROM anon', rule.tbl);
        END IF;
    END LOOP;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON SCHEMA workers FROM PUBLIC;
REVOKE ALL ON FUNCTION workers.apply_row_level_security() FROM PUBLIC;
SELECT workers.apply_row_level_security();

-- +goose Down
-- The policies stay: taking them away would lock the web app out of its own
-- rows, and switching row level security off would open the rows to everyone.
DROP FUNCTION IF EXISTS workers.apply_row_level_security();
