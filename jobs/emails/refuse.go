package emails

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/store"
)

// maxEmailAge is how old a notification, or its post, may be: who is told of a post a day
// later cannot help it any more.
const maxEmailAge = 24 * time.Hour

// NotificationRefusals tells which of the notifications must get no email, and why. What
// the database knows decides, and its clock.
func NotificationRefusals(
	ctx context.Context, db store.DBTX, ids []uuid.UUID,
) (map[uuid.UUID]store.NotificationListRefusedRow, error) {
	rows, err := store.New().NotificationListRefused(ctx, db, store.NotificationListRefusedParams{
		Ids: ids, AgeSeconds: maxEmailAge.Seconds(), KeySeconds: keyLife.Seconds(),
	})
	if err != nil {
		return nil, fmt.Errorf("look for notifications that must not be sent: %w", err)
	}
	refused := make(map[uuid.UUID]store.NotificationListRefusedRow, len(rows))
	for _, row := range rows {
		refused[row.ID] = row
	}
	return refused, nil
}
