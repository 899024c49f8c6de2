package emails

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/resend"
	"github.com/bravorevos/workers/store"
)

const (
	// keyLife is for how long after a first try Resend is relied upon to remember its
	// idempotency key. It says 24 hours; the hour less is for a try that takes long.
	// https://resend.com/docs/dashboard/emails/idempotency-keys
	keyLife = 23 * time.Hour
	// recordTime is what writing down an outcome may take, also when the job is being
	// stopped: the service has answered, and would not answer the same again for ever.
	recordTime = 10 * time.Second
)

// ledgerEmail is one email of the ledger: what keeps it from going out twice.
type ledgerEmail struct {
	Key            string // at Resend, and of workers.emails
	Kind           string
	NotificationID *uuid.UUID
	UserID         uuid.UUID
}

// inDoubtError is an email that may have arrived and that Resend would not recognise any
// more: it is not sent again by itself.
type inDoubtError struct {
	Key   string
	Since time.Time
}

// Error says since when, as operators and support read it.
func (e *inDoubtError) Error() string {
	return fmt.Sprintf("Outcome unknown: Resend did not answer the try of %s, so the email may have arrived; "+
		"it is not sent again by itself", e.Since.UTC().Format("2006-01-02 15:04 UTC"))
}

// refusedError is a try that Resend refused, of an email that may have gone out before.
type refusedError struct {
	Err     error
	InDoubt *time.Time // since when; nil: surely nothing went out
}

// Error is the refusal.
func (e *refusedError) Error() string { return e.Err.Error() }

// Unwrap gives the refusal.
func (e *refusedError) Unwrap() error { return e.Err }

// recordSent writes an email down where it was asked for. It gets Resend's id, or "" where
// that did not tell.
type recordSent func(ctx context.Context, tx pgx.Tx, vendorID string) error

// emailLedger sends emails, each at most once, whatever crashes.
type emailLedger struct {
	*store.Queries

	pool *pgxpool.Pool

	mailer mailer
}

// send notes a try, makes it, and notes its outcome: of one that went out in the
// transaction that records it. An email that was sent before is only recorded.
func (l emailLedger) send(ctx context.Context, e ledgerEmail, email resend.Email, record recordSent) error {
	email.IdempotencyKey = e.Key
	attempts, err := l.EmailBegin(ctx, l.pool, store.EmailBeginParams{
		Key: e.Key, Kind: e.Kind, NotificationID: e.NotificationID, UserID: &e.UserID, KeySeconds: keyLife.Seconds(),
	})
	if err != nil {
		return fmt.Errorf("begin email %s: %w", e.Key, err)
	}
	if len(attempts) == 0 {
		return l.recall(ctx, e, record)
	}
	vendorID, err := l.mailer.Send(ctx, email)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	failure := integrations.As(err)
	switch {
	case err == nil:
		return l.recordSent(ctx, e, vendorID, "", record)
	case failure != nil && failure.Type == resend.TypeIdempotencyMismatch:
		// Resend compares with what it sent under this Key: the words have changed since.
		return l.recordSent(ctx, e, "", failure.Type, record)
	case failure == nil || failure.OutcomeUnknown:
		return errors.Join(err, l.recordUnknown(ctx, e, failure))
	default:
		return l.recordRefused(ctx, e, attempts[0], failure)
	}
}

// recall handles an email that must not be tried: it was sent, or is in doubt for longer
// than Resend remembers.
func (l emailLedger) recall(ctx context.Context, e ledgerEmail, record recordSent) error {
	known, err := l.EmailGet(ctx, l.pool, e.Key)
	if err != nil {
		return fmt.Errorf("read email %s: %w", e.Key, err)
	}
	if known.State == store.EmailSent {
		return l.recordSent(ctx, e, known.VendorID, "", record)
	}
	if known.InDoubtSince == nil {
		return fmt.Errorf("email %s was released this instant", e.Key) // by somebody who wants it sent
	}
	return &inDoubtError{Key: e.Key, Since: *known.InDoubtSince}
}

func (l emailLedger) recordSent(
	ctx context.Context, e ledgerEmail, vendorID, errorType string, record recordSent,
) error {
	err := store.InTx(ctx, l.pool, func(tx pgx.Tx) error {
		err := l.EmailRecordSent(ctx, tx, store.EmailRecordSentParams{Key: e.Key, VendorID: vendorID, ErrorType: errorType})
		if err != nil {
			return err
		}
		return record(ctx, tx, vendorID)
	})
	if store.IsLocked(err) {
		// Where it was asked for is written down later; Resend must not be asked until then.
		sent := store.EmailRecordSentParams{Key: e.Key, VendorID: vendorID, ErrorType: errorType}
		err = errors.Join(err, l.EmailRecordSent(ctx, l.pool, sent))
	}
	if err != nil {
		return fmt.Errorf("record email %s as sent: %w", e.Key, err)
	}
	return nil
}

func (l emailLedger) recordUnknown(ctx context.Context, e ledgerEmail, failure *integrations.Error) error {
	outcome := store.EmailRecordUnknownParams{Key: e.Key}
	if failure != nil {
		outcome.ErrorType, outcome.ErrorDetail = failure.Type, failure.Detail
	}
	if err := l.EmailRecordUnknown(ctx, l.pool, outcome); err != nil {
		return fmt.Errorf("record email %s as unknown: %w", e.Key, err)
	}
	return nil
}

// recordRefused returns the refusal, with what it leaves in doubt.
func (l emailLedger) recordRefused(
	ctx context.Context, e ledgerEmail, attempt int32, failure *integrations.Error,
) error {
	state := store.EmailQueued
	if failure.Kind == integrations.Rejected {
		state = store.EmailFailed
	}
	doubt, err := l.EmailRecordRefused(ctx, l.pool, store.EmailRecordRefusedParams{
		Key: e.Key, Attempt: attempt, State: state, ErrorType: failure.Type, ErrorDetail: failure.Detail,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // another try of it, at the same time, went through
	}
	if err != nil {
		return errors.Join(failure, fmt.Errorf("record refusal of email %s: %w", e.Key, err))
	}
	return &refusedError{Err: failure, InDoubt: doubt}
}
