package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
)

// Ensure that an attempt which ended for a lock that somebody else holds is put off and
// costs nothing, and that no other error is taken for that.
func TestLockWaits(t *testing.T) {
	t.Parallel()
	for code, putOff := range map[string]bool{"55P03": true, "23505": false, "57014": false} {
		err := (&lockWaits{}).Work(t.Context(), nil, func(context.Context) error {
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
	if err := (&lockWaits{}).Work(t.Context(), nil, func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}
