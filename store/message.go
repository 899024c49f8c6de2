package store

// States of workers.messages.
//
//	queued → sending → sent
//	  ^         |  +→ failed    the provider refuses it for ever
//	  |         +→ unknown      no answer: look into the chat before anything else
//	  +---------+---- queued    surely not sent
//	queued → skipped            no longer wanted
//	failed → queued             the person was not connected, and is now
const (
	MessageQueued  = "queued"
	MessageSending = "sending"
	MessageSent    = "sent"
	MessageFailed  = "failed"
	MessageSkipped = "skipped"
	MessageUnknown = "unknown"
)

// Purposes of messages.
const (
	PurposeFirstDM     = "first_dm"
	PurposeBackupLink  = "backup_link"
	PurposePublicReply = "public_reply" // under the comment of who could not be written to
	PurposeInvitation  = "invitation"   // to them
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

// Pot is the kind of write that a purpose counts as.
func Pot(purpose string) string {
	if purpose == PurposeBackupLink {
		return ActionAnswer
	}
	return purpose
}

// Purposes lists what counts against a pot.
func Purposes(pot string) []string {
	if pot == ActionAnswer {
		return []string{PurposeBackupLink}
	}
	return []string{pot}
}
