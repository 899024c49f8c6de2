package queue

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

const (
	// lockNotAvailable is Postgres' code for a lock that did not come within lock_timeout.
	// https://www.postgresql.org/docs/current/errcodes-appendix.html
	lockNotAvailable = "55P03"
	// lockedWait is when a job looks again whether the lock is free.
	lockedWait = 5 * time.Second
)

// lockWaits stands around the work itself: an attempt that ended because somebody holds a
// row locked is put off and costs nothing. It is no fault of the job, and whoever debugs
// with an open transaction for an hour must not have jobs discarded by it.
type lockWaits struct{ river.MiddlewareDefaults }

// Work runs an attempt.
func (*lockWaits) Work(ctx context.Context, _ *rivertype.JobRow, doInner func(context.Context) error) error {
	err := doInner(ctx)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == lockNotAvailable {
		return snooze(jitter(lockedWait), err)
	}
	return err
}
