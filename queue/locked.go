package queue

import (
	"context"
	"encoding/json"
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
	// lockedWait is when a job looks again whether the lock is free. It waits that much
	// longer each time: each look may cost calls of a vendor.
	lockedWait = 5 * time.Second
	mostWaits  = 5 // times that it grows
)

// lockWaits stands around the work itself: an attempt that ended because somebody holds a
// row locked is put off and costs nothing. It is no fault of the job, and whoever debugs
// with an open transaction for an hour must not have jobs discarded by it.
type lockWaits struct{ river.MiddlewareDefaults }

// Work runs an attempt.
func (*lockWaits) Work(ctx context.Context, job *rivertype.JobRow, doInner func(context.Context) error) error {
	err := doInner(ctx)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == lockNotAvailable {
		return snooze(jitter(lockedWait*time.Duration(1+min(snoozes(job), mostWaits))), err)
	}
	return err
}

// WasPutOff reports whether this is not the first attempt at a job.
func WasPutOff(job *rivertype.JobRow) bool { return job.Attempt > 1 || snoozes(job) > 0 }

// snoozes is how often a job was put off without spending an attempt, as River notes it.
func snoozes(job *rivertype.JobRow) int {
	var noted struct {
		Snoozes int `json:"snoozes"`
	}
	if json.Unmarshal(job.Metadata, &noted) != nil {
		return 0 // somebody else's metadata: it tells nothing
	}
	return max(noted.Snoozes, 0)
}
