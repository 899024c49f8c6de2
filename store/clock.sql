-- name: ClockNow :one
-- The time of the database's clock, which decides what is due.
SELECT clock_timestamp()::timestamptz AS now;
