// Package messages holds the ledger of what accounts write: messages are queued here, given
// their turns by the planner, claimed, sent, looked up where their outcome is unknown, and
// recorded. People who are no connection wait here too. Nothing else writes to LinkedIn.
package messages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/unipile"
	"github.com/bravorevos/workers/jobs/accounts"
	"github.com/bravorevos/workers/pacing"
	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

// SendDMArgs sends one message of the ledger. The planner enqueues it
// when the message's turn is near. Repeating it is safe: the ledger is claimed
// before anything is sent, and a message whose outcome is not known is looked up
// at the provider first.
type SendDMArgs struct {
	MessageID int64 `json:"message_id"`
}

// Kind names the job.
func (SendDMArgs) Kind() string { return "send_dm" }

// InsertOpts makes one job a message.
func (SendDMArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Messages, 10) }

// writer is what Unipile must offer to write to people and to look for it.
type writer interface {
	StartChat(ctx context.Context, accountID, recipientID, text string) (unipile.Sent, error)
	SendMessage(ctx context.Context, accountID, chatID, text string) (unipile.Sent, error)
	ReplyToComment(ctx context.Context, accountID, socialID, commentID, text string) (unipile.Commented, error)
	Invite(ctx context.Context, accountID, personID, note string) (unipile.Invited, error)
	Replies(ctx context.Context, accountID, socialID, commentID, cursor string) (unipile.CommentPage, error)
	Account(ctx context.Context, accountID string) (unipile.Account, error)
	Profile(ctx context.Context, accountID, identifier string) (unipile.Profile, error)
	Now() time.Time // by its own clock; zero: not known
	ChatReader
}

// Settings is how messages are planned and sent.
type Settings struct {
	Limits accounts.Limits
	// Interval is the period of the planner.
	Interval time.Duration
	// Relations is how often an account looks for new connections, on average, while it
	// waits for some.
	Relations time.Duration
	// SendTimeout bounds one send, from before its claim to the provider's answer.
	SendTimeout time.Duration
	// ReadLag is how long a sent message may be missing from what Unipile reads back; a
	// look-up concludes nothing before it has passed.
	ReadLag time.Duration
	// LookFirst lets every account look into the chat before it writes to somebody.
	LookFirst bool
	// ProfileReadsPerDay is how often an account may look people up in a day.
	ProfileReadsPerDay int
}

// Deps is what the ledger of messages works with.
type Deps struct {
	Pool     *pgxpool.Pool
	LinkedIn *unipile.Client
	Funnel   *queue.Funnel
	Settings Settings
}

// NewSendDM returns the worker of [SendDMArgs].
func NewSendDM(d Deps) river.Worker[SendDMArgs] {
	return &sendDM{Queries: store.New(), pool: d.Pool, linkedin: d.LinkedIn, funnel: d.Funnel, settings: d.Settings}
}

type sendDM struct {
	river.WorkerDefaults[SendDMArgs]
	*store.Queries

	pool *pgxpool.Pool

	linkedin writer
	funnel   *queue.Funnel
	settings Settings
}

// Timeout leaves a look-up time for several calls.
func (w *sendDM) Timeout(*river.Job[SendDMArgs]) time.Duration { return queue.MaxJobTimeout }

// Work claims, sends and records: two short transactions, none while sending.
func (w *sendDM) Work(ctx context.Context, job *river.Job[SendDMArgs]) error {
	if settled, err := w.lookFirst(ctx, job.Args.MessageID); err != nil || settled {
		return err
	}
	if settled, err := w.recognise(ctx, job.Args.MessageID); err != nil || settled {
		return err
	}
	if settled, err := w.passOver(ctx, job.Args.MessageID); err != nil || settled {
		return err
	}
	// The clock runs from before the claim: a worker that was frozen in between
	// finds its time over and sends nothing, when others may already look it up.
	sendCtx, cancel := context.WithTimeout(ctx, w.settings.SendTimeout)
	defer cancel()
	m, writingUntil, err := w.claim(ctx, job.Args.MessageID)
	if err != nil || m == nil {
		return err
	}
	if m.State == store.MessageUnknown {
		return w.lookUp(ctx, m)
	}
	sent, err := w.send(sendCtx, m)
	if vendor := integrations.As(err); errors.Is(err, queue.ErrLeaseLost) && (vendor == nil || !vendor.OutcomeUnknown) {
		err = &notSentError{err}
	}
	// Whatever became of ctx meanwhile, the outcome must be written down.
	ctx = context.WithoutCancel(ctx)
	gapErr := w.keepGap(ctx, m, writingUntil)
	ctx, cancel = context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err != nil {
		err = w.recordFailure(ctx, m, err)
	} else {
		err = w.recordSent(ctx, m, sent, time.Time{}, time.Time{})
	}
	if gapErr != nil {
		return errors.Join(err, gapErr)
	}
	return err
}

// keepGap lets the gap after a write begin at its end, which may be long after the claim,
// and opens the account that the claim had closed until then. Before the outcome is
// recorded and by itself: it must hold whatever becomes of that.
func (w *sendDM) keepGap(ctx context.Context, m *store.MessageLockRow, writingUntil *time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // not that of the outcome
	defer cancel()
	gap := pacing.Gap{Min: w.settings.Limits.GapMin, Max: w.settings.Limits.GapMax}.After(m.ID)
	keep := store.AccountKeepGapParams{ID: m.AccountID, GapSeconds: gap.Seconds(), WritingUntil: writingUntil}
	if err := w.AccountKeepGap(ctx, w.pool, keep); err != nil {
		return fmt.Errorf("keep gap of account %s: %w", m.AccountID, err)
	}
	return nil
}

// send makes the one call that cannot be taken back.
func (w *sendDM) send(ctx context.Context, m *store.MessageLockRow) (unipile.Sent, error) {
	// A worker that others took for dead must not go on. Asked once more last of all,
	// when the request is about to be written.
	if err := queue.CheckLease(ctx); err != nil {
		return unipile.Sent{}, err
	}
	ctx = integrations.WithGate(ctx, func() error { return queue.CheckLease(ctx) })
	switch {
	case m.Purpose == store.PurposePublicReply:
		reply, err := w.linkedin.ReplyToComment(ctx, m.AccountID, store.Value(m.PostSocialID), store.Value(m.CommentID), m.Body)
		return unipile.Sent{MessageID: reply.CommentID}, err
	case m.Purpose == store.PurposeInvitation:
		invited, err := w.linkedin.Invite(ctx, m.AccountID, m.RecipientID, m.Body)
		return unipile.Sent{MessageID: invited.InvitationID}, err
	case store.Value(m.ChatID) != "":
		return w.linkedin.SendMessage(ctx, m.AccountID, *m.ChatID, m.Body)
	default:
		return w.linkedin.StartChat(ctx, m.AccountID, m.RecipientID, m.Body)
	}
}

// notSentError says that the call was not made: there is nothing to look up.
type notSentError struct{ error }

// Unwrap gives the reason.
func (e *notSentError) Unwrap() error { return e.error }
