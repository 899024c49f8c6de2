package jobs

import (
	"time"

	"github.com/bravorevos/workers/store"
)

const (
	// askedSlack is how much earlier than our question an answer to it may be: people
	// write of themselves when they have commented.
	askedSlack = 2 * time.Minute
	// estimatedSlack is the same where the provider did not tell when our question was
	// sent, so that its clock and ours meet.
	estimatedSlack = 15 * time.Minute
)

// question is what an answer belongs to. Its provider's times are those by which answers
// can be told to be after it; the epoch, as the queries give it: not known.
type question struct {
	askedAt   time.Time // by our clock
	claimedAt time.Time // by the provider's clock
	sentAt    time.Time // as the provider shows it among its messages
}

func questionOf(lead store.LeadFindAskedRow) question {
	return question{askedAt: lead.AskedAt, claimedAt: lead.ProviderClaimedAt, sentAt: lead.ProviderSentAt}
}

// since is where the answers to a question begin, by the provider's clock.
func (q question) since(slack time.Duration) time.Time {
	switch {
	case isKnown(q.sentAt):
		return q.sentAt.Add(-slack)
	case isKnown(q.claimedAt):
		return q.claimedAt.Add(-slack)
	default:
		return q.askedAt.Add(-max(slack, estimatedSlack))
	}
}

// order is how a message lies to a question.
type order int

const (
	after order = iota
	before
	unclear // until the provider has shown our question among its messages
)

// orderOf tells whether a message came after a question. By our own clock it was before
// when we had it before we asked. Else the provider's messages are compared with each
// other: its clock may be off from ours, and the times of its messages from its clock.
// While our question has not been seen among them, it is only guessed after an hour.
func (q question) orderOf(m heard, slack time.Duration) order {
	switch {
	case m.ReceivedAt.Before(q.askedAt.Add(-slack)):
		return before
	case !m.SentAt.Before(q.since(slack)):
		return after
	case isKnown(q.claimedAt) && !isKnown(q.sentAt) && m.IsFresh:
		return unclear
	default:
		return before
	}
}

// isKnown tells a time from the epoch, which stands for none.
func isKnown(t time.Time) bool { return t.Unix() > 0 }
