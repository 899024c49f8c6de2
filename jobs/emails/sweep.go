package emails

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SweepNotificationsArgs asks for an email for every pending notification.
// Repeating it is safe: a row that has a job is not due.
type SweepNotificationsArgs struct{}

// Kind names the job.
func (SweepNotificationsArgs) Kind() string { return "sweep_notifications" }

// InsertOpts lets one run at a time.
func (SweepNotificationsArgs) InsertOpts() river.InsertOpts { return queue.SweepOpts() }

// Sweep gives a send_email job to each pending row of notifications.
func Sweep(pool *pgxpool.Pool) queue.Sweep {
	q := store.New()
	return func(ctx context.Context, client *queue.Client) ([]queue.Item, error) {
		return queue.EnqueueDue(ctx, client,
			func(limit int32) ([]uuid.UUID, error) { return q.NotificationListDue(ctx, pool, limit) },
			func(id uuid.UUID) river.JobArgs { return SendEmailArgs{NotificationID: id} })
	}
}
