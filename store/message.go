package store

// States of workers.messages.
//
//	queued → sending → sent
//	  ^         |  +→ failed    the provider refuses it for ever
//	  |         +→ unknown      no answer: look into the chat before anything else
//	  +---------+---- queued    surely not sent
//	queued → skipped            no longer wanted
//	failed → queued             the person was not connected, and is now
//	unknown, in doubt           only a human can tell: see DoubtOwnMessage
const (
	MessageQueued  = "queued"
	MessageSending = "sending"
	MessageSent    = "sent"
	MessageFailed  = "failed"
	MessageSkipped = "skipped"
	MessageUnknown = "unknown"
)

// What is to be done about a message in doubt that no look can settle.
const (
	// DoubtOwnMessage: the account wrote something in that chat meanwhile, perhaps this.
	// A human must say.
	DoubtOwnMessage = "own_message"
	// DoubtResend: a human said that it did not go out.
	DoubtResend = "resend"
)

// OwnMessageUnknown is the error type of a message that waits for a human to say whether
// it went out.
const OwnMessageUnknown = "own_message_unknown"

// Purposes of messages.
const (
	PurposeFirstDM     = "first_dm"
	PurposeBackupLink  = "backup_link"
	PurposePublicReply = "public_reply" // under the comment of who could not be written to
	PurposeInvitation  = "invitation"   // to them

	PurposeSecondQuestion = "second_question" // the answer was no address that can be used
	PurposeThirdQuestion  = "third_question"  // nor was the next
	PurposeFollowUp       = "follow_up"       // there was no answer
)

// Actions of an account that can be paused. All but the first two are pots: kinds
// of writes with limits of their own.
const (
	ActionEverything  = "everything"
	ActionPolls       = "polls"
	ActionFirstDM     = "first_dm"
	ActionAnswer      = "answer"
	ActionPublicReply = "public_reply"
	ActionInvitation  = "invitation"
)

// Pots lists the kinds of writes, in the order in which they are served: people
// who wrote to us never wait behind people who did not.
func Pots() []string {
	return []string{ActionAnswer, ActionPublicReply, ActionFirstDM, ActionInvitation}
}

// Pot is the kind of write that a purpose counts as. A follow-up goes to somebody who
// did not write, as a first message does.
func Pot(purpose string) string {
	switch purpose {
	case PurposeBackupLink, PurposeSecondQuestion, PurposeThirdQuestion:
		return ActionAnswer
	case PurposeFollowUp:
		return ActionFirstDM
	default:
		return purpose
	}
}

// Purposes lists what counts against a pot.
func Purposes(pot string) []string {
	switch pot {
	case ActionAnswer:
		return []string{PurposeBackupLink, PurposeSecondQuestion, PurposeThirdQuestion}
	case ActionFirstDM:
		return []string{PurposeFirstDM, PurposeFollowUp}
	default:
		return []string{pot}
	}
}
