-- For sqlc only: what the queries here use of Postgres's own views.
CREATE TABLE pg_stat_activity (
    application_name text NOT NULL,
    datname          text,
    pid              integer NOT NULL,
    usename          text
);
