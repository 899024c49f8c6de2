-- What our queries touch of River's tables; River's own migrations create them.
CREATE SCHEMA IF NOT EXISTS workers;
CREATE TYPE workers.river_job_state AS ENUM (
    'available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'
);
CREATE TABLE workers.river_job (
    id           bigserial PRIMARY KEY,
    args         jsonb NOT NULL,
    attempt      smallint NOT NULL,
    attempted_at timestamptz,
    attempted_by text[],
    created_at   timestamptz NOT NULL,
    errors       jsonb[],
    finalized_at timestamptz,
    kind         text NOT NULL,
    max_attempts smallint NOT NULL,
    priority     smallint NOT NULL,
    queue        text NOT NULL,
    state        workers.river_job_state NOT NULL,
    scheduled_at timestamptz NOT NULL
);
CREATE TABLE workers.river_leader (
    leader_id text NOT NULL
);
CREATE TABLE workers.river_queue (
    name      text PRIMARY KEY,
    paused_at timestamptz
);
