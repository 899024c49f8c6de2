package messages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/campaigns"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// What happens to people who cannot be written to. Commenting on a post does not
// open LinkedIn's messaging: only first-degree connections can be written to.

// passOver settles a first message to somebody who is known not to be a connection
// without trying it, since each refused try counts against the account. Where a chat
// exists, messages pass all the same. It reports whether the message is settled.
func (w *sendDM) passOver(ctx context.Context, id int64) (bool, error) {
	m, err := w.MessageGetForSend(ctx, w.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read message %d: %w", id, err)
	}
	if m.AccountStopped || !m.IsToStranger {
		return m.AccountStopped, nil
	}
	chats, err := ChatsWith(ctx, w.linkedin, m.AccountID, m.RecipientID)
	if e := integrations.As(err); e != nil && e.Kind == integrations.Rejected {
		// What cannot be known must be tried, when the limits allow a first message.
		if err := w.MessageForgetDistance(ctx, w.pool, id); err != nil {
			return false, fmt.Errorf("forget distance of message %d: %w", id, err)
		}
		return false, nil
	}
	if err != nil {
		return true, w.recordNoSight(ctx, id, m.Now.Sub(m.CreatedAt), fmt.Errorf("look for a chat of message %d: %w", id, err))
	}
	if len(chats) > 0 {
		// Known from now on, and a chat may be written to whatever the distance.
		if err := w.MessageSetChat(ctx, w.pool, store.MessageSetChatParams{ID: id, ChatID: &chats[0]}); err != nil {
			return false, fmt.Errorf("set chat of message %d: %w", id, err)
		}
		return false, nil
	}
	settled := false
	err = store.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		m, err := w.MessageLock(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("lock message %d: %w", id, err)
		}
		if skipped, err := skipUnwanted(ctx, tx, id, id); err != nil || skipped > 0 || m.Rests {
			return err // not settled: the claim deals with it
		}
		if goes, err := isNobodyContacted(ctx, tx, id); err != nil || !goes {
			return err
		}
		rows, err := w.MessageFailUnsent(ctx, tx, store.MessageFailUnsentParams{ID: id, ErrorType: unipile.TypeNoConnection})
		if err != nil || rows == 0 {
			return err
		}
		settled = true
		return w.cannotBeReached(ctx, tx, &m, unipile.TypeNoConnection)
	})
	if err != nil {
		return false, fmt.Errorf("pass over message %d: %w", id, err)
	}
	if settled {
		w.countFailed(m.Purpose)
	}
	return settled, nil
}

// recordNoSight lets a message wait of which it could not be seen whether a chat exists.
func (w *sendDM) recordNoSight(ctx context.Context, id int64, age time.Duration, cause error) error {
	e := integrations.As(cause)
	if e == nil || e.Kind == integrations.Denied && e.Scope == integrations.ScopeAccount {
		return cause // ours, or the account is stopped: the row need not wait
	}
	until := queue.Now(ctx).Add(lookAgain(e, age))
	if err := w.MessagePostpone(ctx, w.pool, store.MessagePostponeParams{ID: id, NotBefore: &until}); err != nil {
		return errors.Join(cause, fmt.Errorf("postpone message %d: %w", id, err))
	}
	return &queue.Recorded{Err: cause}
}

