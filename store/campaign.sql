-- name: CampaignExists :one
SELECT EXISTS (
    SELECT FROM public.campaigns
    WHERE id = @id);

-- name: ClientExists :one
SELECT EXISTS (
    SELECT FROM public.clients
    WHERE id = @id);
