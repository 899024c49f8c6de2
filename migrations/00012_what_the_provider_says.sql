-- The provider's clock is compared with itself only; a message in doubt may wait for a
-- human; after a restore the workers look before they write; and an account is closed
-- while a write of it is under way.

-- +goose Up
ALTER TABLE workers.messages
    ADD COLUMN IF NOT EXISTS provider_claimed_at timestamptz,  -- the provider's clock at the claim; null: not known
    ADD COLUMN IF NOT EXISTS provider_sent_at timestamptz,     -- when the provider says that it was sent
    ADD COLUMN IF NOT EXISTS doubt text;
ALTER TABLE workers.messages DROP CONSTRAINT IF EXISTS messages_doubt_check;
-- own_message: somebody wrote in that chat meanwhile, and only a human can say whether
-- that was it. resend: a human said to send it, so nobody looks again.
ALTER TABLE workers.messages ADD CONSTRAINT messages_doubt_check
    CHECK (doubt IN ('own_message', 'resend')) NOT VALID;
-- Those which only their text tells.
CREATE INDEX IF NOT EXISTS messages_nameless ON workers.messages (account_id, claimed_at)
    WHERE provider_message_id IS NULL AND state IN ('sending', 'sent', 'unknown');
-- What the provider's clock said at the newest claims.
CREATE INDEX IF NOT EXISTS messages_clock ON workers.messages (account_id, claimed_at)
    WHERE provider_claimed_at IS NOT NULL AND state = 'sent';

ALTER TABLE workers.accounts
    ADD COLUMN IF NOT EXISTS writing_until timestamptz;        -- a write is under way, at most until then

-- Accounts for which the chat is read before somebody is written to.
CREATE TABLE IF NOT EXISTS workers.first_looks (
    account_id text PRIMARY KEY,                               -- empty: all of them
    since      timestamptz NOT NULL DEFAULT now(),
    until      timestamptz                                     -- null: until a human ends it
);

SELECT workers.apply_row_level_security();

-- +goose Down
-- The columns and what they know stay, as in 00003.
SELECT 1;
