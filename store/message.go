package store

// States of workers.messages.
//
//	queued → sending → sent
//	  ^         |  +→ failed    the provider refuses it for ever
//	  |         +→ unknown      no answer: look into the chat before anything else
//	  +---------+---- queued    surely not sent
//	queued → skipped            no longer wanted
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
	PurposeFirstDM    = "first_dm"
	PurposeBackupLink = "backup_link"
)

// Actions of an account that can be paused.
const (
	ActionEverything = "everything"
	ActionPolls      = "polls"
	ActionFirstDM    = "first_dm"
	ActionAnswer     = "answer"
)

// Pot is the limit that a purpose counts against: people who wrote to us never
// wait behind people who did not.
func Pot(purpose string) string {
	if purpose == PurposeFirstDM {
		return ActionFirstDM
	}
	return ActionAnswer
}

// Purposes lists what counts against a pot.
func Purposes(pot string) []string {
	if pot == ActionFirstDM {
		return []string{PurposeFirstDM}
	}
	return []string{PurposeBackupLink}
}
