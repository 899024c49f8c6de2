package messages

import (
	"context"
	"fmt"
	"time"

	"github.com/bravorevos/workers/conversation"
	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/store"
)

const (
	// lookBack is how much older than its claim a message with our words may seem to be:
	// the provider's clock may be off, and nobody writes the same to somebody twice a day.
	lookBack = 24 * time.Hour
	// readingSlack covers what a reading of the provider's clock is wrong by: the time
	// that an answer took, and the seconds that its header leaves out.
	readingSlack = 30 * time.Second
	// unconfirmedSlack is how far the times of messages may be from the provider's clock
	// while no message of the account has shown how far they are.
	unconfirmedSlack = time.Hour
)

// sought is a message that may stand in a chat, or under a comment.
type sought struct {
	id                      int64
	accountID, recipientID  string
	chatID                  *string
	postSocialID, commentID *string
	purpose, body           string
	// from is how far back it may stand, by any clock.
	from time.Time
	// others is since when, by the provider's clock, something else that the account
	// wrote there leaves it open what it was; false: nothing does.
	others func(ctx context.Context) (since time.Time, matters bool, err error)
}

// seen is what a look found: the message, or that the account wrote something else there
// which may be what the provider made of it.
type seen struct {
	message *unipile.Message
	other   bool
	otherAt time.Time // of the oldest such; zero: not known
}

// soughtBy is a message whose outcome is not known.
func (w *sendDM) soughtBy(m *store.MessageLockRow) sought {
	from := *m.ClaimedAt
	if m.ProviderClaimedAt != nil && m.ProviderClaimedAt.Before(from) {
		from = *m.ProviderClaimedAt
	}
	return sought{
		id: m.ID, accountID: m.AccountID, recipientID: m.RecipientID, chatID: m.ChatID,
		postSocialID: m.PostSocialID, commentID: m.CommentID, purpose: m.Purpose, body: m.Body,
		from:   from.Add(-lookBack),
		others: func(ctx context.Context) (time.Time, bool, error) { return w.othersSince(ctx, m) },
	}
}

// othersSince is the moment of a message's claim as the provider's messages would give
// it, as early as it can have been: by its clock then, by its clock now, which may have
// been set in between, and by how the times of its messages differ from that clock. While
// its clock is not known, whatever the account wrote there counts.
func (w *sendDM) othersSince(ctx context.Context, m *store.MessageLockRow) (time.Time, bool, error) {
	now := w.linkedin.Now()
	if m.ProviderClaimedAt == nil || now.IsZero() {
		return time.Time{}, true, nil
	}
	since := *m.ProviderClaimedAt
	if byNow := now.Add(-m.Now.Sub(*m.ClaimedAt)); byNow.Before(since) {
		since = byNow
	}
	offset, err := w.MessageClockOffset(ctx, w.pool, m.AccountID)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read clock of messages of account %s: %w", m.AccountID, err)
	}
	slack := unconfirmedSlack
	if offset.Samples > 0 {
		slack = time.Duration(max(-offset.LeastSeconds, 0) * float64(time.Second))
	}
	return since.Add(-slack - readingSlack), true, nil
}

// look looks for a message where its purpose would have put it.
func (w *sendDM) look(ctx context.Context, s sought) (seen, error) {
	switch s.purpose {
	case store.PurposePublicReply:
		return w.lookUnderComment(ctx, s)
	case store.PurposeInvitation:
		// Nothing to find: LinkedIn itself refuses a second invitation, which then
		// tells that the first one went out.
		return seen{}, nil
	default:
		return w.lookInChats(ctx, s)
	}
}

// lookInChats looks into the chat that the message was meant for, and where that is gone
// or not known, into all one-to-one chats with the person.
func (w *sendDM) lookInChats(ctx context.Context, s sought) (seen, error) {
	var all seen
	if chat := store.Value(s.chatID); chat != "" {
		found, err := w.lookInChat(ctx, s, chat)
		if e := integrations.As(err); e == nil || e.Kind != integrations.Rejected {
			return found, err
		}
	}
	chats, err := ChatsWith(ctx, w.linkedin, s.accountID, s.recipientID)
	if err != nil {
		return seen{}, err
	}
	for _, chat := range chats {
		found, err := w.lookInChat(ctx, s, chat)
		if found.message != nil || err != nil {
			return found, err
		}
		if found.other {
			all.noteOther(found.otherAt)
		}
	}
	return all, nil
}

