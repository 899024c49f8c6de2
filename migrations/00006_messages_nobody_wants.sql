-- An account may have ten thousand messages that wait. Whether an answer is among
-- them is asked at every claim, and whether somebody opted out, of each at every sweep.

-- +goose Up
CREATE INDEX IF NOT EXISTS messages_queued ON workers.messages (account_id, purpose) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS workers_leads_out_provider ON public.leads (provider_id) WHERE status = 'opted_out';
CREATE INDEX IF NOT EXISTS workers_leads_out_linkedin ON public.leads (linkedin_id) WHERE status = 'opted_out';

-- +goose Down
DROP INDEX IF EXISTS public.workers_leads_out_linkedin;
DROP INDEX IF EXISTS public.workers_leads_out_provider;
DROP INDEX IF EXISTS workers.messages_queued;