// cannotBeReached moves the lead on when its first message is refused for ever.
// Who is merely no connection is waited for, and gets what the campaign wants
// meanwhile: a public reply, an invitation, both or nothing.
func (w *sendDM) cannotBeReached(ctx context.Context, tx pgx.Tx, m *store.MessageLockRow, reason string) error {
	if m.LeadID == nil {
		return nil
	}
	move := store.LeadMoveParams{ID: *m.LeadID, FromStatus: store.LeadCommentDetected, ToStatus: store.LeadNotConnected}
	if moved, err := w.LeadMove(ctx, tx, move); err != nil || moved == 0 {
		return err
	}
	if reason != unipile.TypeNoConnection {
		return nil
	}
	lead, err := w.LeadGetForWording(ctx, tx, store.LeadGetForWordingParams{
		LeadID: *m.LeadID, ScrapeJobID: store.Value(m.ScrapeJobID), CommentID: store.Value(m.CommentID),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // its campaign is gone
	}
	if err != nil {
		return fmt.Errorf("read lead %s: %w", *m.LeadID, err)
	}
	wording, err := campaigns.Wording(lead.Settings, lead.DmTemplate, lead.TriggerWords)
	if err == nil {
		err = w.queueOtherRoutes(ctx, tx, m, lead, wording)
	}
	if campaigns.IsMistake(err) {
		// A wrong setting must not keep the outcome from being recorded: its owner is told.
		err = campaigns.Note(ctx, tx, m.ScrapeJobID, err)
	}
	if err != nil {
		return err
	}
	return w.RelationAwait(ctx, tx, store.RelationAwaitParams{
		AccountID: m.AccountID, PersonID: m.RecipientID, MessageID: m.ID, LeadID: m.LeadID,
		ExpiresAt: m.Now.Add(wording.ExpireAfter()),
	})
}

// queueOtherRoutes queues what the campaign has for people who are no connection.
func (w *sendDM) queueOtherRoutes(
	ctx context.Context, tx pgx.Tx, m *store.MessageLockRow, lead store.LeadGetForWordingRow, wording conversation.Wording,
) error {
	to := conversation.Recipient{FirstName: lead.FirstName, LastName: lead.LastName, FullName: lead.Name, Company: lead.Company}
	key := campaigns.Key(m.CampaignID, m.RecipientID)
	route := store.MessageInsertParams{
		AccountID: m.AccountID, CampaignID: m.CampaignID, ScrapeJobID: m.ScrapeJobID, LeadID: m.LeadID,
		RecipientID: m.RecipientID, PostSocialID: m.PostSocialID, CommentID: m.CommentID,
	}
	if wording.RepliesInPublic() && store.Value(m.PostSocialID) != "" && store.Value(m.CommentID) != "" {
		body, err := wording.PublicReply(to, key)
		if err != nil {
			return campaigns.Mistake(fmt.Errorf("public reply: %w", err))
		}
		route.Purpose, route.Body = store.PurposePublicReply, body
		if err := Queue(ctx, tx, route); err != nil {
			return err
		}
	}
	if wording.Invites() {
		body, err := wording.InvitationNote(to, campaigns.Keyword(lead.Keyword, wording.Keywords), key)
		if err != nil {
			return campaigns.Mistake(fmt.Errorf("invitation: %w", err))
		}
		route.Purpose, route.Body = store.PurposeInvitation, body
		return Queue(ctx, tx, route)
	}
	return nil
}

// RelationsAppeared lets the first messages go out to people who became
// connections, a little later than at once.
func RelationsAppeared(ctx context.Context, tx pgx.Tx, accountID string, people []string, delay time.Duration) error {
	q := store.New()
	// Whoever is a stranger still, and was not passed over yet.
	after := queue.Now(ctx).Add(delay)
	connect := store.MessageConnectParams{AccountID: accountID, People: people, NotBefore: after}
	if err := q.MessageConnect(ctx, tx, connect); err != nil {
		return fmt.Errorf("note connections of account %s: %w", accountID, err)
	}
	taken, err := q.RelationTake(ctx, tx, store.RelationTakeParams{AccountID: accountID, People: people})
	if err != nil {
		return fmt.Errorf("take relations of account %s: %w", accountID, err)
	}
	for _, r := range taken {
		if r.LeadID == nil {
			continue
		}
		move := store.LeadMoveParams{ID: *r.LeadID, FromStatus: store.LeadNotConnected, ToStatus: store.LeadCommentDetected}
		if moved, err := q.LeadMove(ctx, tx, move); err != nil {
			return fmt.Errorf("move lead %s: %w", *r.LeadID, err)
		} else if moved == 0 {
			continue // it has left that state: opted out, say
		}
		if _, err := q.MessageReopen(ctx, tx, store.MessageReopenParams{ID: r.MessageID, NotBefore: &after}); err != nil {
			return fmt.Errorf("reopen message %d: %w", r.MessageID, err)
		}
	}
	return nil
}

// Queue puts a message into the ledger, where it is not there yet.
func Queue(ctx context.Context, tx pgx.Tx, m store.MessageInsertParams) error {
	q := store.New()
	if _, err := q.MessageInsert(ctx, tx, m); err != nil && !errors.Is(err, pgx.ErrNoRows) { // no row: queued before
		return fmt.Errorf("queue %s: %w", m.Purpose, err)
	}
	return nil
}
