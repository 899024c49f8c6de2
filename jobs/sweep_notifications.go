package jobs

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
)

// SweepNotificationsArgs asks for an email for every pending notification.
// Repeating it is safe: a row that has a job is not due.
type SweepNotificationsArgs struct{}

// Kind names the job.
func (SweepNotificationsArgs) Kind() string { return "sweep_notifications" }

// InsertOpts lets one run at a time.
func (SweepNotificationsArgs) InsertOpts() river.InsertOpts { return sweepOpts() }

// Notifications gives a send_email job to each pending row of notifications.
func (s *Sweeps) Notifications(ctx context.Context, client *queue.Client) ([]Item, error) {
	return giveJobs(ctx, client,
		func(limit int32) ([]uuid.UUID, error) { return s.NotificationListDue(ctx, s.Pool, limit) },
		func(id uuid.UUID) river.JobArgs { return SendEmailArgs{NotificationID: id} })
}
