package store

// States of public.leads. The comment on each says who sets it.
//
//	comment_detected → dm_sent → email_captured → webhook_sent
//	       |              |
//	       |              +→ opted_out, expired
//	       +→ not_connected, opted_out
//	not_connected → comment_detected   they became a connection
//	not_connected → expired            they did not
const (
	LeadCommentDetected = "comment_detected" // poll_comments; a missing status means the same
	LeadDMSent          = "dm_sent"          // send_dm
	LeadEmailCaptured   = "email_captured"   // check_inbox
	LeadWebhookSent     = "webhook_sent"     // deliver_webhook
	LeadCompleted       = "completed"        // others
	LeadNotConnected    = "not_connected"    // send_dm: the provider refuses messages to that person
	LeadOptedOut        = "opted_out"        // check_inbox: never written to again
	LeadExpired         = "expired"          // no answer after the set time
)

// LeadsWithEmail lists the states of leads that gave their address.
func LeadsWithEmail() []string { return []string{LeadEmailCaptured, LeadWebhookSent, LeadCompleted} }
