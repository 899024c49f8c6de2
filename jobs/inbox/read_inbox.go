package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

const (
	// Messages are synchronised late, so each read goes back a little; known ids
	// are dropped. https://developer.unipile.com/docs/get-messages
	inboxOverlap = 10 * time.Minute
	// How far back the first look into an account goes: leads from before the
	// workers may have answered already.
	inboxFirstLook = 7 * 24 * time.Hour
	// How far back a few looks a day go, for what was synchronised later than that. When they
	// are due is in store/account.sql.
	inboxDeep = 48 * time.Hour
)

// readNew stores the messages of leads since the last look. Strangers' are not kept.
func (w *checkInbox) readNew(ctx context.Context, accountID string) (look store.AccountGetInboxRow, err error) {
	if err := w.AccountEnsure(ctx, w.pool, accountID); err != nil {
		return look, fmt.Errorf("make account row: %w", err)
	}
	look, err = w.AccountGetInbox(ctx, w.pool, store.AccountGetInboxParams{
		ID: accountID, OverlapSeconds: inboxOverlap.Seconds(),
		DeepSeconds: inboxDeep.Seconds(), FirstLookSeconds: inboxFirstLook.Seconds(),
	})
	if err != nil {
		return look, fmt.Errorf("read account: %w", err)
	}
	newest, _, err := w.readSince(ctx, accountID, look.Since)
	if err != nil {
		return look, err
	}
	if look.IsFirst {
		if err := w.endDeepRead(ctx, accountID, look); err != nil {
			return look, err
		}
	}
	// Only now: a read that broke off starts again from the same point.
	if newest.IsZero() {
		return look, nil
	}
	// A time from the future (a bug at the provider) would make us deaf. It is the future
	// of the provider: the mark is a time of its messages.
	switch now := w.linkedin.Now(); {
	case now.IsZero():
		return look, nil // from the same point again, until its clock is known
	case newest.After(now):
		newest = now
	}
	return look, w.AccountSetInboxRead(ctx, w.pool, store.AccountSetInboxReadParams{
		ID: accountID, InboxReadUntil: newest, InboxRewinds: look.InboxRewinds,
	})
}

// readDeep stores what was synchronised too late for the looks before. It reports whether
// there is something to handle, all the same when it breaks off.
func (w *checkInbox) readDeep(ctx context.Context, accountID string, look store.AccountGetInboxRow) (fresh bool, err error) {
	// Before the calls: one that breaks off is not repeated at the next look.
	if err := w.AccountBeginDeepRead(ctx, w.pool, accountID); err != nil {
		return false, fmt.Errorf("begin deep read: %w", err)
	}
	if _, fresh, err = w.readSince(ctx, accountID, look.DeepSince); err != nil {
		return fresh, err
	}
	return fresh, w.endDeepRead(ctx, accountID, look)
}

func (w *checkInbox) endDeepRead(ctx context.Context, accountID string, look store.AccountGetInboxRow) error {
	err := w.AccountEndDeepRead(ctx, w.pool, store.AccountEndDeepReadParams{ID: accountID, BeganAt: look.Now})
	if err != nil {
		return fmt.Errorf("end deep read: %w", err)
	}
	return nil
}

// readSince stores each page of an account's messages after a time, newest first. It
// returns the time of the newest, and whether any was new.
func (w *checkInbox) readSince(ctx context.Context, accountID string, since time.Time) (newest time.Time, fresh bool, err error) {
	walk := unipile.NewWalk("list messages", accountID, "")
	for cursor := ""; ; {
		page, err := w.linkedin.Messages(ctx, accountID, since, cursor)
		if err != nil {
			return newest, fresh, err
		}
		for _, m := range page.Messages {
			newest = queue.Later(newest, m.At)
		}
		isNew, err := w.storePage(ctx, accountID, page.Messages)
		fresh = fresh || isNew
		if err != nil {
			return newest, fresh, err
		}
		if cursor, err = walk.Next(page); err != nil || cursor == "" {
			return newest, fresh, err
		}
	}
}

func (w *checkInbox) storePage(ctx context.Context, accountID string, messages []unipile.Message) (fresh bool, err error) {
	ids, err := storeMessages(ctx, w.pool, accountID, messages)
	if err != nil {
		return len(ids) > 0, err
	}
	return len(ids) > 0, noteOwn(ctx, w.pool, accountID, messages)
}
