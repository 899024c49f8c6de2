package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// figures are what the funnel amounts to, as the script, the database or the
// fakes have it.
type figures struct {
	Comments      int // read under the post
	Asks          int // comments that ask for the guide
	Leads         int
	FirstDMs      int
	NotConnected  int // and never became a connection
	PublicReplies int
	Invitations   int
	Answers       int // messages of people who were written to
	Questions     int // put after an answer that was doubtful
	OptedOut      int
	Addresses     int
	BackupLinks   int
	Webhooks      int // delivered
	Failures      int // deliveries that failed and were tried again
	EmailsSent    int
	EmailsFailed  int
	Escaped       int // emails whose foreign HTML arrived as text
	Open          int // messages that wait or are in doubt
}

// unknown is a figure that a side cannot have.
const unknown = -1

// progress is how many steps of the funnel are done.
func (f figures) progress() int {
	return f.Comments + f.FirstDMs + f.NotConnected + f.PublicReplies + f.Invitations + f.Answers + f.Questions + f.Addresses + f.OptedOut +
		f.BackupLinks + f.Webhooks + f.EmailsSent + f.EmailsFailed
}

// readFigures counts the rows of the database.
func readFigures(ctx context.Context, pool *pgxpool.Pool) (figures, error) {
	rows, err := pool.Query(ctx, `
SELECT
    (SELECT count(*) FROM workers.comments) AS comments,
    (SELECT count(*) FROM workers.comments WHERE keyword IS NOT NULL) AS asks,
    (SELECT count(*) FROM leads) AS leads,
    (SELECT count(*) FROM workers.messages WHERE purpose = 'first_dm' AND state = 'sent') AS first_dms,
    (SELECT count(*) FROM leads WHERE status = 'not_connected') AS not_connected,
    (SELECT count(*) FROM workers.messages WHERE purpose = 'public_reply' AND state = 'sent') AS public_replies,
    (SELECT count(*) FROM workers.messages WHERE purpose = 'invitation' AND state = 'sent') AS invitations,
    (SELECT count(*) FROM workers.inbox_messages) AS answers,
    (SELECT count(*) FROM workers.messages WHERE purpose IN ('second_question', 'third_question') AND state = 'sent') AS questions,
    (SELECT count(*) FROM leads WHERE status = 'opted_out') AS opted_out,
    (SELECT count(*) FROM leads WHERE email IS NOT NULL) AS addresses,
    (SELECT count(*) FROM workers.messages WHERE purpose = 'backup_link' AND state = 'sent') AS backup_links,
    (SELECT count(*) FROM webhook_logs WHERE status = 'sent') AS webhooks,
    (SELECT coalesce(sum(retry_count), 0) FROM webhook_logs) AS failures,
    (SELECT count(*) FROM notifications WHERE status = 'sent') AS emails_sent,
    (SELECT count(*) FROM notifications
     WHERE status = 'failed' AND error_message = 'User has no email address') AS emails_failed,
    (SELECT count(*) FROM workers.messages WHERE state IN ('queued', 'sending', 'unknown')) AS open,
    -1 AS escaped`)
	if err != nil {
		return figures{}, fmt.Errorf("read figures: %w", err)
	}
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[figures])
	if err != nil {
		return figures{}, fmt.Errorf("read figures: %w", err)
	}
	return f, nil
}

// counters are the worker's own on the row of the scrape job.
type counters struct {
	CommentsScanned, TriggerWordsFound, DmsSent, EmailsCaptured int
	LastError                                                   string
}

func readCounters(ctx context.Context, pool *pgxpool.Pool) (counters, error) {
	rows, err := pool.Query(ctx, `
SELECT comments_scanned, trigger_words_found, dms_sent, emails_captured, coalesce(last_error, '') AS last_error
FROM scrape_jobs`)
	if err != nil {
		return counters{}, fmt.Errorf("read counters: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[counters])
	if err != nil {
		return counters{}, fmt.Errorf("read counters: %w", err)
	}
	return c, nil
}

// leadRow is what became of a person.
type leadRow struct {
	PersonID, Status, Email string
}

func readLeads(ctx context.Context, pool *pgxpool.Pool) (map[string]leadRow, error) {
	rows, err := pool.Query(ctx, `
SELECT linkedin_id AS person_id, coalesce(status, '') AS status, coalesce(email, '') AS email
FROM leads`)
	if err != nil {
		return nil, fmt.Errorf("read leads: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[leadRow])
	if err != nil {
		return nil, fmt.Errorf("read leads: %w", err)
	}
	leads := make(map[string]leadRow, len(list))
	for _, l := range list {
		leads[l.PersonID] = l
	}
	return leads, nil
}
