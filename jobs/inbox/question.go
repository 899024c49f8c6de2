package inbox

import (
	"time"

	"github.com/bravorevos/workers/queue"
	"github.com/bravorevos/workers/store"
)

const (
	// askedSlack is how much earlier than our question an answer to it may be: people
	// write of themselves when they have commented.
	askedSlack = 2 * time.Minute
	// estimatedSlack is for a moment of ours that is put into the time of the provider, whose
	// messages may be by yet another clock.
	estimatedSlack = 15 * time.Minute
)

// question is what an answer belongs to. Its provider's times are those by which answers
// can be told to be after it; the epoch, as the queries give it: not known.
type question struct {
	askedAt   time.Time // by our clock
	claimedAt time.Time // by the provider's clock
	sentAt    time.Time // as the provider shows it among its messages

	setBack time.Duration // by how much the provider's clock was, after we asked
}

func questionOf(lead store.LeadFindAskedRow) question {
	return question{askedAt: lead.AskedAt, claimedAt: lead.ProviderClaimedAt, sentAt: lead.ProviderSentAt}
}

// earliest is where the answers to a question may begin, whichever clock is right.
func (q question) earliest() time.Time {
	return queue.Earlier(q.since(askedSlack).Add(-q.setBack), q.askedAt.Add(-askedSlack))
}

// since is where the answers to a question begin, by the provider's clock.
func (q question) since(slack time.Duration) time.Time {
	switch {
	case isKnown(q.sentAt):
		return q.sentAt.Add(-slack)
	case isKnown(q.claimedAt):
		return q.claimedAt.Add(-slack)
	default:
		return q.askedAt.Add(-slack)
	}
}

// order is how a message lies to a question.
type order int

const (
	after order = iota
	before
	unclear // until the provider has shown our question among its messages
)

// orderOf tells whether a message is an answer to a question. By our own clock it is none
// when we had it before we asked. Else the provider's messages are compared with each
// other: its clock may be off from ours, and the times of its messages from its clock.
// Where the clocks differ, an answer too many is heard rather than a lead lost: what is
// late enough by either of them is one. While our question has not been seen among the
// provider's messages, no answer is ruled out, for an hour.
func (q question) orderOf(m heard) order {
	switch {
	case m.ReceivedAt.Before(q.askedAt.Add(-askedSlack)):
		return before
	case !m.SentAt.Before(q.earliest()):
		return after
	case isKnown(q.claimedAt) && !isKnown(q.sentAt) && m.IsFresh:
		return unclear
	default:
		return before
	}
}

// isKnown tells a time from the epoch, which stands for none.
func isKnown(t time.Time) bool { return t.Unix() > 0 }