func (w *sendDM) lookInChat(ctx context.Context, s sought, chat string) (seen, error) {
	var own []unipile.Message
	walk := unipile.NewWalk("list chat messages", s.accountID, "")
	for cursor := ""; ; {
		page, err := w.linkedin.ChatMessages(ctx, s.accountID, chat, s.from, cursor)
		if err != nil {
			return seen{}, fmt.Errorf("read chat: %w", err)
		}
		for _, m := range page.Messages {
			if m.FromAccount && !m.IsEvent && !m.IsInvitation() {
				m.ChatID = chat
				own = append(own, m)
			}
		}
		if cursor, err = walk.Next(page); err != nil {
			return seen{}, fmt.Errorf("read chat: %w", err) // not "it is not there"
		}
		if cursor == "" {
			return w.compare(ctx, s, own)
		}
	}
}

// lookUnderComment looks for a public reply among those to the comment.
func (w *sendDM) lookUnderComment(ctx context.Context, s sought) (seen, error) {
	ownID, err := accounts.OwnID(ctx, w.pool, w.linkedin, s.accountID)
	if err != nil {
		return seen{}, err
	}
	var own []unipile.Message
	walk := unipile.NewWalk("list replies", s.accountID, "")
	for cursor := ""; ; {
		page, err := w.linkedin.Replies(ctx, s.accountID, store.Value(s.postSocialID), store.Value(s.commentID), cursor)
		if err != nil {
			return seen{}, fmt.Errorf("read replies: %w", err)
		}
		for _, c := range page.Comments {
			if c.AuthorID == ownID || ownID == "" && conversation.IsSame(c.Text, s.body) {
				own = append(own, unipile.Message{ID: c.ID, At: c.At, Text: c.Text})
			}
		}
		if cursor, err = walk.Next(page); err != nil {
			return seen{}, fmt.Errorf("read replies: %w", err)
		}
		if cursor == "" {
			break
		}
	}
	found, err := w.compare(ctx, s, own)
	if err == nil && found.message == nil && ownID == "" {
		return seen{}, errNobody // a reply that LinkedIn changed would be missed
	}
	return found, err
}

// compare finds a message among what the account wrote in one place. What the ledger
// knows as another message, by its id or, where it has none, by its words, is that.
func (w *sendDM) compare(ctx context.Context, s sought, own []unipile.Message) (seen, error) {
	var fresh []unipile.Message
	for _, m := range own {
		known, err := w.MessageIsKnown(ctx, w.pool, store.MessageIsKnownParams{
			AccountID: s.accountID, ProviderMessageID: m.ID, ID: s.id,
		})
		if err != nil {
			return seen{}, fmt.Errorf("look for message in the ledger: %w", err)
		}
		if !known {
			fresh = append(fresh, m)
		}
	}
	if len(fresh) == 0 {
		return seen{}, nil
	}
	nameless, err := w.MessageListNameless(ctx, w.pool, store.MessageListNamelessParams{AccountID: s.accountID, Since: s.from})
	if err != nil {
		return seen{}, fmt.Errorf("list messages without an id: %w", err)
	}
	if found := pick(fresh, s, nameless); found != nil {
		return seen{message: found}, nil
	}
	if s.others == nil {
		return seen{}, nil
	}
	since, matters, err := s.others(ctx)
	if err != nil || !matters {
		return seen{}, err
	}
	var found seen
	for _, m := range fresh {
		if m.At.Before(since) && !m.At.IsZero() {
			continue
		}
		if !isOneOf(nameless, s, m) {
			found.noteOther(m.At)
		}
	}
	return found, nil
}

func (s *seen) noteOther(at time.Time) {
	if s.otherAt.IsZero() || !at.IsZero() && at.Before(s.otherAt) {
		s.otherAt = at
	}
	s.other = true
}

// pick chooses the message among those with its words: the exact ones first, the newest
// of them. As many as other messages of the ledger with the same words went out to that
// person, without an id, are theirs.
func pick(fresh []unipile.Message, s sought, nameless []store.MessageListNamelessRow) *unipile.Message {
	var alike []unipile.Message
	for _, m := range fresh {
		if conversation.LooksSame(m.Text, s.body) {
			alike = append(alike, m)
		}
	}
	theirs := 0
	for _, n := range nameless {
		if n.ID != s.id && n.RecipientID == s.recipientID && n.State == store.MessageSent && conversation.LooksSame(n.Body, s.body) {
			theirs++
		}
	}
	if len(alike) <= theirs {
		return nil
	}
	for _, m := range alike {
		if conversation.IsSame(m.Text, s.body) {
			return &m
		}
	}
	return &alike[0]
}

// isOneOf reports whether what the account wrote to a person is another message of the
// ledger, of which the provider told no id.
func isOneOf(nameless []store.MessageListNamelessRow, s sought, shown unipile.Message) bool {
	for _, n := range nameless {
		if n.ID != s.id && n.RecipientID == s.recipientID && conversation.LooksSame(shown.Text, n.Body) {
			return true
		}
	}
	return false
}
