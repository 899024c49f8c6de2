package conversation

// Turn is where a conversation stands when the person writes.
type Turn struct {
	// Questions is how often they were asked again, Most how often they may be.
	Questions, Most int
	// Suggestion is the address that the newest question asked about; empty: none did.
	Suggestion string
	// Held says that a human writes with them: the bot hears and says nothing.
	Held bool
}

// Move is what follows from an answer.
type Move string

const (
	// MoveCapture takes the address.
	MoveCapture Move = "capture"
	// MoveAsk puts another question.
	MoveAsk Move = "ask"
	// MoveOptOut ends it: nothing is sent to that person any more.
	MoveOptOut Move = "opt_out"
	// MoveWait does nothing.
	MoveWait Move = "wait"
)

// Further reasons, of a [Reply] that only the conversation explains.
const (
	ReasonConfirmed = "confirmed"      // found: "yes" to our suggestion
	ReasonDenied    = "denied"         // ask: "no" to our suggestion
	ReasonNoMail    = "no_mail_domain" // ask: the domain takes no mail
)

// Hear reads what a person wrote, after their earlier messages since they were asked,
// oldest first.
//
//	dm_sent --- an address, or "yes" to ours -------> email_captured
//	   |  ^---- asked again, at most twice --- a doubtful one, or "no" to ours
//	   +------- stop -----------------------------> opted_out
//	   +------- nothing for a set time -----------> expired (and heard all the same)
func (t Turn) Hear(earlier []string, text string) Reply {
	reply := ReadAnswers(earlier, text)
	if reply.Kind != ReplyNone || t.Suggestion == "" {
		return reply
	}
	switch {
	case IsYes(text):
		return Reply{Kind: ReplyFound, Address: t.Suggestion, Reason: ReasonConfirmed}
	case IsNo(text):
		return Reply{Kind: ReplyAsk, Reason: ReasonDenied}
	default:
		return reply
	}
}

// Move says what follows from an answer.
func (t Turn) Move(reply Reply) Move {
	switch reply.Kind {
	case ReplyFound:
		return MoveCapture
	case ReplyOptOut:
		return MoveOptOut
	case ReplyAsk:
		if t.Questions < t.Most && !t.Held {
			return MoveAsk
		}
	case ReplyNone: // a question of theirs, a "thanks": for a human to answer
	}
	return MoveWait
}
