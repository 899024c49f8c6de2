-- name: CampaignExists :one
SELECT EXISTS (
    SELECT FROM public.campaigns
    WHERE id = @id);

-- name: ClientExists :one
SELECT EXISTS (
    SELECT FROM public.clients
    WHERE id = @id);

-- name: CampaignListWordings :many
-- How campaigns write: those that are named, else all that are not completed.
SELECT
    c.id,
    c.name,
    c.client_id,
    coalesce(c.dm_template_step1, '')::text AS dm_template,
    c.settings,
    concat_ws(',', c.trigger_word, (
        SELECT string_agg(DISTINCT s.trigger_word, ',')
        FROM public.scrape_jobs s
        WHERE s.campaign_id = c.id))::text AS trigger_words
FROM public.campaigns c
WHERE CASE WHEN cardinality(@ids::uuid[]) = 0 THEN coalesce(c.status, 'draft') <> 'completed' ELSE c.id = ANY (@ids) END
ORDER BY c.name, c.id;

-- name: CampaignGetWebhook :one
-- Where the leads of a campaign go: to the URL of its newest scrape job, else to its
-- own, else to that of its active configuration, as in ScrapeJobGetForLead.
SELECT
    c.id,
    coalesce(c.client_id, c.id) AS scope,
    coalesce(nullif(btrim(s.webhook_url), ''), nullif(btrim(c.webhook_url), ''), w.url, '')::text AS webhook_url
FROM public.campaigns c
LEFT JOIN public.scrape_jobs s ON s.campaign_id = c.id
LEFT JOIN public.webhook_configs w ON w.id = c.webhook_config_id AND coalesce(w.active, true)
WHERE c.id = @id
ORDER BY s.created_at DESC NULLS LAST
LIMIT 1;
