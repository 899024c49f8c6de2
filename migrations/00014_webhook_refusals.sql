-- Rows of webhook_logs that the database refuses to have changed: a trigger raises, a check
-- that the row never met, an index that cannot hold it. They are set aside, so that they
-- hold up nobody else's, and tried again later. Noted here and not on the row, which may
-- not be changed at all.

-- +goose Up
CREATE TABLE IF NOT EXISTS workers.webhook_refusals (
    webhook_log_id uuid PRIMARY KEY,
    reason         text NOT NULL,          -- as the database says it
    refusals       integer NOT NULL DEFAULT 1,
    refused_at     timestamptz NOT NULL DEFAULT now(),
    again_at       timestamptz NOT NULL
);

SELECT workers.apply_row_level_security();

-- +goose Down
-- The table stays, as in 00003: whoever mends the rows looks for them there.
SELECT 1;
