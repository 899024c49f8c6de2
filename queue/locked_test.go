package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Ensure that an attempt which ended for a lock that somebody else holds is put off and
// costs nothing, and that no other error is taken for that.
func TestLockWaits(t *testing.T) {
	t.Parallel()
	for code, putOff := range map[string]bool{"55P03": true, "23505": false, "57014": false} {
		err := (&lockWaits{}).Work(t.Context(), &rivertype.JobRow{}, func(context.Context) error {
			return fmt.Errorf("record try: %w", &pgconn.PgError{Code: code})
		})
		snooze, ok := errors.AsType[*river.JobSnoozeError](err)
		if ok != putOff || ok && snooze.Duration < lockedWait {
			t.Errorf("%s: %v, want it put off: %t", code, err, putOff)
		}
		if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != code {
			t.Errorf("%s: the cause is lost: %v", code, err)
		}
	}
	if err := (&lockWaits{}).Work(t.Context(), &rivertype.JobRow{}, func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

// Ensure that a job looks more seldom the longer the lock is held, and that what others
// wrote into its metadata is no harm.
func TestLockWaitsGrow(t *testing.T) {
	t.Parallel()
	for metadata, least := range map[string]time.Duration{
		"": lockedWait, `{"snoozes": 1}`: 2 * lockedWait, `{"snoozes": 1000000000000}`: (1 + mostWaits) * lockedWait, `{"snoozes": -1}`: lockedWait, "[]": lockedWait,
	} {
		err := (&lockWaits{}).Work(t.Context(), &rivertype.JobRow{Metadata: []byte(metadata)}, func(context.Context) error {
			return &pgconn.PgError{Code: lockNotAvailable}
		})
		if snooze, ok := errors.AsType[*river.JobSnoozeError](err); !ok || snooze.Duration < least || snooze.Duration > 2*least {
			t.Errorf("metadata %s: %v, want a wait of about %s", metadata, err, least)
		}
	}
}
