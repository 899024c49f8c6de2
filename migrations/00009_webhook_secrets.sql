-- Secrets of campaigns, which sign their webhooks, and when a row was last delivered
-- again by hand. A secret is here only as AES-256-GCM under a key that the database
-- does not have. There is no foreign key to public.campaigns: prune removes what is
-- left of a deleted one.

-- +goose Up
CREATE TABLE IF NOT EXISTS workers.webhook_secrets (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id uuid NOT NULL,
    ciphertext  bytea NOT NULL,
    key_id      text NOT NULL,                 -- which key opens it
    fingerprint text NOT NULL,                 -- end of the secret's SHA-256, to be shown
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz                    -- null: the current one; else it signs until then
);
-- Whatever happens at the same time, a campaign has one current secret.
CREATE UNIQUE INDEX IF NOT EXISTS webhook_secrets_current ON workers.webhook_secrets (campaign_id)
    WHERE expires_at IS NULL;
CREATE INDEX IF NOT EXISTS webhook_secrets_campaign ON workers.webhook_secrets (campaign_id, created_at DESC);

SELECT workers.apply_row_level_security();

-- A try that follows a replay is one that somebody asked for, until it is made.
ALTER TABLE public.webhook_logs
    ADD COLUMN IF NOT EXISTS replayed_at timestamptz;

-- +goose Down
-- The secrets stay: receivers hold them, and nobody could make them again.
SELECT 1;
