package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bravorevos/workers/queue"
)

// HandleAnswerArgs reads one message of a lead, and those of that person before it
// which are not read yet. The inbound webhook enqueues it. Repeating it is safe: a
// message is handled once, in the transaction that moves the lead on.
type HandleAnswerArgs struct {
	InboxMessageID int64 `json:"inbox_message_id"`
}

// Kind names the job.
func (HandleAnswerArgs) Kind() string { return "handle_answer" }

// InsertOpts makes one job a message. The look into the inbox handles what is left, so
// that many tries are not worth it.
func (HandleAnswerArgs) InsertOpts() river.InsertOpts { return queue.OncePerRow(queue.Inbox, 5) }

// NewHandleAnswer returns the worker of [HandleAnswerArgs].
func NewHandleAnswer(d Deps) river.Worker[HandleAnswerArgs] {
	return &handleAnswer{Answers: newAnswers(d)}
}

type handleAnswer struct {
	river.WorkerDefaults[HandleAnswerArgs]
	*Answers
}

// Timeout leaves time for a look at the person's chats.
func (w *handleAnswer) Timeout(*river.Job[HandleAnswerArgs]) time.Duration {
	return queue.MaxJobTimeout
}

// Work hears the person who wrote the message.
func (w *handleAnswer) Work(ctx context.Context, job *river.Job[HandleAnswerArgs]) error {
	m, err := w.InboxMessageGet(ctx, w.pool, job.Args.InboxMessageID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && m.IsHandled {
		return nil // forgotten, or the look into the inbox was faster
	}
	if err != nil {
		return fmt.Errorf("read message %d: %w", job.Args.InboxMessageID, err)
	}
	return w.hearAll(ctx, m.AccountID, m.SenderID)
}
