package store

// States of workers.emails.
//
//	queued → sending → sent
//	  ^         |  +→ failed    the service refuses it for ever
//	  |         +→ unknown      no answer: tried again while the service remembers its key
//	  +---------+---- queued    surely not sent
//	queued → skipped            no longer wanted
//
// An email in doubt stays so through refusals: that a second try was refused says
// nothing of the first.
const (
	EmailQueued  = "queued"
	EmailSending = "sending"
	EmailSent    = "sent"
	EmailFailed  = "failed"
	EmailSkipped = "skipped"
	EmailUnknown = "unknown"
)

// Kinds of emails.
const (
	EmailPodRepost        = "pod_repost"
	EmailEndpointIncident = "endpoint_incident" // tells an owner of a receiver of webhooks
)

// Why a notification gets no email.
const (
	RefusedInDoubt = "in_doubt"  // it may have arrived, and cannot be repeated safely
	RefusedExpired = "expired"   // it, or its post, is too old
	RefusedAuthor  = "to_author" // the post is this person's own
)
